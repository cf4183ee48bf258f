#include "tools/fares/shards.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "farebench/date.hpp"
#include "lib/system/fnv1a.hpp"
#include "lib/system/output_file.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr std::string_view part_suffix = ".unfinished";
constexpr std::string_view format_name = "fares --shard, 1";
constexpr std::string_view line_begin = "{\"query\":";

[[noreturn]] void throw_unwritable(const fs::path& path) { throw_system_error("write " + path.string()); }

[[noreturn]] void refuse(const fs::path& file, std::string_view reason) {
  throw std::invalid_argument{fmt::format("{}: {}", file.string(), reason)};
}

/// Index of the first query of a shard. That of the shard after the last is the number of queries.
std::size_t first_query(std::size_t queries, std::size_t shard_index, std::size_t shards) {
  return queries * (shard_index - 1) / shards;
}

/// Hash of routes, in their order.
class routes_digest {
 public:
  void add(const route& stations) {
    // No station ID has a newline.
    value_ = fnv1a_64(fmt::format("{}\n{}\n", stations.from, stations.to), value_);
  }
  std::string text() const { return fmt::format("{:016x}", value_); }

 private:
  std::uint64_t value_ = fnv1a_64({});
};

/// Members of the header that are equal in all shards of a job.
json job_record(const fares_job& job, const std::string& site) {
  json record;
  if (job.has_routes) {
    routes_digest digest;
    for (const auto& stations : job.routes) digest.add(stations);
    record = {{"routes", job.routes.size()}, {"routes_digest", digest.text()}};
  } else {
    record = {{"from", job.routes.front().from}, {"to", job.routes.front().to}};
  }
  record["first_date"] = format_iso_date(job.first_date);
  record["days"] = job.days;
  record["site"] = site;
  return record;
}

std::string header_line(const json& job, const shard& part) {
  return json{{"format", format_name}, {"job", job}, {"shard", part.index}, {"shards", part.count}}.dump(
             -1, ' ', true) +
         '\n';
}

/// The file of a shard, without its fares.
struct shard_index {
  fs::path file;
  json job;
  shard part;
  // Of the job.
  bool has_routes = false;
  std::size_t queries = 0;
  std::size_t days = 0;
  std::chrono::sys_days first_date;
  std::size_t first = 0;
  // Of each query of the shard, the position of its line, or 0 if it is missing.
  std::vector<std::uint64_t> lines;
  std::size_t missing = 0;
  // Size without an incomplete last line.
  std::uint64_t bytes = 0;
};

shard_index parse_header(const fs::path& file, const std::string& line) {
  shard_index index;
  index.file = file;
  index.bytes = line.size() + 1;
  try {
    const auto header = json::parse(line);
    if (header.at("format") != format_name) throw std::invalid_argument{"another format"};
    index.job = header.at("job");
    index.part = {.index = header.at("shard"), .count = header.at("shards")};
    index.has_routes = index.job.contains("routes");
    const std::size_t routes = index.has_routes ? index.job.at("routes").get<std::size_t>() : 1;
    index.days = index.job.at("days");
    const auto first_date = parse_iso_date(index.job.at("first_date").get<std::string>());
    const bool is_valid = first_date && index.part.index >= 1 && index.part.index <= index.part.count &&
                          index.part.count <= max_shards && routes >= 1 && routes <= max_routes &&
                          index.days >= 1 && index.days <= max_queries / routes;
    if (!is_valid) throw std::invalid_argument{"out of range"};
    index.first_date = *first_date;
    index.queries = routes * index.days;
    index.first = first_query(index.queries, index.part.index, index.part.count);
    index.missing = first_query(index.queries, index.part.index + 1, index.part.count) - index.first;
    index.lines.resize(index.missing);
  } catch (const std::exception&) {
    refuse(file, "not an output of fares --shard");
  }
  return index;
}

/// Returns nullopt for a file without a complete line. Throws std::invalid_argument if it is not a shard's.
std::optional<shard_index> read_shard(const fs::path& file) {
  if (fs::exists(file) && !fs::is_regular_file(file)) refuse(file, "not a regular file");
  std::ifstream in{file};
  if (!in) refuse(file, std::generic_category().message(errno));
  std::string line;
  if (!std::getline(in, line) || in.eof()) return std::nullopt;
  auto index = parse_header(file, line);
  while (std::getline(in, line) && !in.eof()) {
    std::size_t query = 0;
    const char* const end = line.data() + line.size();
    const bool begins = line.starts_with(line_begin);
    const auto number = std::from_chars(line.data() + (begins ? line_begin.size() : 0), end, query);
    if (!begins || number.ec != std::errc{} || number.ptr == end || *number.ptr != ',' ||
        !line.ends_with('}')) {
      refuse(file, fmt::format("the line at byte {} is damaged: remove the file", index.bytes));
    }
    if (query < index.first || query - index.first >= index.lines.size())
      refuse(file, fmt::format("query {} is not of shard {}", query, to_string(index.part)));
    auto& position = index.lines[query - index.first];
    if (position != 0) refuse(file, fmt::format("query {} is there twice: remove the file", query));
    position = index.bytes;
    --index.missing;
    index.bytes += line.size() + 1;
  }
  if (in.bad()) refuse(file, "cannot be read");
  return index;
}

/// Returns the first difference of two jobs, "days is 50 instead of 100", or an empty text.
std::string difference(const json& job, const json& expected) {
  for (const auto& [name, value] : expected.items()) {
    if (!job.contains(name)) return fmt::format("it has no {}", name);
    if (job.at(name) != value)
      return fmt::format("{} is {} instead of {}", name, job.at(name).dump(), value.dump());
  }
  return job.size() == expected.size() ? "" : "it has more members";
}

std::chrono::minutes parse_clock_time(const std::string& text) {
  const auto digit = [&](std::size_t at) {
    const int value = text.at(at) - '0';
    if (value < 0 || value > 9) throw std::invalid_argument{"no time"};
    return value;
  };
  return std::chrono::hours{10 * digit(0) + digit(1)} + std::chrono::minutes{10 * digit(3) + digit(4)};
}

/// A line of a shard's file.
struct finished_query {
  route stations;
  std::string date;
  std::vector<fare> fares;
};

/// Throws an exception of std if the line is invalid.
finished_query parse_query(const std::string& line) {
  const auto record = json::parse(line);
  finished_query query{
      .stations = {.from = record.at("from"), .to = record.at("to")}, .date = record.at("date"), .fares = {}};
  const auto& fares = record.at("fares");
  query.fares.reserve(fares.size());
  for (const auto& offer : fares) {
    query.fares.push_back({.departure = parse_clock_time(offer.at("departure")),
                           .arrival = parse_clock_time(offer.at("arrival")),
                           .type = offer.at("type"),
                           .free_seats = offer.at("free_seats"),
                           .price_hundredths = offer.at("price_hundredths"),
                           .currency = offer.at("currency")});
  }
  return query;
}

/// Reads shards of one job, and returns them in order. Each is there once, and whole unless `is_partial`.
std::vector<shard_index> read_shards(const std::vector<std::string>& files, bool is_partial) {
  std::vector<shard_index> shards;
  shards.reserve(files.size());
  for (const auto& file : files) {
    auto next = read_shard(file);
    if (!next) refuse(file, "not an output of fares --shard");
    const auto& first = shards.empty() ? *next : shards.front();
    const auto other = difference(next->job, first.job);
    if (!other.empty()) refuse(file, fmt::format("of another job than {}: {}", first.file.string(), other));
    if (next->part.count != first.part.count) {
      refuse(file, fmt::format("shard {}, but {} is shard {}", to_string(next->part), first.file.string(),
                               to_string(first.part)));
    }
    if (next->missing > 0 && !is_partial) {
      refuse(file, fmt::format("{} of its {} queries are missing: run its command again; --partial "
                               "merges the others",
                               next->missing, next->lines.size()));
    }
    shards.push_back(std::move(*next));
  }
  std::ranges::sort(shards, {}, [](const auto& index) { return index.part.index; });
  const auto twice =
      std::ranges::adjacent_find(shards, {}, [](const auto& index) { return index.part.index; });
  if (twice != shards.end()) {
    refuse(std::next(twice)->file,
           fmt::format("shard {} is also in {}", to_string(twice->part), twice->file.string()));
  }
  return shards;
}

/// Throws std::invalid_argument if a shard of the job is missing.
void require_all(const std::vector<shard_index>& shards) {
  std::vector<std::size_t> missing;
  for (std::size_t i = 1; i <= shards.front().part.count; ++i) {
    if (!std::ranges::binary_search(shards, i, {}, [](const auto& index) { return index.part.index; }))
      missing.push_back(i);
  }
  if (missing.empty()) return;
  const auto number = missing.size();
  missing.resize(std::min<std::size_t>(number, 10));
  throw std::invalid_argument{fmt::format("{} of {} shards {} missing: {}{}; --partial merges the others",
                                          number, shards.front().part.count, number == 1 ? "is" : "are",
                                          fmt::join(missing, ", "), number > missing.size() ? ", ..." : "")};
}

}  // namespace

shard_file::shard_file(const fs::path& file, const fares_job& job, const std::string& site, const shard& part)
    : job_{job} {
  const auto target = replaced_file(file);
  if (!target) refuse(file, "--shard writes a file: it must not be a device or a descriptor");
  file_ = *target;
  part_ = file_;
  part_ += part_suffix;
  const auto record = job_record(job, site);
  const auto header = header_line(record, part);
  const auto first = first_query(job.size(), part.index, part.count);
  size_ = first_query(job.size(), part.index + 1, part.count) - first;

  const auto check = [&](const shard_index& found) {
    const auto other = difference(found.job, record);
    if (!other.empty())
      refuse(found.file, fmt::format("of another job: {}; choose another --out, or remove it", other));
    if (found.part != part) {
      refuse(found.file, fmt::format("shard {} instead of {}: choose another --out, or remove it",
                                     to_string(found.part), to_string(part)));
    }
  };
  if (fs::exists(file_)) {
    const auto found = read_shard(file_);
    if (!found) refuse(file_, "not an output of fares --shard: choose another --out, or remove it");
    check(*found);
    if (found->missing > 0)
      refuse(file_, fmt::format("{} of its {} queries are missing: remove it", found->missing, size_));
    is_whole_ = true;
    return;
  }
  open_part();
  auto found = read_shard(part_);
  if (!found && !header.starts_with(read_file(part_)))
    refuse(part_, "not an output of fares --shard: choose another --out, or remove it");
  // Without a query there is nothing to keep, so that a wrong --url can be corrected.
  if (found && found->missing == found->lines.size()) found.reset();
  if (found) {
    check(*found);
    bytes_ = found->bytes;
  }
  // Removes a line that a killed process did not complete.
  if (::ftruncate(descriptor_.get(), static_cast<off_t>(bytes_)) != 0) throw_unwritable(part_);
  if (!found) write(header);
  missing_.reserve(found ? found->missing : size_);
  for (std::size_t i = 0; i < size_; ++i) {
    if (!found || found->lines[i] == 0) missing_.push_back(first + i);
  }
}

void shard_file::open_part() {
  descriptor_ = file_descriptor{::open(part_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)};
  if (descriptor_.get() < 0) throw_unwritable(part_);
  if (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw_unwritable(part_);
    throw std::runtime_error{fmt::format("{}: another process writes it", part_.string())};
  }
  // The other process may have completed the file before the lock was obtained.
  if (fs::exists(file_)) {
    ::unlink(part_.c_str());
    throw std::runtime_error{fmt::format("{}: another process has just written it", file_.string())};
  }
}

void shard_file::write(std::string_view line) {
  const char* next = line.data();
  const char* const end = next + line.size();
  while (next != end) {
    const ssize_t count = ::write(descriptor_.get(), next, static_cast<std::size_t>(end - next));
    if (count >= 0) {
      next += count;
    } else if (errno != EINTR) {
      const int error = errno;
      // Another query may be added before the process ends.
      [[maybe_unused]] const int ignored = ::ftruncate(descriptor_.get(), static_cast<off_t>(bytes_));
      errno = error;
      throw_unwritable(part_);
    }
  }
  bytes_ += line.size();
}

void shard_file::add(std::size_t index, const outcome& fares) {
  const auto query = json_query(job_.date_of(index), fares, &job_.route_of(index));
  write(fmt::format("{}{},{}\n", line_begin, index, std::string_view{query}.substr(1)));
}

void shard_file::commit() {
  if (::fsync(descriptor_.get()) != 0) throw_unwritable(part_);
  if (std::rename(part_.c_str(), file_.c_str()) != 0) throw_unwritable(file_);
}

merged_shards merge_shards(const std::vector<std::string>& files, fares_format format, bool is_partial,
                           const std::function<void(const std::string&)>& write) {
  const auto shards = read_shards(files, is_partial);
  if (!is_partial) require_all(shards);
  const bool has_routes = shards.front().has_routes;
  merged_shards merged;
  routes_digest digest;
  route current;
  std::optional<std::size_t> current_number;
  write(opening(format, has_routes));
  for (const auto& index : shards) {
    std::ifstream in{index.file};
    std::string line;
    for (std::size_t i = 0; i < index.lines.size(); ++i) {
      if (index.lines[i] == 0) continue;
      const auto number = index.first + i;
      const auto route_number = number / index.days;
      const std::chrono::sys_days date =
          index.first_date + std::chrono::days{static_cast<int>(number % index.days)};
      in.seekg(static_cast<std::streamoff>(index.lines[i]));
      std::getline(in, line);
      finished_query query;
      try {
        query = parse_query(line);
        if (query.date != format_iso_date(date)) throw std::invalid_argument{"another date"};
        if (route_number == current_number && query.stations != current)
          throw std::invalid_argument{"another route"};
      } catch (const std::exception&) {
        refuse(index.file,
               fmt::format("the line of query {} is damaged: remove the file, and run its command again",
                           number));
      }
      if (route_number != current_number) {
        current_number = route_number;
        current = query.stations;
        digest.add(current);
      }
      merged.fares += query.fares.size();
      write(day_text(format, merged.queries == 0, date, query.fares, has_routes ? &current : nullptr));
      ++merged.queries;
    }
  }
  merged.missing = shards.front().queries - merged.queries;
  const auto& job = shards.front().job;
  // The digest is that of all routes.
  const bool is_same = has_routes ? merged.missing > 0 || job.at("routes_digest") == digest.text()
                                  : !current_number || (job.value("from", "") == current.from &&
                                                        job.value("to", "") == current.to);
  if (!is_same)
    throw std::invalid_argument{"the routes of the shards are not those of their job: a file was changed"};
  write(closing(format));
  return merged;
}

}  // namespace farebench
