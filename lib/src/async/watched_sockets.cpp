#include "async/watched_sockets.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <system_error>

namespace farebench {
namespace {

constexpr int events_a_wait = 256;

}  // namespace

watched_sockets::watched_sockets()
    : epoll_{checked_descriptor(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")},
      wakeup_{checked_descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")} {
  if (const int failed = tell_epoll(EPOLL_CTL_ADD, wakeup_.get(), EPOLLIN); failed != 0) {
    throw std::system_error{failed, std::generic_category(), "epoll_ctl"};
  }
  ready_.reserve(events_a_wait);  // so that no wait runs out of memory
}

int watched_sockets::watch(int socket, std::uint32_t events, std::uint32_t owner) noexcept {
  const auto index = static_cast<std::size_t>(socket);
  try {
    if (index >= sockets_.size()) {
      if (events == 0) return 0;
      sockets_.resize(index + 1);
    }
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
  watched& one = sockets_[index];
  one.owner = owner;
  one.wanted = static_cast<std::uint16_t>(events);
  if (one.wanted == 0 || one.wanted == one.in_epoll) return 0;
  const int failed = tell_epoll(one.in_epoll == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, events);
  if (failed == 0) one.in_epoll = one.wanted;
  return failed;
}

void watched_sockets::forget(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= sockets_.size()) return;
  // Closing takes a socket out of epoll only when it is closed everywhere: a child process that is just being
  // started holds a copy, and then its events would come still, under a number that may be another's by then.
  if (sockets_[index].in_epoll != 0) tell_epoll(EPOLL_CTL_DEL, socket, 0);
  sockets_[index] = {};
}

std::span<const watched_sockets::event> watched_sockets::wait(int milliseconds) {
  std::array<epoll_event, events_a_wait> happened;
  const int count = epoll_wait(epoll_.get(), happened.data(), events_a_wait, milliseconds);
  if (count < 0 && errno != EINTR) throw_system_error("epoll_wait");
  ready_.clear();
  for (int i = 0; i < count; ++i) {
    const auto& one = happened[static_cast<std::size_t>(i)];
    if (one.data.fd == wakeup_.get()) {
      std::uint64_t wakeups = 0;
      [[maybe_unused]] const auto read_bytes = read(wakeup_.get(), &wakeups, sizeof wakeups);
      continue;
    }
    watched& socket = sockets_[static_cast<std::size_t>(one.data.fd)];
    if (socket.wanted != 0) {
      ready_.push_back({one.data.fd, socket.owner, one.events});
    } else {
      // An idle connection that the server has ended, say: reported again and again, if it stayed.
      tell_epoll(EPOLL_CTL_DEL, one.data.fd, 0);
      socket.in_epoll = 0;
    }
  }
  return ready_;
}

void watched_sockets::wake_up() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written_bytes = write(wakeup_.get(), &one, sizeof one);
}

int watched_sockets::tell_epoll(int operation, int socket, std::uint32_t events) {
  // Level-triggered: libcurl does not promise to read until EAGAIN.
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.fd = socket;
  return epoll_ctl(epoll_.get(), operation, socket, &wanted) == 0 ? 0 : errno;
}

}  // namespace farebench
