#include "bench/output/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
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

#include "lib/system/output_file.hpp"

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

// Renames an existing file, and creates one with its mode.
file_descriptor create_journal(const std::filesystem::path& path) {
  struct stat existing{};
  const bool exists = ::stat(path.c_str(), &existing) == 0;
  if (exists) {
    if (::access(path.c_str(), W_OK) != 0) throw_system_error("open " + path.string());
    auto previous = path;
    previous += ".previous";
    std::error_code error;
    std::filesystem::rename(path, previous, error);
    if (error) throw std::system_error(error, "rename " + path.string());
  }
  constexpr mode_t permissions = 0777;
  const mode_t mode = exists ? existing.st_mode & permissions : 0644;
  const auto operation = "open " + path.string();
  return checked_descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, mode),
                            operation.c_str());
}

}  // namespace

row_journal::row_journal(std::filesystem::path path, const std::map<std::string, std::string>& context)
    : path_(std::move(path)) {
  const auto file = replaced_file(path_);
  file_ = file ? create_journal(*file) : open_directly(path_);
  append_line(line_of({{"journal", 1}, {"started", utc_now()}, {"context", context}}));
}

void row_journal::append(const std::string& name, int repetition, const finished_row& row) {
  ordered_json line{{"name", name}, {"repetition", repetition}};
  if (row.real_time_ms && std::isfinite(*row.real_time_ms)) line["real_time_ms"] = *row.real_time_ms;
  auto& columns = line["columns"] = ordered_json::object();
  for (const auto& [column, value] : row.columns)
    if (std::isfinite(value)) columns[column] = value;
  if (row.item_histogram) line["item_histogram"] = row.item_histogram->buckets();
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
