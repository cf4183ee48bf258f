#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock_server/faults/fault_plan.hpp"
#include "mock_server/site/random_stream.hpp"
#include "mock_server/site/site.hpp"

namespace farebench {

/// Path that redirect_loop redirects to. A request for it gets the same redirect.
inline constexpr std::string_view redirect_target = "/redirects";

/// Changes the content of `response` as a fault requires. Does nothing for a fault that changes how it is
/// sent (see make_script). `random` selects rows, words and statuses; `now` is for dates.
void alter_response(fault_kind kind, site_response& response, random_stream& random,
                    std::chrono::system_clock::time_point now);

/// The part of alter_response that changes the rows of a results page. Does nothing to a page without rows.
void alter_page(fault_kind kind, std::string& page, random_stream& random);

/// Raw output of a connection, which an engine performs instead of sending a response: chunks of bytes, then
/// an action. A chunk can repeat, so endless output takes little memory. A value.
struct fault_script {
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  struct chunk {
    std::string bytes;
    std::uint64_t times = 1;
    /// Before each repetition.
    std::chrono::milliseconds pause{0};
  };
  enum class action {
    /// Keeps the connection open, as after any response.
    keep_open,
    /// Sends FIN.
    close,
    /// Sends RST once the client's kernel has acknowledged all bytes.
    reset,
    /// Sends nothing until the client closes.
    hold,
    /// Sends RST, and refuses new connections for a while.
    refuse,
  };

  /// Status of the response as sent; 0 if no final status line is sent whole.
  int status = 0;
  std::vector<chunk> chunks = {};
  action final_action = action::close;
};

/// Returns the script of a fault that changes how `response` is sent. Returns nullopt for a fault that
/// changes its content (see alter_response). A pure function.
std::optional<fault_script> make_script(fault_kind kind, const site_response& response);

/// Returns an offset at which a page can be cut so that the first part reads as a page with fewer fares:
/// between two rows, or the middle of a page without rows.
std::size_t cut_position(std::string_view page);

/// Compresses `bytes` in the gzip format (RFC 1952). Throws std::runtime_error if memory runs out.
std::string gzip(std::string_view bytes);

/// A valid gzip file of zeros, far smaller than its content: `start`, `block` repeated `times`, `end`.
struct zero_bomb {
  std::string start;
  std::string block;
  std::uint64_t times;
  std::string end;

  std::uint64_t bytes() const { return start.size() + block.size() * times + end.size(); }
};

/// Returns a bomb of 2^doublings MiB.
zero_bomb make_zero_bomb(int doublings);
/// Returns a bomb of 4 GiB. The first call takes some milliseconds.
const zero_bomb& large_zero_bomb();
/// Returns the large bomb, compressed again to some KiB. The first call takes some milliseconds.
const std::string& nested_zero_bomb();

}  // namespace farebench
