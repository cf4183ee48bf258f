#include "farebench/event_loop.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "async/multi_handle.hpp"
#include "async/watched_sockets.hpp"
#include "http/http_client.hpp"
#include "http/libcurl.hpp"
#include "http/shared_http.hpp"

namespace farebench {

class loop_timers;

/// One wait. In the heap of its loop from its start until it completes or is destroyed.
struct loop_timer::state {
  state(loop_timers& owner, clock::time_point moment) : timers{owner}, due{moment} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state();

  static constexpr std::size_t not_in_heap = static_cast<std::size_t>(-1);

  loop_timers& timers;
  clock::time_point due;
  // Number of the wait in its loop; decides between equal moments.
  std::uint64_t number = 0;
  std::size_t heap_index = not_in_heap;
  // Completion: one of these, or neither while the wait is being set up.
  wait_completion on_due = {};
  std::coroutine_handle<> awaiting = {};
};

/// Pending waits of one loop: a binary heap whose elements know their index, so that a cancelled wait is
/// removed at once. Allocates nothing while empty.
class loop_timers {
 public:
  using clock = loop_timer::clock;

  bool empty() const { return heap_.empty(); }
  std::optional<clock::time_point> first_due() const;

  /// Adds a wait that has no completion yet.
  std::unique_ptr<loop_timer::state> add(clock::time_point due);
  /// Removes a wait, if it is in the heap.
  void remove(loop_timer::state& timer) noexcept;

  /// Completes the waits that are due at `now`, except those started meanwhile: sockets are handled first.
  void complete_due(clock::time_point now);
  /// Makes all waits due, in their order.
  void expire_all();

 private:
  static bool is_before(const loop_timer::state& left, const loop_timer::state& right);
  void put(std::size_t index, loop_timer::state* timer);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);

  std::vector<loop_timer::state*> heap_;
  std::uint64_t started_ = 0;
};

loop_timer::state::~state() { timers.remove(*this); }

loop_timer::loop_timer() = default;
loop_timer::~loop_timer() = default;
loop_timer::loop_timer(loop_timer&&) noexcept = default;
loop_timer& loop_timer::operator=(loop_timer&&) noexcept = default;

void wait_awaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  timer_.state_->awaiting = waiting;
}

std::optional<loop_timers::clock::time_point> loop_timers::first_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->due;
}

std::unique_ptr<loop_timer::state> loop_timers::add(clock::time_point due) {
  auto timer = std::make_unique<loop_timer::state>(*this, due);
  timer->number = started_++;
  heap_.push_back(timer.get());
  sift_up(heap_.size() - 1);
  return timer;
}

void loop_timers::remove(loop_timer::state& timer) noexcept {
  const std::size_t index = std::exchange(timer.heap_index, loop_timer::state::not_in_heap);
  if (index == loop_timer::state::not_in_heap) return;
  loop_timer::state* const last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  put(index, last);
  sift_up(index);
  sift_down(last->heap_index);
}

void loop_timers::complete_due(clock::time_point now) {
  const std::uint64_t started_before = started_;
  while (!heap_.empty() && heap_.front()->due <= now && heap_.front()->number < started_before) {
    loop_timer::state& first = *heap_.front();
    remove(first);
    // The completion may destroy the timer, so it is moved out first.
    if (const auto on_due = std::exchange(first.on_due, nullptr)) {
      on_due();
    } else if (const auto awaiting = std::exchange(first.awaiting, nullptr)) {
      awaiting.resume();
    }
  }
}

void loop_timers::expire_all() {
  // Equal moments are ordered by number, for which the heap has to be rebuilt.
  for (loop_timer::state* const timer : heap_) timer->due = clock::time_point::min();
  for (std::size_t index = heap_.size(); index-- > 0;) sift_down(index);
}

bool loop_timers::is_before(const loop_timer::state& left, const loop_timer::state& right) {
  return std::tie(left.due, left.number) < std::tie(right.due, right.number);
}

void loop_timers::put(std::size_t index, loop_timer::state* timer) {
  heap_[index] = timer;
  timer->heap_index = index;
}

void loop_timers::sift_up(std::size_t index) {
  loop_timer::state* const timer = heap_[index];
  while (index > 0 && is_before(*timer, *heap_[(index - 1) / 2])) {
    put(index, heap_[(index - 1) / 2]);
    index = (index - 1) / 2;
  }
  put(index, timer);
}

void loop_timers::sift_down(std::size_t index) {
  loop_timer::state* const timer = heap_[index];
  while (true) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && is_before(*heap_[child + 1], *heap_[child])) ++child;
    if (!is_before(*heap_[child], *timer)) break;
    put(index, heap_[child]);
    index = child;
  }
  put(index, timer);
}

namespace {

// To find, reuse and release a connection, a multi handle walks all of its connections: O(W²) per wave of W
// exchanges. Hence several handles. Each takes 41 KiB. 64 connections per handle cost 0.3 KiB more memory per
// connection; 256 cost 3 % more time at 10,000 workers.
constexpr std::size_t connections_per_multi = 128;

// Upper bound of a wait; sockets, deadlines and wake-ups end it earlier.
constexpr int max_wait_ms = 60'000;

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

}  // namespace

struct loop_client::state {
  state(event_loop::state& owner, const fetch_limits& limits);
  ~state();

  event_loop::state& loop;
  // Never changes, because it keeps the client's connection.
  multi_handle& multi;
  http_client http;
  // Completion: one of these.
  exchange_completion on_done;
  std::coroutine_handle<> awaiting;
  // For `awaiting`, while it is being resumed.
  const finished_transfer* finished = nullptr;
  // Neighbours in the loop's list of clients.
  state* next;
  state* previous = nullptr;
  bool in_flight = false;
  // In flight, but removed from the multi handle by a reset and not yet in `finished`.
  bool is_lost = false;
};

struct event_loop::state {
  state(std::size_t connections, wait_mode wanted_mode);

  multi_handle& multi_for_next_client();
  void start(loop_client::state& client, exchange_request&& request);
  bool run(const std::stop_token& stop);
  void poll_once(bool may_wait);
  void handle_sockets(int wait_ms);
  void handle_by_poll(bool may_wait);
  int milliseconds_to_wait() const;
  void reset(multi_handle& multi);
  void collect_lost();
  void complete_finished();
  void interrupt() noexcept;
  void wake_up();

  const wait_mode mode;
  shared_http shared;
  watched_sockets sockets;
  std::deque<multi_handle> multis;
  std::size_t clients_created = 0;
  // List of all clients, the newest first.
  loop_client::state* clients = nullptr;
  std::size_t in_flight = 0;
  loop_timers timers;
  std::atomic<bool> interrupted = false;
  // True if a client may be lost.
  bool has_lost = false;
  finished_transfers finished;
};

event_loop::state::state(std::size_t connections, wait_mode wanted_mode)
    : mode{wanted_mode},
      shared{connections, connections},
      // One wait reports at most max_events, each of which usually finishes at most one transfer.
      finished{std::clamp(connections, min_finished, watched_sockets::max_events)} {
  // curl_multi_poll waits for only one multi handle. The mode multi_poll shows the cost of that usual design.
  const bool polled = mode == wait_mode::multi_poll;
  const std::size_t total = std::max<std::size_t>(1, connections);
  const std::size_t per_multi = polled ? total : std::min(total, connections_per_multi);
  const std::size_t count = (total + per_multi - 1) / per_multi;
  for (std::size_t i = 0; i < count; ++i) {
    multis.emplace_back(polled ? nullptr : &sockets, static_cast<std::uint32_t>(i), per_multi);
  }
}

/// Assigns consecutive clients to the same multi handle: they are created and mostly served together, and are
/// close in memory. (Round-robin assignment took 10 % more CPU time at 10,000 workers.)
multi_handle& event_loop::state::multi_for_next_client() {
  return multis[clients_created++ / connections_per_multi % multis.size()];
}

void event_loop::state::start(loop_client::state& client, exchange_request&& request) {
  client.http.prepare(std::move(request));
  client.multi.add(client.http.handle());
  client.in_flight = true;
  ++in_flight;
}

bool event_loop::state::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { wake_up(); }};
  // An exception may have ended the previous run before its last completion.
  complete_finished();
  while (in_flight > 0 || !timers.empty()) {
    if (stop.stop_requested()) return false;
    if (interrupted.load(std::memory_order_relaxed) && interrupted.exchange(false)) return false;
    poll_once(true);
  }
  return true;
}

void event_loop::state::poll_once(bool may_wait) {
  if (mode == wait_mode::multi_poll) {
    handle_by_poll(may_wait);
  } else {
    handle_sockets(may_wait ? milliseconds_to_wait() : 0);
  }
  complete_finished();
  if (!timers.empty()) timers.complete_due(multi_handle::clock::now());
}

void event_loop::state::handle_sockets(int wait_ms) {
  for (const auto& [socket, owner, events] : sockets.wait(wait_ms)) {
    multis[owner].handle_event(socket, events);
    multis[owner].collect(finished);
  }
  const auto now = multi_handle::clock::now();
  for (auto& multi : multis) {
    multi.handle_time(now);
    multi.collect(finished);
    if (multi.needs_reset()) reset(multi);
  }
  collect_lost();
}

void event_loop::state::handle_by_poll(bool may_wait) {
  multi_handle& multi = multis.front();
  if (!multi.may_have_finished()) multi.perform();
  multi.collect(finished);
  if (may_wait && finished.empty()) multi.poll(milliseconds_to_wait());
}

int event_loop::state::milliseconds_to_wait() const {
  if (has_lost) return 0;
  auto first = timers.first_due();
  for (const auto& multi : multis) {
    if (multi.may_have_finished()) return 0;
    const auto deadline = multi.deadline();
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  if (!first) return max_wait_ms;
  const auto now = multi_handle::clock::now();
  // Also avoids the overflow of a difference with time_point::min().
  if (*first <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - now);
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, max_wait_ms));
}

/// Removes all transfers from a multi handle and resets it. The transfers become lost: they end with an
/// error, because libcurl does not report which of them it can no longer serve.
void event_loop::state::reset(multi_handle& multi) {
  for (auto* client = clients; client; client = client->next) {
    if (&client->multi != &multi || !client->in_flight) continue;
    CURL* const easy = client->http.handle();
    multi.remove(easy);
    if (!finished.contains(easy)) client->is_lost = has_lost = true;
  }
  multi.reset();
}

/// Moves lost transfers to `finished` until it is full.
void event_loop::state::collect_lost() {
  if (!has_lost) return;
  for (auto* client = clients; client; client = client->next) {
    if (!client->is_lost) continue;
    if (finished.full()) return;
    client->is_lost = false;
    finished.add(client->http.handle(), CURLE_FAILED_INIT);
  }
  has_lost = false;
}

/// Calls the completions of finished transfers. These are copies of libcurl's messages, which become invalid
/// when a handle is removed.
void event_loop::state::complete_finished() {
  while (!finished.empty()) {
    finished_transfer transfer = finished.take_first();
    loop_client::state* client = nullptr;
    curl_easy_getinfo(transfer.easy, CURLINFO_PRIVATE, &client);
    client->multi.remove(transfer.easy);
    if (client->http.needs_transfer(transfer.code)) {
      if (client->multi.try_add(client->http.handle())) continue;
      transfer.code = CURLE_ABORTED_BY_CALLBACK;
    }
    client->in_flight = false;
    --in_flight;
    // The completion may start the client's next exchange or destroy the client, so it is moved out first.
    if (const auto on_done = std::exchange(client->on_done, nullptr)) {
      on_done(client->http.finish(transfer.code, transfer.watch_errno));
    } else if (const auto awaiting = std::exchange(client->awaiting, nullptr)) {
      client->finished = &transfer;
      awaiting.resume();
    }
  }
}

void event_loop::state::interrupt() noexcept {
  interrupted.store(true, std::memory_order_relaxed);
  wake_up();
}

/// Ends the current wait, or the next one. Thread-safe.
void event_loop::state::wake_up() {
  if (mode == wait_mode::multi_poll) {
    multis.front().wake_up();
  } else {
    sockets.wake_up();
  }
}

loop_client::state::state(event_loop::state& owner, const fetch_limits& limits)
    : loop{owner}, multi{owner.multi_for_next_client()}, http{limits, owner.shared}, next{owner.clients} {
  set_option(http.handle(), CURLOPT_PRIVATE, this);
  set_option(http.handle(), CURLOPT_SOCKOPTFUNCTION, &forget_previous);
  set_option(http.handle(), CURLOPT_SOCKOPTDATA, &owner.sockets);
  set_option(http.handle(), CURLOPT_CLOSESOCKETFUNCTION, &close_watched);
  set_option(http.handle(), CURLOPT_CLOSESOCKETDATA, &owner.sockets);
  if (next) next->previous = this;
  owner.clients = this;
}

loop_client::state::~state() {
  (previous ? previous->next : loop.clients) = next;
  if (next) next->previous = previous;
  if (!in_flight) return;
  multi.remove(http.handle());
  --loop.in_flight;
  loop.finished.remove(http.handle());
}

loop_client::loop_client(event_loop& loop, const fetch_limits& limits)
    : state_{std::make_unique<state>(*loop.state_, limits)} {}
loop_client::~loop_client() = default;
loop_client::loop_client(loop_client&&) noexcept = default;

event_loop::event_loop(std::size_t connections, wait_mode mode)
    : state_{std::make_unique<state>(connections, mode)} {}
event_loop::~event_loop() = default;

void event_loop::start(loop_client& client, exchange_request request, exchange_completion on_done) {
  state_->start(*client.state_, std::move(request));
  // Only now: after an exception the client must have no completion.
  client.state_->on_done = std::move(on_done);
}

event_loop::exchange_awaiter::exchange_awaiter(event_loop& loop, loop_client& client,
                                               exchange_request&& request)
    : client_{*client.state_} {
  client_.awaiting = nullptr;
  loop.state_->start(client_, std::move(request));
}

void event_loop::exchange_awaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  client_.awaiting = waiting;
}

exchange_result event_loop::exchange_awaiter::await_resume() {
  const finished_transfer& finished = *std::exchange(client_.finished, nullptr);
  return client_.http.finish(finished.code, finished.watch_errno);
}

void event_loop::wait(loop_timer& timer, loop_timer::clock::time_point moment, wait_completion on_due) {
  timer.state_ = state_->timers.add(moment);
  timer.state_->on_due = std::move(on_due);
}

wait_awaiter event_loop::wait_until(loop_timer::clock::time_point moment) {
  loop_timer timer;
  timer.state_ = state_->timers.add(moment);
  return wait_awaiter{std::move(timer)};
}

void event_loop::expire_timers() { state_->timers.expire_all(); }

bool event_loop::run(const std::stop_token& stop) { return state_->run(stop); }
void event_loop::interrupt() noexcept { state_->interrupt(); }
void event_loop::poll_once() { state_->poll_once(false); }

}  // namespace farebench
