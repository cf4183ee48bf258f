#include "mock_server/faults/fault_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include "farebench/date.hpp"

namespace farebench {
namespace {

template <typename Value>
std::string or_null(bool is_known, const Value& value) {
  return is_known ? fmt::format("{}", value) : "null";
}

std::string quoted_or_null(bool is_known, std::string_view value) {
  return is_known ? fmt::format("\"{}\"", value) : "null";
}

}  // namespace

fault_log::fault_log(const std::filesystem::path& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (file_.get() < 0)
    throw std::system_error(errno, std::generic_category(), "fault log: open " + path.string());
}

void fault_log::write(const attempt_step& exchange, std::optional<std::uint64_t> session,
                      std::optional<fault_kind> fault, int status) {
  std::string line = fmt::format(
      "{{\"date\":{},",
      quoted_or_null(exchange.date.has_value(), exchange.date ? format_iso_date(*exchange.date) : ""));
  if (session) line += fmt::format("\"session\":{},", *session);
  line += fmt::format("\"step\":{},\"attempt\":{},\"fault\":{},\"status\":{}}}\n",
                      or_null(exchange.step != 0, exchange.step),
                      or_null(exchange.attempt != 0, exchange.attempt),
                      quoted_or_null(fault.has_value(), fault ? name_of(*fault) : ""),  //
                      or_null(status != 0, status));
  ssize_t written;
  do {
    written = ::write(file_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size()) || is_broken_) return;
  is_broken_ = true;
  fmt::print(stderr, "mock_server: --fault-log {}: {}; the log is incomplete from here\n", path_.string(),
             written < 0 ? std::strerror(errno) : "a line was cut");
}

}  // namespace farebench
