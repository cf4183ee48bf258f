#include "libcurl/multi_handle.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace farebench {

bool finished_transfers::contains(const CURL* easy) const {
  return std::any_of(queue_.begin() + static_cast<std::ptrdiff_t>(first_), queue_.end(),
                     [easy](const finished_transfer& transfer) { return transfer.easy == easy; });
}

void finished_transfers::add(CURL* easy, CURLcode code, int watch_errno) {
  queue_.push_back({easy, code, watch_errno});
}

finished_transfer finished_transfers::take_first() {
  const finished_transfer first = queue_[first_++];
  clear_if_empty();
  return first;
}

void finished_transfers::remove(const CURL* easy) {
  queue_.erase(std::remove_if(queue_.begin() + static_cast<std::ptrdiff_t>(first_), queue_.end(),
                              [easy](const finished_transfer& transfer) { return transfer.easy == easy; }),
               queue_.end());
  clear_if_empty();
}

void finished_transfers::clear_if_empty() {
  if (!empty()) return;
  queue_.clear();
  first_ = 0;
}

namespace {

void check(CURLMcode code, const char* call) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc{};
  if (code != CURLM_OK) throw std::runtime_error{fmt::format("{}: {}", call, curl_multi_strerror(code))};
}

}  // namespace

multi_handle::multi_handle(watched_sockets* sockets, std::uint32_t owner, std::size_t connections)
    : sockets_{sockets}, owner_{owner}, connections_{connections}, multi_{create()} {
  if (!multi_) {
    throw std::system_error{std::make_error_code(std::errc::not_enough_memory), "curl_multi_init"};
  }
  if (sockets_) unwatched_.reserve(connections);
}

multi_handle::owned_multi multi_handle::create() noexcept {
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

void multi_handle::reset() noexcept {
  auto replacement = create();
  if (!replacement) return;
  multi_ = std::move(replacement);
  deadline_.reset();
  needs_reset_ = false;
}

void multi_handle::add(CURL* easy) {
  check(curl_multi_add_handle(multi_.get(), easy), "curl_multi_add_handle");
}

bool multi_handle::try_add(CURL* easy) noexcept {
  return curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
}

void multi_handle::remove(CURL* easy) noexcept {
  curl_multi_remove_handle(multi_.get(), easy);
  std::erase(unwatched_, easy);
}

/// An error is input too, as in libcurl's own poll: it is read. Given an error alone, libcurl 7.88 would fail
/// with CURLE_SEND_ERROR and without an errno. While Linux handles a reset, epoll can report EPOLLERR a
/// moment before EPOLLIN and EPOLLHUP.
void multi_handle::handle_event(int socket, std::uint32_t events) {
  const int flags = ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_IN : 0) |
                    ((events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                    ((events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
  act(socket, flags);
}

void multi_handle::handle_time(clock::time_point now) {
  if (!deadline_ || now < *deadline_) return;
  // Cleared before the call, which may set a new one.
  deadline_.reset();
  act(CURL_SOCKET_TIMEOUT, 0);
}

void multi_handle::act(curl_socket_t socket, int events) {
  if (needs_reset_) return;
  may_have_finished_ = true;
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_.get(), socket, events, &running);
  if (code == CURLM_OUT_OF_MEMORY) {
    needs_reset_ = true;
  } else {
    check(code, "curl_multi_socket_action");
  }
}

void multi_handle::perform() {
  may_have_finished_ = true;
  int running = 0;
  const CURLMcode code = curl_multi_perform(multi_.get(), &running);
  // Out of memory is not an error here: the next call tries again.
  if (code != CURLM_OUT_OF_MEMORY) check(code, "curl_multi_perform");
}

void multi_handle::poll(int milliseconds) {
  const CURLMcode code = curl_multi_poll(multi_.get(), nullptr, 0, milliseconds, nullptr);
  // Out of memory is not an error here: it has not waited.
  if (code != CURLM_OUT_OF_MEMORY) check(code, "curl_multi_poll");
}

void multi_handle::collect(finished_transfers& finished) noexcept {
  if (!std::exchange(may_have_finished_, false)) return;
  int left = 1;
  while (left > 0 && !finished.full()) {
    const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left);
    if (message && message->msg == CURLMSG_DONE) finished.add(message->easy_handle, message->data.result);
  }
  may_have_finished_ = left > 0;
  if (!unwatched_.empty()) collect_unwatched(finished);
}

/// Ends the transfers whose sockets could not be watched, because no event would. Skips those that libcurl
/// has ended itself.
void multi_handle::collect_unwatched(finished_transfers& finished) noexcept {
  for (; !unwatched_.empty(); unwatched_.pop_back()) {
    CURL* const easy = unwatched_.back();
    if (finished.contains(easy)) continue;
    if (finished.full()) {
      may_have_finished_ = true;
      return;
    }
    // Otherwise libcurl could end the transfer a second time.
    curl_multi_remove_handle(multi_.get(), easy);
    finished.add(easy, CURLE_FAILED_INIT, watch_errno_);
  }
}

/// Watches a socket as libcurl requests. A failure concerns this transfer only and is noted: an error
/// returned to libcurl would end all transfers of the multi handle.
int multi_handle::on_socket(CURL* easy, curl_socket_t socket, int action, void* self, void*) {
  auto& multi = *static_cast<multi_handle*>(self);
  std::uint32_t events = 0;
  if (action == CURL_POLL_IN || action == CURL_POLL_INOUT) events |= EPOLLIN;
  if (action == CURL_POLL_OUT || action == CURL_POLL_INOUT) events |= EPOLLOUT;
  const int error = multi.sockets_->watch(socket, events, multi.owner_);
  if (error == 0) return 0;
  multi.watch_errno_ = error;
  if (multi.unwatched_.size() < multi.unwatched_.capacity()) {
    multi.unwatched_.push_back(easy);
  } else {
    multi.needs_reset_ = true;
  }
  return 0;
}

/// Stores libcurl's deadline. Must do no more, because curl_multi_add_handle may call it.
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
