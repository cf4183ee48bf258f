#include "async/event_loop.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace farebench {
namespace {

constexpr int events_a_turn = 256;

void check(CURLMcode code, const char* call) {
  if (code == CURLM_OK) return;
  throw std::runtime_error{fmt::format("{}: {}", call, curl_multi_strerror(code))};
}

}  // namespace

loop_client::loop_client(event_loop& loop, const fetch_limits& limits) : loop_{loop}, http_{limits} {
  curl_easy_setopt(http_.handle(), CURLOPT_PRIVATE, this);
}

loop_client::~loop_client() {
  if (in_flight_) loop_.cancel(*this);
}

event_loop::event_loop(std::size_t connections) {
  ensure_http_library();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  multi_.reset(curl_multi_init());
  if (!multi_) {
    close(epoll_);
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_multi_init"};
  }
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &event_loop::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &event_loop::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
}

event_loop::~event_loop() {
  multi_.reset();  // closes the kept connections, and tells on_socket, which needs epoll_
  close(epoll_);
}

void event_loop::start(loop_client& client, exchange_request request, exchange_completion on_done) {
  client.http_.prepare(std::move(request));
  client.on_done_ = std::move(on_done);
  check(curl_multi_add_handle(multi_.get(), client.http_.handle()), "curl_multi_add_handle");
  client.in_flight_ = true;
  ++in_flight_;
}

void event_loop::cancel(loop_client& client) {
  curl_multi_remove_handle(multi_.get(), client.http_.handle());
  client.in_flight_ = false;
  --in_flight_;
  std::erase_if(finished_, [&](const completed& one) { return one.client == &client; });
}

void event_loop::run() {
  std::array<epoll_event, events_a_turn> events;
  complete_finished();  // what an exception out of an earlier run left behind
  while (in_flight_ > 0) {
    const int ready = epoll_wait(epoll_, events.data(), events_a_turn, milliseconds_to_wait());
    if (ready < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "epoll_wait"};
    for (int i = 0; i < ready; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const int what = ((event.events & EPOLLIN) ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                       ((event.events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
      act(event.data.fd, what);
    }
    if (deadline_ && clock::now() >= *deadline_) {
      deadline_.reset();  // before the call, which may set a new one
      act(CURL_SOCKET_TIMEOUT, 0);
    }
    collect_finished();
    complete_finished();
  }
}

void event_loop::act(curl_socket_t socket, int events) {
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_.get(), socket, events, &running);
  if (callback_errno_ != 0) throw std::system_error{callback_errno_, std::generic_category(), "epoll_ctl"};
  check(code, "curl_multi_socket_action");
}

int event_loop::milliseconds_to_wait() const {
  if (!deadline_) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

/// Takes every finished transfer out of libcurl before the first completion runs: a completion starts
/// transfers, and the message that libcurl hands out is dead once its handle is removed.
void event_loop::collect_finished() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    loop_client* client = nullptr;
    CURL* const easy = message->easy_handle;
    const CURLcode verdict = message->data.result;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &client);
    finished_.push_back({client, verdict});
  }
  std::ranges::reverse(finished_);  // handed out from the back, first come first
}

void event_loop::complete_finished() {
  while (!finished_.empty()) {
    const auto [client, verdict] = finished_.back();
    finished_.pop_back();
    check(curl_multi_remove_handle(multi_.get(), client->http_.handle()), "curl_multi_remove_handle");
    client->in_flight_ = false;
    --in_flight_;
    // Moved out, so that a completion can start the next exchange of the same client, or destroy it.
    const auto on_done = std::exchange(client->on_done_, nullptr);
    on_done(client->http_.finish(verdict));
  }
}

int event_loop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto& loop = *static_cast<event_loop*>(self);
  if (what == CURL_POLL_REMOVE) {
    // Unchecked: libcurl may have closed it already, which takes it out of epoll too.
    epoll_ctl(loop.epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  // Level-triggered: libcurl does not promise to read until EAGAIN.
  epoll_event event{};
  event.events = ((what & CURL_POLL_IN) ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U);
  event.data.fd = socket;
  if (epoll_ctl(loop.epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) != 0) {
    loop.callback_errno_ = errno;
    return -1;
  }
  if (!known) curl_multi_assign(loop.multi_.get(), socket, &loop);  // any pointer: "it is in epoll"
  return 0;
}

/// May be called from inside curl_multi_add_handle: it stores the deadline and acts on nothing.
int event_loop::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& loop = *static_cast<event_loop*>(self);
  if (timeout_ms < 0) {
    loop.deadline_.reset();
  } else {
    loop.deadline_ = clock::now() + std::chrono::milliseconds{timeout_ms};
  }
  return 0;
}

}  // namespace farebench
