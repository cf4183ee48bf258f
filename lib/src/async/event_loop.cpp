#include "farebench/event_loop.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "async/loop_transport.hpp"

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
  /// Returns the maximum if there is none.
  clock::time_point first_due() const;

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

loop_timers::clock::time_point loop_timers::first_due() const {
  return heap_.empty() ? clock::time_point::max() : heap_.front()->due;
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

transport_client::~transport_client() {
  if (in_flight_) --transport_.in_flight;
}

struct event_loop::state {
  void start(transport_client& client, exchange_request&& request);
  bool run(const std::stop_token& stop);
  void poll_once(bool may_wait);
  void complete_finished();

  std::unique_ptr<loop_transport> transport;
  loop_timers timers = {};
  std::atomic<bool> interrupted = false;
};

void event_loop::state::start(transport_client& client, exchange_request&& request) {
  client.start(std::move(request));
  client.in_flight_ = true;
  ++transport->in_flight;
}

bool event_loop::state::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { transport->wake_up(); }};
  // An exception may have ended the previous run before its last completion.
  complete_finished();
  while (transport->in_flight > 0 || !timers.empty()) {
    if (stop.stop_requested()) return false;
    if (interrupted.load(std::memory_order_relaxed) && interrupted.exchange(false)) return false;
    poll_once(true);
  }
  return true;
}

void event_loop::state::poll_once(bool may_wait) {
  transport->wait(may_wait ? timers.first_due() : loop_timers::clock::time_point::min());
  complete_finished();
  if (!timers.empty()) timers.complete_due(loop_timers::clock::now());
}

void event_loop::state::complete_finished() {
  while (transport_client* const client = transport->next_finished()) {
    client->in_flight_ = false;
    --transport->in_flight;
    // The completion may start the client's next exchange or destroy the client, so it is moved out first.
    if (const auto on_done = std::exchange(client->on_done, nullptr)) {
      on_done(client->take_result());
    } else if (const auto awaiting = std::exchange(client->awaiting, nullptr)) {
      awaiting.resume();
    }
  }
}

loop_client::loop_client(event_loop& loop, const fetch_limits& limits)
    : client_{loop.state_->transport->create_client(limits)} {}
loop_client::~loop_client() = default;
loop_client::loop_client(loop_client&&) noexcept = default;

event_loop::event_loop(const transport& http, std::size_t connections)
    : state_{std::make_unique<state>(http.create_loop(connections))} {}
event_loop::~event_loop() = default;

void event_loop::start(loop_client& client, exchange_request request, exchange_completion on_done) {
  state_->start(*client.client_, std::move(request));
  // Only now: after an exception the client must have no completion.
  client.client_->on_done = std::move(on_done);
}

void event_loop::cancel(loop_client& client) noexcept {
  if (client.client_->in_flight_) client.client_->cancel();
}

event_loop::exchange_awaiter::exchange_awaiter(event_loop& loop, loop_client& client,
                                               exchange_request&& request)
    : client_{*client.client_} {
  client_.awaiting = nullptr;
  loop.state_->start(client_, std::move(request));
}

void event_loop::exchange_awaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  client_.awaiting = waiting;
}

exchange_result event_loop::exchange_awaiter::await_resume() { return client_.take_result(); }

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
void event_loop::interrupt() noexcept {
  state_->interrupted.store(true, std::memory_order_relaxed);
  state_->transport->wake_up();
}
void event_loop::poll_once() { state_->poll_once(false); }

}  // namespace farebench
