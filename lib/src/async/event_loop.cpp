#include "farebench/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <deque>
#include <system_error>
#include <utility>
#include <vector>

#include "async/multi_handle.hpp"
#include "http/http_client.hpp"

namespace farebench {
namespace {

constexpr int events_a_turn = 256;

// To find, reuse and remove a connection, a multi handle walks all of its host's connections: with W on
// one handle that is O(W) an exchange, O(W²) a wave. So they are spread over several handles, of which none
// has more than this many; each handle costs a few KiB.
constexpr std::size_t connections_a_multi = 64;

constexpr std::uint64_t wakeup_event = ~std::uint64_t{0};
constexpr std::int64_t longest_wait_ms = 60'000;

class file_descriptor {
 public:
  file_descriptor(int number, const char* call) : number_{number} {
    if (number_ < 0) throw std::system_error{errno, std::generic_category(), call};
  }
  ~file_descriptor() { close(number_); }
  file_descriptor(const file_descriptor&) = delete;
  file_descriptor& operator=(const file_descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

}  // namespace

struct loop_client::state {
  state(event_loop::state& on, const fetch_limits& limits);
  ~state();

  event_loop::state& loop;
  multi_handle& multi;  // always the same one: the connection is kept in it
  http_client http;
  exchange_completion on_done;
  bool in_flight = false;
};

struct event_loop::state {
  state(std::size_t connections, waiting how);

  multi_handle& multi_for_next_client() { return multis[clients_made++ % multis.size()]; }
  void run(const std::stop_token& stop);
  void turn(bool may_wait);
  void handle_sockets(int wait_ms);
  void handle_by_poll(bool may_wait);
  int milliseconds_to_wait() const;
  void collect_finished();
  void complete_finished();
  void wake_up();

  const waiting how;
  file_descriptor epoll{epoll_create1(EPOLL_CLOEXEC), "epoll_create1"};
  file_descriptor wakeup{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"};
  std::deque<multi_handle> multis;
  std::size_t clients_made = 0;
  std::size_t in_flight = 0;
  std::vector<finished_transfer> finished;  // read from libcurl, not yet handed out; the first at the back
};

event_loop::state::state(std::size_t connections, waiting wanted) : how{wanted} {
  ensure_http_library();
  const bool polled = how == waiting::multi_poll;
  // curl_multi_poll sleeps on one handle: what most people write has one, and pays for it.
  const std::size_t count =
      polled ? 1 : std::max<std::size_t>(1, (connections + connections_a_multi - 1) / connections_a_multi);
  const std::size_t each = (std::max<std::size_t>(connections, 1) + count - 1) / count;
  for (std::size_t i = 0; i < count; ++i) {
    multis.emplace_back(polled ? -1 : epoll.get(), static_cast<std::uint32_t>(i), each);
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wakeup_event;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeup.get(), &event) != 0) {
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  }
}

void event_loop::state::run(const std::stop_token& stop) {
  const std::stop_callback wake{stop, [this] { wake_up(); }};
  complete_finished();  // what an exception out of an earlier run left behind
  while (in_flight > 0 && !stop.stop_requested()) turn(true);
}

void event_loop::state::turn(bool may_wait) {
  if (how == waiting::multi_poll) {
    handle_by_poll(may_wait);
  } else {
    handle_sockets(may_wait ? milliseconds_to_wait() : 0);
  }
  collect_finished();
  complete_finished();
}

void event_loop::state::handle_sockets(int wait_ms) {
  std::array<epoll_event, events_a_turn> events;
  const int ready = epoll_wait(epoll.get(), events.data(), events_a_turn, wait_ms);
  if (ready < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "epoll_wait"};
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == wakeup_event) {
      std::uint64_t wakeups = 0;
      [[maybe_unused]] const auto count = read(wakeup.get(), &wakeups, sizeof wakeups);
    } else {
      multis[multi_handle::number_of(event.data.u64)].handle_event(event.data.u64, event.events);
    }
  }
  const auto now = multi_handle::clock::now();
  for (auto& multi : multis) multi.handle_time(now);
}

void event_loop::state::handle_by_poll(bool may_wait) {
  multis.front().perform();
  collect_finished();
  if (may_wait && finished.empty()) multis.front().poll();
}

int event_loop::state::milliseconds_to_wait() const {
  std::optional<multi_handle::clock::time_point> first;
  for (const auto& multi : multis) {
    const auto deadline = multi.deadline();
    if (deadline && (!first || *deadline < *first)) first = deadline;
  }
  if (!first) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*first - multi_handle::clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, longest_wait_ms));
}

/// Takes every finished transfer out of libcurl before the first completion runs: a completion starts
/// transfers, and the message that libcurl hands out is dead once its handle is removed.
void event_loop::state::collect_finished() {
  const auto old = static_cast<std::ptrdiff_t>(finished.size());
  for (auto& multi : multis) multi.collect(finished);
  std::reverse(finished.begin() + old, finished.end());  // handed out from the back, first come first
}

void event_loop::state::complete_finished() {
  while (!finished.empty()) {
    const auto [easy, verdict] = finished.back();
    finished.pop_back();
    loop_client::state* client = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &client);
    client->multi.remove(easy);
    client->in_flight = false;
    --in_flight;
    // Moved out, so that a completion can start the next exchange of the same client, or destroy it.
    const auto on_done = std::exchange(client->on_done, nullptr);
    on_done(client->http.finish(verdict));
  }
}

/// Called by whichever thread requests the stop.
void event_loop::state::wake_up() {
  if (how == waiting::multi_poll) {
    multis.front().wake_up();
  } else {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto count = write(wakeup.get(), &one, sizeof one);
  }
}

loop_client::state::state(event_loop::state& on, const fetch_limits& limits)
    : loop{on}, multi{on.multi_for_next_client()}, http{limits} {
  curl_easy_setopt(http.handle(), CURLOPT_PRIVATE, this);
}

loop_client::state::~state() {
  if (!in_flight) return;
  multi.remove(http.handle());
  --loop.in_flight;
  std::erase_if(loop.finished, [&](const finished_transfer& one) { return one.easy == http.handle(); });
}

loop_client::loop_client(event_loop& loop, const fetch_limits& limits)
    : state_{std::make_unique<state>(*loop.state_, limits)} {}
loop_client::~loop_client() = default;
loop_client::loop_client(loop_client&&) noexcept = default;

event_loop::event_loop(std::size_t connections, waiting how)
    : state_{std::make_unique<state>(connections, how)} {}
event_loop::~event_loop() = default;

void event_loop::start(loop_client& client, exchange_request request, exchange_completion on_done) {
  loop_client::state& starting = *client.state_;
  starting.http.prepare(std::move(request));
  starting.on_done = std::move(on_done);
  starting.multi.add(starting.http.handle());
  starting.in_flight = true;
  ++state_->in_flight;
}

void event_loop::run(std::stop_token stop) { state_->run(stop); }
void event_loop::turn() { state_->turn(false); }

}  // namespace farebench
