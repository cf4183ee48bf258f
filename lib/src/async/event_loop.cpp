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

/// A wait under way: in the loop's heap from its start to its end, or until it is destroyed.
struct loop_timer::state {
  state(loop_timers& in, clock::time_point moment) : timers{in}, due{moment} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state();

  static constexpr std::size_t not_waiting = static_cast<std::size_t>(-1);

  loop_timers& timers;
  clock::time_point due;
  std::uint64_t order = 0;          // of two that are due at once, the first to wait is the first to end
  std::size_t place = not_waiting;  // in the heap
  // What is to be done when it is due: one of these.
  wait_completion on_due = {};
  std::coroutine_handle<> awaiting = {};
};

/// The waits of one loop: a binary heap, each of whose entries knows its place, so that one that is taken
/// back leaves nothing behind. Costs nothing while it is empty. One thread.
class loop_timers {
 public:
  using clock = loop_timer::clock;

  bool empty() const { return heap_.empty(); }
  std::optional<clock::time_point> first_due() const;

  /// A wait that is in the heap, with nothing to be done yet when it ends.
  std::unique_ptr<loop_timer::state> wait(clock::time_point due);
  /// Takes it back; nothing when it has ended.
  void remove(loop_timer::state& one) noexcept;

  /// Ends what is due by `now`, but nothing that begins to wait meanwhile: so sockets get their turn.
  void end_due(clock::time_point now);
  /// All that wait now are due at once.
  void hurry();

 private:
  static bool is_before(const loop_timer::state& one, const loop_timer::state& other);
  void put(std::size_t place, loop_timer::state* one);
  void sift_up(std::size_t place);
  void sift_down(std::size_t place);

  std::vector<loop_timer::state*> heap_;
  std::uint64_t begun_ = 0;
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

std::unique_ptr<loop_timer::state> loop_timers::wait(clock::time_point due) {
  auto one = std::make_unique<loop_timer::state>(*this, due);
  one->order = begun_++;
  heap_.push_back(one.get());
  sift_up(heap_.size() - 1);
  return one;
}

void loop_timers::remove(loop_timer::state& one) noexcept {
  const std::size_t place = std::exchange(one.place, loop_timer::state::not_waiting);
  if (place == loop_timer::state::not_waiting) return;
  loop_timer::state* const last = heap_.back();
  heap_.pop_back();
  if (last == &one) return;
  put(place, last);
  sift_up(place);
  sift_down(last->place);
}

void loop_timers::end_due(clock::time_point now) {
  const std::uint64_t begun_before = begun_;
  while (!heap_.empty() && heap_.front()->due <= now && heap_.front()->order < begun_before) {
    loop_timer::state& first = *heap_.front();
    remove(first);
    // It may be destroyed by what it does: so that is taken out first.
    if (const auto on_due = std::exchange(first.on_due, nullptr)) {
      on_due();
    } else if (const auto awaiting = std::exchange(first.awaiting, nullptr)) {
      awaiting.resume();
    }
  }
}

void loop_timers::hurry() {
  // Equal, they are ordered by who waited first, as which they are no heap any more.
  for (loop_timer::state* const one : heap_) one->due = clock::time_point::min();
  for (std::size_t place = heap_.size(); place-- > 0;) sift_down(place);
}

bool loop_timers::is_before(const loop_timer::state& one, const loop_timer::state& other) {
  return std::tie(one.due, one.order) < std::tie(other.due, other.order);
}

void loop_timers::put(std::size_t place, loop_timer::state* one) {
  heap_[place] = one;
  one->place = place;
}

void loop_timers::sift_up(std::size_t place) {
  loop_timer::state* const one = heap_[place];
  while (place > 0 && is_before(*one, *heap_[(place - 1) / 2])) {
    put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(place, one);
}

void loop_timers::sift_down(std::size_t place) {
  loop_timer::state* const one = heap_[place];
  while (true) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && is_before(*heap_[child + 1], *heap_[child])) ++child;
    if (!is_before(*heap_[child], *one)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, one);
}

namespace {

// To find, reuse and put down a connection, a multi handle walks all of its connections: with W on one handle
// that is O(W) an exchange, O(W²) a wave. So they are spread over several handles. Each costs 41 KiB: fewer
// connections on it cost bytes (64: 0.3 KiB more each), more cost time (256: 3 % at 10,000 workers).
constexpr std::size_t connections_a_multi = 128;

// Waits end with a socket, a moment or a wakeup; this only bounds them.
constexpr int longest_wait_ms = 60'000;

/// libcurl 7.88 closes a socket that never came to be connected without a word: of its number, something may
/// be known still.
int begin_unwatched(void* sockets, curl_socket_t socket, curlsocktype) {
  static_cast<watched_sockets*>(sockets)->forget(socket);
  return CURL_SOCKOPT_OK;
}

/// libcurl's connections outlive the handles that made them: `sockets` is the loop's.
int close_watched(void* sockets, curl_socket_t socket) {
  static_cast<watched_sockets*>(sockets)->forget(socket);
  return close(socket);
}

}  // namespace

struct loop_client::state {
  state(event_loop::state& on, const fetch_limits& limits);
  ~state();

  event_loop::state& loop;
  multi_handle& multi;  // always the same one: the connection is kept in it
  http_client http;
  // What is to be done when its exchange is: one of these.
  exchange_completion on_done;
  std::coroutine_handle<> awaiting;
  const finished_transfer* done = nullptr;  // for `awaiting`, while it is being resumed
  state* next;                              // of the loop's clients
  state* before = nullptr;
  bool in_flight = false;
};

struct event_loop::state {
  state(std::size_t connections, wait_mode how);

  // Neighbours share one: they are made, and mostly served, together, and lie together in memory. (Dealt out
  // one by one, 10,000 workers took 10 % more CPU time.)
  multi_handle& multi_for_next_client() {
    return multis[clients_made++ / connections_a_multi % multis.size()];
  }
  bool run(const std::stop_token& stop);
  void poll_once(bool may_wait);
  void handle_sockets(int wait_ms);
  void handle_by_poll(bool may_wait);
  int milliseconds_to_wait() const;
  void interrupt() noexcept;
  void end_all_on(multi_handle& multi);
  void complete_finished();
  void wake_up();
  void start(loop_client& client, exchange_request&& request);

  const wait_mode how;
  shared_http shared;
  watched_sockets sockets;
  std::deque<multi_handle> multis;
  std::size_t clients_made = 0;
  loop_client::state* clients = nullptr;  // that there are, the last one first
  std::size_t in_flight = 0;
  loop_timers timers;
  std::atomic<bool> interrupted = false;
  finished_transfers finished;
};

event_loop::state::state(std::size_t connections, wait_mode wanted)
    : how{wanted}, shared{connections, connections} {
  const bool polled = how == wait_mode::multi_poll;
  // curl_multi_poll sleeps on one handle: what most people write has one, and pays for it.
  const std::size_t count =
      polled ? 1 : std::max<std::size_t>(1, (connections + connections_a_multi - 1) / connections_a_multi);
  const std::size_t each =
      std::max<std::size_t>(1, polled ? connections : std::min(connections, connections_a_multi));
  for (std::size_t i = 0; i < count; ++i) {
    multis.emplace_back(polled ? nullptr : &sockets, static_cast<std::uint32_t>(i), each, shared);
  }
}

bool event_loop::state::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { wake_up(); }};
  complete_finished();  // what an exception out of an earlier run left behind
  while (in_flight > 0 || !timers.empty()) {
    if (stop.stop_requested()) return false;
    if (interrupted.load(std::memory_order_relaxed) && interrupted.exchange(false)) return false;
    poll_once(true);
  }
  return true;
}

void event_loop::state::poll_once(bool may_wait) {
  if (how == wait_mode::multi_poll) {
    handle_by_poll(may_wait);
  } else {
    handle_sockets(may_wait ? milliseconds_to_wait() : 0);
  }
  complete_finished();
  if (!timers.empty()) timers.end_due(multi_handle::clock::now());
}

void event_loop::state::interrupt() noexcept {
  interrupted.store(true, std::memory_order_relaxed);
  wake_up();
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
    if (multi.has_lost_track()) end_all_on(multi);
  }
}

void event_loop::state::handle_by_poll(bool may_wait) {
  multis.front().perform();
  multis.front().collect(finished);
  if (may_wait && finished.empty()) multis.front().poll(milliseconds_to_wait());
}

int event_loop::state::milliseconds_to_wait() const {
  auto first = timers.first_due();
  for (const auto& multi : multis) {
    if (multi.has_uncollected()) return 0;
    const auto deadline = multi.deadline();
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  if (!first) return longest_wait_ms;
  const auto now = multi_handle::clock::now();
  if (*first <= now) return 0;  // and not a difference that overflows
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - now);
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, longest_wait_ms));
}

/// Takes them off at once, before what they are on goes; to be taken off again once they are completed does
/// them no harm. Where there is no room to note them all, the rest is for the next turn.
void event_loop::state::end_all_on(multi_handle& multi) {
  for (const auto* client = clients; client; client = client->next) {
    if (&client->multi != &multi || !client->in_flight) continue;
    if (!finished.holds(client->http.handle())) {
      if (!finished.make_room()) return;
      finished.add(client->http.handle(), CURLE_FAILED_INIT);
    }
    multi.remove(client->http.handle());
  }
  multi.begin_anew();
}

/// Every finished transfer has been taken out of libcurl by now: a completion starts transfers, and the
/// message that libcurl hands out is dead once its handle is removed.
void event_loop::state::complete_finished() {
  while (!finished.empty()) {
    const finished_transfer transfer = finished.take_first();
    loop_client::state* client = nullptr;
    curl_easy_getinfo(transfer.easy, CURLINFO_PRIVATE, &client);
    client->multi.remove(transfer.easy);
    if (client->http.wants_new_connection() && client->multi.try_add(transfer.easy)) continue;
    client->in_flight = false;
    --in_flight;
    // Taken out first, so that a completion can start the next exchange of the same client, or destroy it.
    if (const auto on_done = std::exchange(client->on_done, nullptr)) {
      on_done(client->http.finish(transfer.verdict, transfer.error_text));
    } else if (const auto awaiting = std::exchange(client->awaiting, nullptr)) {
      client->done = &transfer;
      awaiting.resume();
    }
  }
}

/// Called by whichever thread requests the stop.
void event_loop::state::wake_up() {
  if (how == wait_mode::multi_poll) {
    multis.front().wake_up();
  } else {
    sockets.wake_up();
  }
}

loop_client::state::state(event_loop::state& on, const fetch_limits& limits)
    : loop{on}, multi{on.multi_for_next_client()}, http{limits, on.shared}, next{on.clients} {
  set_option(http.handle(), CURLOPT_PRIVATE, this);
  set_option(http.handle(), CURLOPT_SOCKOPTFUNCTION, &begin_unwatched);
  set_option(http.handle(), CURLOPT_SOCKOPTDATA, &on.sockets);
  set_option(http.handle(), CURLOPT_CLOSESOCKETFUNCTION, &close_watched);
  set_option(http.handle(), CURLOPT_CLOSESOCKETDATA, &on.sockets);
  if (next) next->before = this;
  on.clients = this;
}

loop_client::state::~state() {
  (before ? before->next : loop.clients) = next;
  if (next) next->before = before;
  if (!in_flight) return;
  multi.remove(http.handle());
  --loop.in_flight;
  loop.finished.forget(http.handle());
}

loop_client::loop_client(event_loop& loop, const fetch_limits& limits)
    : state_{std::make_unique<state>(*loop.state_, limits)} {}
loop_client::~loop_client() = default;
loop_client::loop_client(loop_client&&) noexcept = default;

event_loop::event_loop(std::size_t connections, wait_mode how)
    : state_{std::make_unique<state>(connections, how)} {}
event_loop::~event_loop() = default;

void event_loop::state::start(loop_client& client, exchange_request&& request) {
  loop_client::state& starting = *client.state_;
  starting.http.prepare(std::move(request));
  starting.multi.add(starting.http.handle());
  starting.in_flight = true;
  ++in_flight;
}

void event_loop::start(loop_client& client, exchange_request request, exchange_completion on_done) {
  client.state_->on_done = std::move(on_done);
  state_->start(client, std::move(request));
}

event_loop::exchange_awaiter::exchange_awaiter(event_loop& loop, loop_client& client,
                                               exchange_request&& request)
    : client_{*client.state_} {
  client_.awaiting = nullptr;
  loop.state_->start(client, std::move(request));
}

void event_loop::exchange_awaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  client_.awaiting = waiting;
}

exchange_result event_loop::exchange_awaiter::await_resume() {
  const finished_transfer& done = *std::exchange(client_.done, nullptr);
  return client_.http.finish(done.verdict, done.error_text);
}

void event_loop::wait(loop_timer& timer, loop_timer::clock::time_point moment, wait_completion on_due) {
  timer.state_ = state_->timers.wait(moment);
  timer.state_->on_due = std::move(on_due);
}

wait_awaiter event_loop::wait_until(loop_timer::clock::time_point moment) {
  loop_timer timer;
  timer.state_ = state_->timers.wait(moment);
  return wait_awaiter{std::move(timer)};
}

void event_loop::expire_timers() { state_->timers.hurry(); }

bool event_loop::run(const std::stop_token& stop) { return state_->run(stop); }
void event_loop::interrupt() noexcept { state_->interrupt(); }
void event_loop::poll_once() { state_->poll_once(false); }

}  // namespace farebench
