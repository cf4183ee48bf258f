#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <span>
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

/// `programs`: the folder of the bench, whose clients/python/ holds the scripts.
peer_command command_of_peers(const std::filesystem::path& programs);

/// What the peers would run with on this machine.
struct peer_libraries {
  std::map<std::string, std::string> versions;              ///< "python", "requests", …: those that are there
  std::map<std::string, std::vector<std::string>> missing;  ///< by peer: the Debian packages that are not
};

/// Asks the peers' program (--version), which tries to import each library. Throws std::runtime_error when
/// there is an interpreter and its answer is none.
peer_libraries find_peer_libraries(const peer_command& command);

/// Whether the peer lacks a package.
bool is_unready(std::string_view peer, const peer_libraries& found);

/// One line for people: that these peers, unready ones, are skipped, and how to get what they lack.
std::string note_on_skipped(std::span<const std::string> peers, const peer_libraries& found);

}  // namespace farebench
