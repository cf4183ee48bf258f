#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "farebench/strategy.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {

/// A request as its tag tells it.
struct tagged_request {
  std::string date;  ///< ISO
  std::size_t attempt = 0;
  bool is_search = false;
  std::string session;  ///< of its cookie; empty without one
};

/// A fare site that answers each attempt at each date as it is told to, and remembers what it was asked. It
/// needs the requests' tags (fetch_policy::tag_requests).
class flaky_site {
 public:
  /// What it answers when it behaves.
  static stub_answer good_answer(const tagged_request& request);
  /// The one fare of each day.
  static std::vector<fare> fares();

  using handler = std::function<stub_answer(const tagged_request&)>;
  explicit flaky_site(handler answer) : answer_{std::move(answer)} {}

  std::string url() const { return server_.url(); }
  /// How many attempts at a date began, and at all dates together.
  std::size_t attempts(const std::string& date) const;
  std::size_t attempts() const;
  /// When an attempt at a date began.
  std::chrono::steady_clock::time_point begin_of(const std::string& date, std::size_t attempt) const;

 private:
  stub_answer note_and_answer(const std::string& text);

  handler answer_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::size_t, std::chrono::steady_clock::time_point>> begun_;
  stub_server server_{[this](const std::string& text) { return note_and_answer(text); }};
};

}  // namespace farebench::test
