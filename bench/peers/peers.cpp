#include "bench/peers/peers.hpp"

#include <algorithm>

namespace farebench {
namespace {

// The system's, whose libraries are Debian's packages; one from elsewhere on the PATH would not have them.
constexpr const char* interpreter = "/usr/bin/python3";

}  // namespace

bool is_peer(std::string_view strategy) {
  return std::ranges::find(peer_names, strategy) != peer_names.end();
}

peer_command command_of_peers(const std::filesystem::path& programs) {
  return {.interpreter = interpreter,
          .arguments = {(programs / "peers" / "python" / "probe.py").string()},
          .environment_to_count = {{"PYTHONMALLOC", "malloc"}}};
}

}  // namespace farebench
