#!/usr/bin/env python3
"""completion.py --program PROGRAM --out FILE: writes the bash completion of farebench.

Commands, verbs, flags and the values of flags are those that the commands' --help states.
"""
import argparse
import pathlib
import re

import help_text

NAME = r'[a-z][a-z0-9_-]*'
# Flags whose values another flag's text lists: strategies stand beside their transport.
LISTED_ELSEWHERE = {'--strategies': '--transport'}
FILES = {'FILE', 'FILES', 'BASE', 'HEAD', 'filename', 'PATH'}
FOLDERS = {'FOLDER', 'DIR'}

SCRIPT = r'''# Bash completion of farebench, generated from --help by packaging/completion.py.

# _farebench_words COMMAND: prints what can follow a command: verbs and flags, and <files> if it takes files.
_farebench_words() {
  case $1 in
@WORDS@
  esac
}

# _farebench_values COMMAND FLAG: prints the values of a flag, or its kind: <files>, <folders>, <commands>, <value> or <none>.
# <list> before values: several can be given, with commas.
_farebench_values() {
  case $1\ $2 in
@VALUES@
    *) echo '<none>' ;;
  esac
}

_farebench() {
  local IFS=$' \t\n' word command='' flag='' i last current=${COMP_WORDS[COMP_CWORD]} values
  COMPREPLY=()
  # The command line up to the current word, with --flag=value in one word, which bash splits.
  local line=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    last=${#line[@]}
    if ((last)) && [[ $word == = && ${line[last - 1]} == --* ]]; then
      line[last - 1]+='='
    elif ((last)) && [[ ${line[last - 1]} == --*= && ${COMP_WORDS[i - 1]} == = ]]; then
      line[last - 1]+=$word
    else
      line+=("$word")
    fi
  done
  for ((i = 0; i < ${#line[@]} - 1; i++)); do
    word=${line[i]}
    if [[ $command == track* && $word == -- ]]; then
      command=bench flag=
    elif [[ $word == -* ]]; then
      flag=$word
      [[ $word != *=* && $(_farebench_values "$command" "$word") != '<none>' ]] || flag=
    elif [[ $flag ]]; then
      flag=
    elif [[ " $(_farebench_words "$command" | tr '\n' ' ') " == *" $word "* ]]; then
      command=${command:+$command }$word
      [[ $command != 'help '* ]] || command=none
    fi
  done
  [[ $command != none ]] || return 0
  word=${line[i]-}
  if [[ ! $flag && $word == --*=* ]]; then
    flag=${word%%=*} current=${word#*=}
  elif [[ ! $flag ]]; then
    if [[ $word == -* || ! $command || $(_farebench_words "$command") != '<files>'* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "$(_farebench_words "$command" | grep -v '<files>')" -- "$word")
      [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
      ((${#COMPREPLY[@]})) || [[ $word == -* || ! $command ]] || _farebench_paths -f "$word"
    else
      _farebench_paths -f "$word"
    fi
    return 0
  fi
  values=$(_farebench_values "$command" "$flag")
  case $values in
    '<files>') _farebench_paths -f "$current" ;;
    '<folders>') _farebench_paths -d "$current" ;;
    '<commands>') mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
    '<value>' | '<none>') ;;
    '<list>'*)
      local before=''
      [[ $current != *,* ]] || before=${current%,*},
      mapfile -t COMPREPLY < <(compgen -P "$before" -W "${values#<list>}" -- "${current##*,}")
      compopt -o nospace 2>/dev/null
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
  esac
  return 0
}

_farebench_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

complete -F _farebench farebench
'''


def listed_names(text):
    """Names in a text that lists a flag's values, in one of the forms in which help states them."""
    plain = re.sub(r' ?\([^()]*\)', '', text)
    # "light: 100 days, ...; article: ...".
    defined = re.findall(rf'(?:^|; )({NAME}): ', plain)
    if len(defined) > 1 and 'default' not in defined:
        return defined
    # "HTTP server: beast, one thread for any number of connections; or cpp-httplib, one thread per connection".
    described = re.search(rf'(?:^|: )({NAME}), [^.]*?[;,] or ({NAME}), ', plain)
    if described:
        return list(described.groups())
    names = []
    # "table, csv or json", "HTTP client: libcurl or native", "on libcurl: sequential, thread_pool".
    for match in re.finditer(rf'(?:^|: )({NAME}(?:, {NAME})*(?:,? or {NAME})?)(?=[;.,]| for | on |$)', plain):
        found = re.split(r',? or |, ', match[1])
        names += found if len(found) > 1 else []
    return list(dict.fromkeys(names))


def names_in_parentheses(text):
    return list(dict.fromkeys(name for group in re.findall(rf'\(((?:{NAME}, )+{NAME})\)', text)
                              for name in group.split(', ')))


def values(entry, texts):
    """Returns the kind of a flag's value, or its values."""
    if not entry.value:
        return '<none>'
    choice = re.search(r'[{<]((?:\w+\|)+\w+)[}>]', entry.value)
    if choice:
        return choice[1].replace('|', ' ')
    placeholder = re.split(r'[=\s]', entry.value.strip('<> '))[0]
    if placeholder in FILES or entry.text.startswith('File '):
        return '<files>'
    if placeholder in FOLDERS:
        return '<folders>'
    if placeholder in ('CMD', 'COMMAND'):
        return '<commands>'
    source = next((LISTED_ELSEWHERE[flag] for flag in entry.flags if flag in LISTED_ELSEWHERE), '')
    names = names_in_parentheses(texts.get(source, ''))
    if source:
        names += [name for name in ('raw_epoll', 'none', 'all') if re.search(rf'\b{name}\b', entry.text)]
    else:
        names = listed_names(entry.text)
    if not names:
        return '<value>'
    return ('<list>' if re.fullmatch(r'\w,\w', placeholder) else '') + ' '.join(names)


def flag_entries(command):
    return [entry for entry in help_text.entries(command.parts) if entry.flags]


def takes_files(command):
    return any(not entry.flags and entry.term.split()[0].strip('[].') in FILES for entry in help_text.entries(command.parts))


def script(commands):
    words, values_of = [], []
    for command in [part for command in commands for part in [command, *command.verbs]]:
        path = ' '.join(command.words)
        entries = flag_entries(command)
        texts = {flag: entry.text for entry in entries for flag in entry.flags}
        flags = []
        for entry in entries:
            kind = values(entry, texts)
            for flag in entry.flags:
                if kind != '<none>':
                    values_of.append(f"    '{path} {flag}') echo '{kind}' ;;")
                if flag.startswith('--'):
                    # Google Benchmark takes a value only after a =.
                    flags.append(f'{flag}=' if f'{flag}=' in entry.term and kind != '<none>' and entry.value[0] in '<{' else flag)
        verbs = [verb.words[-1] for verb in command.verbs]
        if not path:
            verbs = [other.words[0] for other in commands if other.words] + ['help']
            flags = ['--help', '--version']
        first = ['<files>'] if takes_files(command) else []
        listed = ' '.join(first + verbs + flags)
        words.append(f"    '{path}') printf '%s\\n' {quoted(listed)} ;;")
    verbs = ' '.join(command.words[0] for command in commands if command.words)
    words.append(f"    'help') printf '%s\\n' {verbs} ;;")
    return SCRIPT.replace('@WORDS@', '\n'.join(words)).replace('@VALUES@', '\n'.join(values_of))


def quoted(words):
    return words.replace('<files>', "'<files>'")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--program', required=True)
    parser.add_argument('--out', required=True, type=pathlib.Path)
    flags = parser.parse_args()
    flags.out.parent.mkdir(parents=True, exist_ok=True)
    flags.out.write_text(script(help_text.commands(flags.program)))


main()
