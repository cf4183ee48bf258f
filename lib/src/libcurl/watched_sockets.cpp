#include "libcurl/watched_sockets.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <system_error>

namespace farebench {

watched_sockets::watched_sockets()
    : epoll_{checked_descriptor(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")},
      wakeup_{checked_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
  if (const int error = control(EPOLL_CTL_ADD, wakeup_.get(), EPOLLIN); error != 0) {
    throw std::system_error{error, std::generic_category(), "epoll_ctl"};
  }
  ready_.reserve(max_events);
}

int watched_sockets::watch(int socket, std::uint32_t events, std::uint32_t owner) noexcept {
  const auto index = static_cast<std::size_t>(socket);
  if (events == 0 && index >= registrations_.size()) return 0;
  if (!make_room_for(socket)) return ENOMEM;
  registration& current = registrations_[index];
  current.owner = owner;
  current.watched = static_cast<std::uint16_t>(events);
  if (current.watched == 0 || current.watched == current.registered) return 0;
  const int error = control(current.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, events);
  if (error == 0) current.registered = current.watched;
  return error;
}

bool watched_sockets::make_room_for(int socket) noexcept {
  const auto index = static_cast<std::size_t>(socket);
  if (index < registrations_.size()) return true;
  try {
    registrations_.resize(index + 1);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void watched_sockets::forget(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= registrations_.size()) return;
  // Closing is not enough: a child process that is just being spawned may hold a copy of the socket. epoll
  // would still report its events, under a number that may belong to another socket by then.
  if (registrations_[index].registered != 0) control(EPOLL_CTL_DEL, socket, 0);
  registrations_[index] = {};
}

std::span<const watched_sockets::event> watched_sockets::wait(int milliseconds) {
  std::array<epoll_event, max_events> reported;
  const int count =
      epoll_wait(epoll_.get(), reported.data(), static_cast<int>(reported.size()), milliseconds);
  if (count < 0 && errno != EINTR) throw_system_error("epoll_wait");
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const auto& report = reported[static_cast<std::size_t>(i)];
    const int socket = report.data.fd;
    if (socket == wakeup_.get()) {
      std::uint64_t wakeups = 0;
      [[maybe_unused]] const auto read_bytes = read(socket, &wakeups, sizeof wakeups);
      continue;
    }
    registration& current = registrations_[static_cast<std::size_t>(socket)];
    if (current.watched != 0) {
      ready_.push_back({socket, current.owner, report.events});
    } else {
      // For example an idle connection that the server has closed: epoll would report it on every wait.
      control(EPOLL_CTL_DEL, socket, 0);
      current.registered = 0;
    }
  }
  return ready_;
}

void watched_sockets::wake_up() {
  const std::uint64_t increment = 1;
  [[maybe_unused]] const auto written_bytes = write(wakeup_.get(), &increment, sizeof increment);
}

/// Calls epoll_ctl. Returns 0 or its errno. Level-triggered: libcurl does not promise to read until EAGAIN.
int watched_sockets::control(int operation, int socket, std::uint32_t events) {
  epoll_event settings{};
  settings.events = events;
  settings.data.fd = socket;
  return epoll_ctl(epoll_.get(), operation, socket, &settings) == 0 ? 0 : errno;
}

}  // namespace farebench
