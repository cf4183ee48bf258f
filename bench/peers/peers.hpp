#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace farebench {

/// The peers: the ways of the Python comparison, each with that article's own libraries. No strategies of the
/// library, but rows that are run, measured and judged as theirs are. This is the one place that knows their
/// names and how their clients are started.
inline constexpr std::array<std::string_view, 4> peer_names{"python_sync", "python_threads", "python_gevent",
                                                            "python_asyncio"};

/// The peer that has one worker, whatever is asked: one day after the other.
inline constexpr std::string_view sequential_peer = peer_names[0];

bool is_peer(std::string_view strategy);

/// How a peer's client is started; `--strategy` and the rest of the probe's flags follow.
struct peer_command {
  std::filesystem::path interpreter;
  std::vector<std::string> arguments;
  /// For the run whose heap is counted: Python's own allocator, which takes memory in arenas, stands aside.
  std::vector<std::pair<std::string, std::string>> environment_to_count;
};

/// `programs`: the folder of the bench, whose peers/python/ holds the scripts.
peer_command command_of_peers(const std::filesystem::path& programs);

}  // namespace farebench
