#include "libcurl/curl_loop.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "libcurl/http_client.hpp"
#include "libcurl/multi_handle.hpp"
#include "libcurl/options.hpp"
#include "libcurl/shared_http.hpp"
#include "libcurl/watched_sockets.hpp"

namespace farebench {
namespace {

// To find, reuse and release a connection, a multi handle walks all of its connections: O(W²) per wave of W
// exchanges. Hence several handles. Each takes 41 KiB. 64 connections per handle cost 0.3 KiB more memory per
// connection; 256 cost 3 % more time at 10,000 workers.
constexpr std::size_t connections_per_multi = 128;

// Minimum room for finished transfers, in case the expected number of clients is too low.
constexpr std::size_t min_finished = 16;

/// Called for a new socket. libcurl 7.88 closes a socket that failed to connect without calling
/// close_watched, so the number of the new socket may still be registered.
int forget_previous(void* sockets, curl_socket_t socket, curlsocktype) {
  static_cast<watched_sockets*>(sockets)->forget(socket);
  return CURL_SOCKOPT_OK;
}

/// Called instead of close. `sockets` belongs to the loop, because connections outlive the handles that
/// opened them.
int close_watched(void* sockets, curl_socket_t socket) {
  static_cast<watched_sockets*>(sockets)->forget(socket);
  return close(socket);
}

class curl_loop;

class curl_loop_client final : public transport_client {
 public:
  curl_loop_client(curl_loop& owner, const fetch_limits& limits);
  ~curl_loop_client() override;

  void start(exchange_request&& request) override;
  void cancel() noexcept override;
  exchange_result take_result() override;

 private:
  friend class curl_loop;

  curl_loop& loop_;
  // Never changes, because it keeps the client's connection.
  multi_handle& multi_;
  http_client http_;
  // Neighbours in the loop's list of clients.
  curl_loop_client* next_;
  curl_loop_client* previous_ = nullptr;
  // In flight, but removed from the multi handle by a reset or a cancellation and not yet in `finished`.
  bool is_lost_ = false;
};

class curl_loop final : public loop_transport {
 public:
  curl_loop(std::size_t connections, curl_wait_mode mode);

  std::unique_ptr<transport_client> create_client(const fetch_limits& limits) override {
    return std::make_unique<curl_loop_client>(*this, limits);
  }
  void wait(clock::time_point until) override;
  transport_client* next_finished() override;
  void wake_up() noexcept override;

 private:
  friend class curl_loop_client;

  multi_handle& multi_for_next_client();
  void handle_sockets(clock::time_point until);
  void handle_by_poll(clock::time_point until);
  int milliseconds_to_wait(clock::time_point until) const;
  void reset(multi_handle& multi);
  void lose(curl_loop_client& client);
  void remove_cancelled();
  void collect_lost();

  const curl_wait_mode mode_;
  shared_http shared_;
  watched_sockets sockets_;
  std::deque<multi_handle> multis_;
  std::size_t clients_created_ = 0;
  // List of all clients, the newest first.
  curl_loop_client* clients_ = nullptr;
  // True if a client may be lost.
  bool has_lost_ = false;
  // True if a client may have been cancelled and not been removed from its multi handle.
  bool has_cancelled_ = false;
  finished_transfers finished_;
  // The transfer that next_finished has returned.
  finished_transfer completing_{};
};

curl_loop::curl_loop(std::size_t connections, curl_wait_mode mode)
    : mode_{mode},
      shared_{connections, connections},
      // One wait reports at most max_events, each of which usually finishes at most one transfer.
      finished_{std::clamp(connections, min_finished, watched_sockets::max_events)} {
  // curl_multi_poll waits for only one multi handle. The mode multi_poll shows the cost of that usual design.
  const bool polled = mode == curl_wait_mode::multi_poll;
  const std::size_t total = std::max<std::size_t>(1, connections);
  const std::size_t per_multi = polled ? total : std::min(total, connections_per_multi);
  const std::size_t count = (total + per_multi - 1) / per_multi;
  for (std::size_t i = 0; i < count; ++i) {
    multis_.emplace_back(polled ? nullptr : &sockets_, static_cast<std::uint32_t>(i), per_multi);
  }
}

/// Assigns consecutive clients to the same multi handle: they are created and mostly served together, and are
/// close in memory. (Round-robin assignment took 10 % more CPU time at 10,000 workers.)
multi_handle& curl_loop::multi_for_next_client() {
  return multis_[clients_created_++ / connections_per_multi % multis_.size()];
}

void curl_loop::wait(clock::time_point until) {
  if (mode_ == curl_wait_mode::multi_poll) {
    handle_by_poll(until);
  } else {
    handle_sockets(until);
  }
}

void curl_loop::handle_sockets(clock::time_point until) {
  for (const auto& [socket, owner, events] : sockets_.wait(milliseconds_to_wait(until))) {
    multis_[owner].handle_event(socket, events);
    multis_[owner].collect(finished_);
  }
  const auto now = clock::now();
  for (auto& multi : multis_) {
    multi.handle_time(now);
    multi.collect(finished_);
    if (multi.needs_reset()) reset(multi);
  }
  remove_cancelled();
  collect_lost();
}

void curl_loop::handle_by_poll(clock::time_point until) {
  multi_handle& multi = multis_.front();
  remove_cancelled();
  collect_lost();
  if (!multi.may_have_finished()) multi.perform();
  multi.collect(finished_);
  if (until != clock::time_point::min() && finished_.empty()) multi.poll(milliseconds_to_wait(until));
}

int curl_loop::milliseconds_to_wait(clock::time_point until) const {
  if (until == clock::time_point::min() || has_lost_ || has_cancelled_) return 0;
  for (const auto& multi : multis_) {
    if (multi.may_have_finished()) return 0;
    until = std::min(until, multi.deadline().value_or(until));
  }
  return milliseconds_between(clock::now(), until);
}

/// Removes all transfers from a multi handle and resets it. The transfers become lost: they end with an
/// error, because libcurl does not report which of them it can no longer serve.
void curl_loop::reset(multi_handle& multi) {
  for (auto* client = clients_; client; client = client->next_) {
    if (&client->multi_ == &multi && client->in_flight_) lose(*client);
  }
  multi.reset();
}

/// Ends the client's transfer, unless it has ended.
void curl_loop::lose(curl_loop_client& client) {
  CURL* const easy = client.http_.handle();
  client.multi_.remove(easy);
  if (!finished_.contains(easy)) client.is_lost_ = has_lost_ = true;
}

/// Ends the transfers of cancelled exchanges: not when they are cancelled, because libcurl does not allow it
/// in its callbacks. Once per turn, so that completions which cancel others cannot keep a turn from ending.
void curl_loop::remove_cancelled() {
  if (!std::exchange(has_cancelled_, false)) return;
  for (auto* client = clients_; client; client = client->next_) {
    if (client->in_flight_ && client->http_.is_cancelled()) lose(*client);
  }
}

/// Moves lost transfers to `finished` until it is full.
void curl_loop::collect_lost() {
  if (!has_lost_) return;
  for (auto* client = clients_; client; client = client->next_) {
    if (!client->is_lost_) continue;
    if (finished_.full()) return;
    client->is_lost_ = false;
    finished_.add(client->http_.handle(), CURLE_FAILED_INIT);
  }
  has_lost_ = false;
}

/// Finished transfers are copies of libcurl's messages, which become invalid when a handle is removed.
transport_client* curl_loop::next_finished() {
  while (!finished_.empty()) {
    completing_ = finished_.take_first();
    curl_loop_client* client = nullptr;
    curl_easy_getinfo(completing_.easy, CURLINFO_PRIVATE, &client);
    client->multi_.remove(completing_.easy);
    if (client->http_.needs_transfer(completing_.code)) {
      if (client->multi_.try_add(client->http_.handle())) continue;
      completing_.code = CURLE_ABORTED_BY_CALLBACK;
    }
    return client;
  }
  return nullptr;
}

void curl_loop::wake_up() noexcept {
  if (mode_ == curl_wait_mode::multi_poll) {
    multis_.front().wake_up();
  } else {
    sockets_.wake_up();
  }
}

curl_loop_client::curl_loop_client(curl_loop& owner, const fetch_limits& limits)
    : transport_client{owner},
      loop_{owner},
      multi_{owner.multi_for_next_client()},
      http_{limits, owner.shared_},
      next_{owner.clients_} {
  set_option(http_.handle(), CURLOPT_PRIVATE, this);
  set_option(http_.handle(), CURLOPT_SOCKOPTFUNCTION, &forget_previous);
  set_option(http_.handle(), CURLOPT_SOCKOPTDATA, &owner.sockets_);
  set_option(http_.handle(), CURLOPT_CLOSESOCKETFUNCTION, &close_watched);
  set_option(http_.handle(), CURLOPT_CLOSESOCKETDATA, &owner.sockets_);
  if (next_) next_->previous_ = this;
  owner.clients_ = this;
}

curl_loop_client::~curl_loop_client() {
  (previous_ ? previous_->next_ : loop_.clients_) = next_;
  if (next_) next_->previous_ = previous_;
  if (!in_flight_) return;
  multi_.remove(http_.handle());
  loop_.finished_.remove(http_.handle());
}

void curl_loop_client::start(exchange_request&& request) {
  http_.prepare(std::move(request));
  multi_.add(http_.handle());
}

void curl_loop_client::cancel() noexcept {
  http_.cancel();
  loop_.has_cancelled_ = true;
}

exchange_result curl_loop_client::take_result() {
  return http_.finish(loop_.completing_.code, loop_.completing_.watch_errno);
}

}  // namespace

std::unique_ptr<loop_transport> create_curl_loop(std::size_t connections, curl_wait_mode mode) {
  return std::make_unique<curl_loop>(connections, mode);
}

}  // namespace farebench
