#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/raw_epoll/raw_connection.hpp"
#include "bench/raw_epoll/response_head.hpp"
#include "bench/raw_epoll/site_address.hpp"
#include "farebench/strategy.hpp"

namespace farebench {

/// One run of the floor: W connections under one epoll. Made, run and destroyed in one thread; the sink and
/// query_at are called from within run().
///
/// Deadlines are coarse: all connections are looked through eight times within the shortest limit, so an
/// exchange ends at most an eighth of that late. That is what a timer a connection would cost, saved.
class raw_batch {
 public:
  /// Throws std::invalid_argument for a base_url that the floor does not take, std::system_error without
  /// epoll. `work` and `sink` must outlive it.
  raw_batch(const batch& work, const outcome_sink& sink);

  /// Returns when each query has had its outcome. Once.
  void run();

 private:
  using clock = std::chrono::steady_clock;

  // The queries.
  std::size_t position_of(const raw_connection& worker) const {
    return static_cast<std::size_t>(&worker - workers_.data());
  }
  void start_next(raw_connection& worker);
  void deliver(raw_connection& worker, outcome&& result);
  void fail(raw_connection& worker, fetch_error why);

  // The connection.
  void connect(raw_connection& worker);
  void watch(raw_connection& worker);
  bool send(raw_connection& worker, std::string_view request);
  void send_start_page_request(raw_connection& worker);
  void send_search_request(raw_connection& worker, std::string_view session);

  // The answers.
  void wait(std::chrono::milliseconds at_most);
  void on_event(raw_connection& worker, std::uint32_t events);
  void receive(raw_connection& worker, bool until_its_end);
  void take(raw_connection& worker, std::string_view bytes);
  void take_head(raw_connection& worker, std::string_view bytes);
  void take_body(raw_connection& worker, std::string_view bytes, std::string_view session);
  void fail_overdue();

  const batch& work_;
  const outcome_sink& sink_;
  const site_address site_;
  const std::string start_page_request_;
  const std::string search_request_head_;  // up to the cookie's value
  const std::chrono::milliseconds look_every_;
  const clock::time_point begin_ = clock::now();
  std::uint32_t now_ms_ = 0;  // since begin_, as of the last wait

  file_descriptor epoll_;
  std::vector<raw_connection> workers_;
  std::size_t next_ = 0;                                 // the first query that nobody has
  std::size_t delivered_ = 0;                            // outcomes
  std::vector<std::unique_ptr<fare_scanner>> scanners_;  // lent to none
  std::string request_;                                  // of a search; kept, so that its memory is
  std::unique_ptr<char[]> buffer_;                       // what is read, of whichever connection
};

}  // namespace farebench
