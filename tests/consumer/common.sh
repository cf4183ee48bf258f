# Sourced by the scripts of this folder, which set source (farebench's folder) and build (its build folder).
work=$(mktemp -d)
server=
cleanup() {
  [[ -z $server ]] || kill "$server"
  rm -rf "$work"
}
trap cleanup EXIT

# start_server: starts a mock server and sets port.
start_server() {
  "$build/bin/mock_server" --latency 1ms >"$work/listening" &
  server=$!
  until grep -qs . "$work/listening"; do sleep 0.05; done
  port=$(sed 's/.*://' "$work/listening")
}

# block DOCUMENT LANGUAGE N: prints the N-th block of code in that language.
block() {
  awk -v start="^\`\`\`$2\$" -v wanted="$3" \
    '$0 ~ start { block++; inside = 1; next } /^```/ { inside = 0 } inside && block == wanted' "$source/$1"
}
