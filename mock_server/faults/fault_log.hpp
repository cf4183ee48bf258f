#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "mock_server/faults/attempt_step.hpp"
#include "mock_server/faults/fault_kind.hpp"
#include "posix/file_descriptor.hpp"

namespace farebench {

/// What the server did, a line of JSON for each request that counts, appended to a file in one write before a
/// byte of the answer leaves: so a client never knows more than the log, even when the server is killed. It
/// holds nothing in memory. One thread.
///
///   {"date":"2026-03-01","session":4,"step":2,"attempt":1,"fault":"reset_mid_body","status":200}
///
/// `date` is null where it is not known: for an untagged GET /m/. `session` says which one was started by it,
/// or that a search was made in, by how many were before it; it is left out where there is none. `step` is
/// null for what is neither exchange of a scrape, `attempt` when not known, `fault` without one, `status`
/// when no status line is sent whole.
class fault_log {
 public:
  /// Appends to the file, or makes it. Throws std::system_error naming it.
  explicit fault_log(const std::filesystem::path& path);

  /// A line that cannot be written is told of on standard error, the first one.
  void write(const attempt_step& exchange, std::optional<std::uint64_t> session,
             std::optional<fault_kind> fault, int status);

 private:
  std::filesystem::path path_;
  file_descriptor file_;
  bool is_broken_ = false;
};

}  // namespace farebench
