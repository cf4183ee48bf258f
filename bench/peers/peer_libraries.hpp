#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/peers/peers.hpp"

namespace farebench {

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
