#include "async/multi_handle.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace farebench {
namespace {

void check(CURLMcode code, const char* call) {
  if (code != CURLM_OK) throw std::runtime_error{fmt::format("{}: {}", call, curl_multi_strerror(code))};
}

}  // namespace

multi_handle::multi_handle(watched_sockets* sockets, std::uint32_t number, std::size_t connections,
                           shared_http& shared)
    : sockets_{sockets}, number_{number}, shared_{shared}, multi_{curl_multi_init()} {
  if (!multi_) {
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_multi_init"};
  }
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
  if (!sockets_) return;
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &multi_handle::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &multi_handle::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
}

void multi_handle::add(CURL* easy) {
  check(curl_multi_add_handle(multi_.get(), easy), "curl_multi_add_handle");
}

bool multi_handle::try_add(CURL* easy) noexcept {
  return curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
}

void multi_handle::remove(CURL* easy) noexcept { curl_multi_remove_handle(multi_.get(), easy); }

void multi_handle::handle_event(int socket, std::uint32_t events) {
  const int what = ((events & EPOLLIN) ? CURL_CSELECT_IN : 0) | ((events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                   ((events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
  act(socket, what);
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

void multi_handle::poll(int milliseconds) {
  check(curl_multi_poll(multi_.get(), nullptr, 0, milliseconds, nullptr), "curl_multi_poll");
}

void multi_handle::collect(std::deque<finished_transfer>& into) {
  if (!std::exchange(may_have_finished_, false)) return;
  const std::size_t old = into.size();
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) into.push_back({message->easy_handle, message->data.result, {}});
  }
  if (!unwatched_.empty()) collect_unwatched(into);
  if (into.size() == old) return;
  // Where several failed in one call (deadlines that were the same), all but the last go without a text.
  std::string text = shared_.take_error_text();
  for (auto one = into.rbegin(); one != into.rend() - static_cast<std::ptrdiff_t>(old); ++one) {
    if (one->verdict == CURLE_OK) continue;
    one->error_text = std::move(text);
    break;
  }
}

/// No event would ever end them: they are done, for want of resources. Those that libcurl ended itself are.
void multi_handle::collect_unwatched(std::deque<finished_transfer>& into) {
  for (const auto& [easy, error] : std::exchange(unwatched_, {})) {
    if (std::ranges::find(into, easy, &finished_transfer::easy) != into.end()) continue;
    into.push_back(
        {easy, CURLE_FAILED_INIT, fmt::format("epoll_ctl: {}", std::generic_category().message(error))});
  }
}

void multi_handle::act(curl_socket_t socket, int events) {
  may_have_finished_ = true;
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_.get(), socket, events, &running);
  if (callback_errno_ != 0) {
    throw std::system_error{std::exchange(callback_errno_, 0), std::generic_category(), "epoll_ctl"};
  }
  check(code, "curl_multi_socket_action");
}

/// What fails here is the transfer's alone: an error returned to libcurl would end the multi handle, with all
/// that are on it.
int multi_handle::on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
  auto& multi = *static_cast<multi_handle*>(self);
  std::uint32_t events = 0;  // CURL_POLL_REMOVE: none
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  try {
    if (const int failed = multi.sockets_->watch(socket, events, multi.number_); failed != 0) {
      multi.unwatched_.push_back({easy, failed});
    }
    return 0;
  } catch (const std::bad_alloc&) {
    multi.callback_errno_ = ENOMEM;
    return -1;
  }
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
