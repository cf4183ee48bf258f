#include "native/socket_set.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>

namespace farebench {
namespace {

// Urgent data are reported because a read ends before them.
constexpr std::uint32_t read_events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;

}  // namespace

epoll_set::epoll_set()
    : epoll_{checked_descriptor(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")},
      wakeup_{checked_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
  if (const int error = control(EPOLL_CTL_ADD, wakeup_.get(), EPOLLIN); error != 0)
    throw std::system_error{error, std::generic_category(), "epoll_ctl"};
  ready_.reserve(max_events);
}

int epoll_set::add(int socket, native_client& owner, bool writes) noexcept {
  const auto index = static_cast<std::size_t>(socket);
  try {
    if (index >= owners_.size()) owners_.resize(index + 1);
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
  owners_[index] = &owner;
  return control(EPOLL_CTL_ADD, socket, read_events | (writes ? std::uint32_t{EPOLLOUT} : 0));
}

// A registration for writing remains: an edge-triggered socket reports it only after it has been full again.
int epoll_set::change(int socket, bool writes) noexcept {
  return writes ? control(EPOLL_CTL_MOD, socket, read_events | EPOLLOUT) : 0;
}

void epoll_set::remove(int socket) noexcept {
  const auto index = static_cast<std::size_t>(socket);
  if (index < owners_.size()) owners_[index] = nullptr;
}

native_client* epoll_set::owner_of(int socket) const noexcept {
  const auto index = static_cast<std::size_t>(socket);
  return index < owners_.size() ? owners_[index] : nullptr;
}

std::span<const socket_event> epoll_set::wait(int milliseconds) {
  ready_.clear();
  const int count =
      epoll_wait(epoll_.get(), reported_.data(), static_cast<int>(reported_.size()), milliseconds);
  if (count < 0 && errno != EINTR) throw_system_error("epoll_wait");
  for (int i = 0; i < count; ++i) {
    const auto& report = reported_[static_cast<std::size_t>(i)];
    if (report.data.fd == wakeup_.get()) {
      std::uint64_t wakeups = 0;
      [[maybe_unused]] const auto read_bytes = ::read(wakeup_.get(), &wakeups, sizeof wakeups);
    } else {
      ready_.push_back({report.data.fd, report.events});
    }
  }
  return ready_;
}

void epoll_set::wake_up() noexcept {
  const std::uint64_t increment = 1;
  [[maybe_unused]] const auto written_bytes = ::write(wakeup_.get(), &increment, sizeof increment);
}

int epoll_set::control(int operation, int socket, std::uint32_t events) noexcept {
  epoll_event settings{};
  settings.events = events;
  settings.data.fd = socket;
  return epoll_ctl(epoll_.get(), operation, socket, &settings) == 0 ? 0 : errno;
}

int poll_set::add(int socket, native_client& owner, bool writes) noexcept {
  owner_ = &owner;
  try {
    // Room for the events of `wait`, which must not fail.
    ready_.reserve(sockets_.size() + 1);
    sockets_.push_back({.fd = socket, .events = events_of(writes), .revents = 0});
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

int poll_set::change(int socket, bool writes) noexcept {
  std::ranges::find(sockets_, socket, &pollfd::fd)->events = events_of(writes);
  return 0;
}

void poll_set::remove(int socket) noexcept {
  std::erase_if(sockets_, [socket](const pollfd& entry) { return entry.fd == socket; });
}

native_client* poll_set::owner_of(int socket) const noexcept {
  return std::ranges::find(sockets_, socket, &pollfd::fd) != sockets_.end() ? owner_ : nullptr;
}

std::span<const socket_event> poll_set::wait(int milliseconds) {
  ready_.clear();
  const int count = ::poll(sockets_.data(), sockets_.size(), milliseconds);
  if (count < 0 && errno != EINTR) throw_system_error("poll");
  if (count <= 0) return {};
  for (const auto& entry : sockets_) {
    if (entry.revents != 0) ready_.push_back({entry.fd, static_cast<std::uint32_t>(entry.revents)});
  }
  return ready_;
}

// Both calls have the same numbers for events.
static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLERR == EPOLLERR && POLLHUP == EPOLLHUP &&
              POLLRDHUP == EPOLLRDHUP);

short poll_set::events_of(bool writes) {
  return static_cast<short>(POLLIN | POLLRDHUP | (writes ? POLLOUT : 0));
}

}  // namespace farebench
