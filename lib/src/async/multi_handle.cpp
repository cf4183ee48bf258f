#include "async/multi_handle.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace farebench {
namespace {

// Sleeps end with a socket, a timer or a wakeup; this only bounds them.
constexpr int longest_poll_ms = 60'000;

void check(CURLMcode code, const char* call) {
  if (code != CURLM_OK) throw std::runtime_error{fmt::format("{}: {}", call, curl_multi_strerror(code))};
}

}  // namespace

multi_handle::multi_handle(int epoll, std::uint32_t number, std::size_t connections)
    : epoll_{epoll}, number_{number}, multi_{curl_multi_init()} {
  if (!multi_) {
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_multi_init"};
  }
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
  if (epoll_ < 0) return;
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &multi_handle::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &multi_handle::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
}

void multi_handle::add(CURL* easy) {
  check(curl_multi_add_handle(multi_.get(), easy), "curl_multi_add_handle");
}

void multi_handle::remove(CURL* easy) noexcept { curl_multi_remove_handle(multi_.get(), easy); }

void multi_handle::handle_event(std::uint64_t event_data, std::uint32_t events) {
  const int what = ((events & EPOLLIN) ? CURL_CSELECT_IN : 0) | ((events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                   ((events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
  act(static_cast<curl_socket_t>(event_data & 0xFFFF'FFFF), what);
}

void multi_handle::handle_time(clock::time_point now) {
  if (!deadline_ || now < *deadline_) return;
  deadline_.reset();  // before the call, which may set a new one
  act(CURL_SOCKET_TIMEOUT, 0);
}

void multi_handle::perform() {
  may_have_finished_ = true;
  int running = 0;
  check(curl_multi_perform(multi_.get(), &running), "curl_multi_perform");
}

void multi_handle::poll() {
  check(curl_multi_poll(multi_.get(), nullptr, 0, longest_poll_ms, nullptr), "curl_multi_poll");
}

void multi_handle::collect(std::vector<finished_transfer>& into) {
  if (!std::exchange(may_have_finished_, false)) return;
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) into.push_back({message->easy_handle, message->data.result});
  }
}

void multi_handle::act(curl_socket_t socket, int events) {
  may_have_finished_ = true;
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_.get(), socket, events, &running);
  if (callback_errno_ != 0) throw std::system_error{callback_errno_, std::generic_category(), "epoll_ctl"};
  check(code, "curl_multi_socket_action");
}

int multi_handle::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto& multi = *static_cast<multi_handle*>(self);
  if (what == CURL_POLL_REMOVE) {
    // Unchecked: libcurl may have closed it already, which takes it out of epoll too.
    epoll_ctl(multi.epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return 0;
  }
  // Level-triggered: libcurl does not promise to read until EAGAIN.
  epoll_event event{};
  event.events = ((what & CURL_POLL_IN) ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U);
  event.data.u64 = (multi.number_ << 32) | static_cast<std::uint32_t>(socket);
  if (epoll_ctl(multi.epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event) != 0) {
    multi.callback_errno_ = errno;
    return -1;
  }
  if (!known) curl_multi_assign(multi.multi_.get(), socket, &multi);  // any pointer: "it is in epoll"
  return 0;
}

/// May be called from inside curl_multi_add_handle: it stores the deadline and acts on nothing.
int multi_handle::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& multi = *static_cast<multi_handle*>(self);
  if (timeout_ms < 0) {
    multi.deadline_.reset();
  } else {
    multi.deadline_ = clock::now() + std::chrono::milliseconds{timeout_ms};
  }
  return 0;
}

}  // namespace farebench
