#include "bench/output/journal.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

namespace farebench {

namespace {

using nlohmann::ordered_json;

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[sizeof "2024-05-01T12:00:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string line_of(const ordered_json& object) {
  return object.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + '\n';
}

void keep_previous(const std::filesystem::path& path) {
  // The path may be /dev/null.
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return;
  auto previous = path;
  previous += ".previous";
  std::error_code error;
  std::filesystem::rename(path, previous, error);
  if (error) throw std::system_error(error, "rename " + path.string());
}

}  // namespace

row_journal::row_journal(std::filesystem::path path, const std::map<std::string, std::string>& context)
    : path_(std::move(path)) {
  keep_previous(path_);
  file_ = file_descriptor{::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644)};
  if (file_.get() < 0) throw std::system_error(errno, std::generic_category(), "open " + path_.string());
  append_line(line_of({{"journal", 1}, {"started", utc_now()}, {"context", context}}));
}

void row_journal::append(const std::string& name, int repetition, const finished_row& row) {
  ordered_json line{{"name", name}, {"repetition", repetition}};
  if (row.real_time_ms && std::isfinite(*row.real_time_ms)) line["real_time_ms"] = *row.real_time_ms;
  auto& columns = line["columns"] = ordered_json::object();
  for (const auto& [column, value] : row.columns)
    if (std::isfinite(value)) columns[column] = value;
  if (row.verdict.failed()) line["failure"] = row.verdict.failure;
  if (!row.verdict.warning.empty()) line["warning"] = row.verdict.warning;
  append_line(line_of(line));
}

void row_journal::append_line(std::string line) {
  ssize_t written;
  do {
    written = ::write(file_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  const auto size = static_cast<ssize_t>(line.size());
  if (written == size) {
    size_ += size;
    return;
  }
  // A partial write means a full disk.
  const int error = written < 0 ? errno : ENOSPC;
  const bool is_restored = written <= 0 || ::ftruncate(file_.get(), size_) == 0;
  if (std::exchange(has_failed_, true)) return;
  std::fprintf(stderr, "bench: the journal %s lacks a row%s: %s\n", path_.c_str(),
               is_restored ? "" : " and has a partial line", std::strerror(error));
}

}  // namespace farebench
