#include "async/multi_handle.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace farebench {
namespace {

// So many can be noted, in one call of libcurl's, without any memory.
constexpr std::size_t first_unwatched = 8;

void check(CURLMcode code, const char* call) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc{};
  if (code != CURLM_OK) throw std::runtime_error{fmt::format("{}: {}", call, curl_multi_strerror(code))};
}

}  // namespace

multi_handle::multi_handle(watched_sockets* sockets, std::uint32_t number, std::size_t connections,
                           shared_http& shared)
    : sockets_{sockets}, number_{number}, connections_{connections}, shared_{shared}, multi_{made()} {
  if (!multi_) {
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_multi_init"};
  }
  if (sockets_) unwatched_.reserve(first_unwatched);
}

multi_handle::owned_multi multi_handle::made() noexcept {
  owned_multi multi{curl_multi_init()};
  if (!multi) return multi;
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(connections_));
  if (!sockets_) return multi;
  curl_multi_setopt(multi.get(), CURLMOPT_SOCKETFUNCTION, &multi_handle::on_socket);
  curl_multi_setopt(multi.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi.get(), CURLMOPT_TIMERFUNCTION, &multi_handle::on_timer);
  curl_multi_setopt(multi.get(), CURLMOPT_TIMERDATA, this);
  return multi;
}

void multi_handle::begin_anew() noexcept {
  auto another = made();
  if (!another) return;
  multi_ = std::move(another);
  deadline_.reset();
  has_lost_track_ = false;
}

void multi_handle::add(CURL* easy) {
  check(curl_multi_add_handle(multi_.get(), easy), "curl_multi_add_handle");
}

bool multi_handle::try_add(CURL* easy) noexcept {
  return curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
}

void multi_handle::remove(CURL* easy) noexcept {
  curl_multi_remove_handle(multi_.get(), easy);
  std::erase_if(unwatched_, [easy](const unwatched& one) { return one.easy == easy; });
}

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
  const CURLMcode code = curl_multi_perform(multi_.get(), &running);
  if (code != CURLM_OUT_OF_MEMORY)
    check(code, "curl_multi_perform");  // else what it lacked, it asks for again
}

void multi_handle::poll(int milliseconds) {
  const CURLMcode code = curl_multi_poll(multi_.get(), nullptr, 0, milliseconds, nullptr);
  if (code != CURLM_OUT_OF_MEMORY) check(code, "curl_multi_poll");  // not slept, which harms nobody
}

void multi_handle::collect(finished_transfers& into) noexcept {
  if (!std::exchange(may_have_finished_, false)) return;
  const std::size_t old = into.added();
  int left = 1;
  while (left > 0) {
    if (!into.make_room()) {
      may_have_finished_ = true;
      break;
    }
    const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left);
    if (message && message->msg == CURLMSG_DONE) into.add(message->easy_handle, message->data.result);
  }
  if (into.added() != old) {
    // Where several failed in one call (deadlines that were the same), all but the last go without a text.
    std::string text = shared_.take_error_text();
    if (auto* const failed = into.last_failure(old)) failed->error_text = std::move(text);
  }
  if (!unwatched_.empty()) collect_unwatched(into);
}

/// No event would ever end them: they are done, for want of resources. Those that libcurl ended itself are.
void multi_handle::collect_unwatched(finished_transfers& into) noexcept {
  for (; !unwatched_.empty(); unwatched_.pop_back()) {
    const auto& [easy, error] = unwatched_.back();
    if (into.holds(easy)) continue;
    if (!into.make_room()) {
      may_have_finished_ = true;
      return;
    }
    auto& failed = into.add(easy, CURLE_FAILED_INIT);
    try {
      failed.error_text = fmt::format("epoll_ctl: {}", std::generic_category().message(error));
    } catch (const std::bad_alloc&) {
      failed.error_text.clear();  // then without a text
    }
  }
}

void multi_handle::act(curl_socket_t socket, int events) {
  if (has_lost_track_) return;
  may_have_finished_ = true;
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_.get(), socket, events, &running);
  if (callback_errno_ != 0) {
    throw std::system_error{std::exchange(callback_errno_, 0), std::generic_category(), "epoll_ctl"};
  }
  if (code == CURLM_OUT_OF_MEMORY) {
    has_lost_track_ = true;
  } else {
    check(code, "curl_multi_socket_action");
  }
}

/// What fails here is the transfer's alone: an error returned to libcurl would end the multi handle, with all
/// that are on it.
int multi_handle::on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
  auto& multi = *static_cast<multi_handle*>(self);
  std::uint32_t events = 0;  // CURL_POLL_REMOVE: none
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  const int failed = multi.sockets_->watch(socket, events, multi.number_);
  if (failed == 0) return 0;
  try {
    multi.unwatched_.push_back({easy, failed});
  } catch (const std::bad_alloc&) {
    multi.callback_errno_ = ENOMEM;
    return -1;
  }
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
