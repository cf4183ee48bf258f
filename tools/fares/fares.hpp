#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "farebench/fare.hpp"
#include "farebench/fetch_policy.hpp"

namespace farebench {

/// How fares are written: an aligned table for people, RFC 4180 CSV, or one JSON array of days.
enum class fares_format { table, csv, json };

// The output in pieces, so that a day can be written as soon as it is its turn. None of them holds a control
// character that a page chose. Pure.

std::string opening(fares_format format);
/// A day that failed is in the JSON alone: the other formats hold fares only.
std::string day_text(fares_format format, bool first, std::chrono::year_month_day date,
                     const outcome& result);
/// `remark`, if any, is what a reader of the whole should know; of the formats, the table has a line for it.
std::string closing(fares_format format, std::string_view remark = {});

/// Hands outcomes on in the order of their indices, holding only those that came before their turn.
/// Not thread-safe: a strategy's sink is called by one thread at a time.
class in_order {
 public:
  explicit in_order(std::function<void(std::size_t, const outcome&)> next) : next_{std::move(next)} {}

  void add(std::size_t index, outcome&& result) {
    waiting_.emplace(index, std::move(result));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == turn_;
         first = waiting_.begin()) {
      next_(turn_++, first->second);
      waiting_.erase(first);
    }
  }

 private:
  std::function<void(std::size_t, const outcome&)> next_;
  std::map<std::size_t, outcome> waiting_;
  std::size_t turn_ = 0;
};

/// What the command line of `fares` asks for, checked before anything starts.
struct fares_flags {
  std::string from;
  std::string to;
  std::chrono::year_month_day first_date;
  std::size_t days = 100;
  std::string strategy = "multi_socket";
  std::size_t workers = 100;
  std::size_t loops = 1;
  std::string url;  ///< empty: the embedded mock server
  fares_format format = fares_format::table;
  std::string out;  ///< the file to write; empty: standard output
  fetch_policy policy;
};

/// What became of the command line: flags to run with, or an exit code because --help has been
/// printed (0) or a complaint of one line has (2).
struct parsed_flags {
  fares_flags flags;
  int exit_code = -1;  ///< −1: run
};

parsed_flags parse_fares_flags(int argc, char** argv);

}  // namespace farebench
