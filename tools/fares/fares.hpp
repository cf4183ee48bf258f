#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "farebench/fare.hpp"
#include "farebench/fetch_policy.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/transport.hpp"
#include "lib/system/shard.hpp"

namespace farebench {

/// Stations of a query.
struct route {
  std::string from;
  std::string to;

  bool operator==(const route&) const = default;
};

/// An aligned table for people, RFC 4180 CSV, or one JSON array of days.
enum class fares_format { table, csv, json };

// The output is opening(), day_text() for each query in order, and closing(). So each day can be written as
// soon as its outcome and all before it are complete. Control characters from a page are escaped. Outputs of
// several routes begin each row with the stations.

std::string opening(fares_format format, bool has_routes = false);
/// Only JSON includes a failed day; table and CSV hold fares alone. `stations`: nullptr in an output of one
/// route.
std::string day_text(fares_format format, bool is_first, std::chrono::year_month_day date,
                     const outcome& result, const route* stations = nullptr);
/// Returns a query as it is in JSON, without a line's end.
std::string json_query(std::chrono::year_month_day date, const outcome& result, const route* stations);
/// Only the table prints the remark, if any.
std::string closing(fares_format format, std::string_view remark = {});

/// Passes outcomes to `next` in the order of their indices, from 0. Holds early ones. Not thread-safe.
class in_order {
 public:
  explicit in_order(std::function<void(std::size_t, const outcome&)> next) : next_{std::move(next)} {}

  void add(std::size_t index, outcome&& result) {
    waiting_.emplace(index, std::move(result));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_index_;
         first = waiting_.begin()) {
      next_(next_index_++, first->second);
      waiting_.erase(first);
    }
  }

 private:
  std::function<void(std::size_t, const outcome&)> next_;
  std::map<std::size_t, outcome> waiting_;
  std::size_t next_index_ = 0;
};

/// The command line of `fares`, validated.
struct fares_flags {
  /// Empty if there is a file of routes.
  route only_route;
  /// Empty, or the file of routes; "-" is standard input.
  std::string routes;
  std::chrono::year_month_day first_date;
  std::size_t days = 100;
  const transport* http = &libcurl_transport();
  /// A strategy of that transport.
  std::string strategy;
  std::size_t workers = 100;
  std::size_t loops = 1;
  /// Empty: the embedded mock server.
  std::string url;
  fares_format format = fares_format::table;
  /// Output file; empty: standard output.
  std::string out;
  /// With a shard, `out` is its file, and has no format.
  std::optional<shard> part;
  fetch_policy policy;
};

/// The command line of `fares merge`, validated.
struct merge_flags {
  std::vector<std::string> files;
  /// Queries may be missing.
  bool is_partial = false;
  fares_format format = fares_format::table;
  /// Output file; empty: standard output.
  std::string out;
};

/// Flags to run with, or an exit code after --help (0) or a usage error of one line (2) has been printed.
struct parsed_flags {
  fares_flags flags;
  /// To merge instead of scraping.
  std::optional<merge_flags> merge;
  std::optional<int> exit_code;
};

parsed_flags parse_fares_flags(int argc, char** argv);

/// Returns an error if a station ID is empty or not printable, otherwise an empty text.
std::string station_error(const std::string& id);

inline constexpr std::size_t max_routes = 1'000'000;
/// Limit of routes times days.
inline constexpr std::size_t max_queries = 10'000'000;

/// Parses lines "FROM,TO". Blank lines, comments after # and a first line "from,to" are ignored. Throws
/// std::invalid_argument, with `file` and the line's number, for another line, a route that is there twice,
/// or no or too many routes.
std::vector<route> parse_routes(std::string_view text, std::string_view file);

/// All queries of a run: those of each route in order, by date. Their indices are [0, size()).
struct fares_job {
  std::vector<route> routes = {};
  std::chrono::sys_days first_date = {};
  /// Of each route.
  std::size_t days = 0;
  /// True if the output has the stations.
  bool has_routes = false;

  std::size_t size() const { return routes.size() * days; }
  const route& route_of(std::size_t index) const { return routes[index / days]; }
  std::chrono::sys_days date_of(std::size_t index) const {
    return first_date + std::chrono::days{static_cast<int>(index % days)};
  }
};

/// Reads the file of routes, if any. Throws std::invalid_argument if there is an error in it.
fares_job read_job(const fares_flags& flags);

}  // namespace farebench
