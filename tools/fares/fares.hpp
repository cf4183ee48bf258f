#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "farebench/fare.hpp"
#include "farebench/fetch_policy.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/transport.hpp"

namespace farebench {

/// An aligned table for people, RFC 4180 CSV, or one JSON array of days.
enum class fares_format { table, csv, json };

// The output is opening(), day_text() for each day in order, and closing(). So each day can be written as
// soon as its outcome and all before it are complete. Control characters from a page are escaped.

std::string opening(fares_format format);
/// Only JSON includes a failed day; table and CSV hold fares alone.
std::string day_text(fares_format format, bool is_first, std::chrono::year_month_day date,
                     const outcome& result);
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
  std::string from;
  std::string to;
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
  fetch_policy policy;

  /// Returns the date of a day, counted from 0.
  std::chrono::sys_days date_of(std::size_t day) const {
    return std::chrono::sys_days{first_date} + std::chrono::days{static_cast<int>(day)};
  }
};

/// Flags to run with, or an exit code after --help (0) or a usage error of one line (2) has been printed.
struct parsed_flags {
  fares_flags flags;
  std::optional<int> exit_code;
};

parsed_flags parse_fares_flags(int argc, char** argv);

}  // namespace farebench
