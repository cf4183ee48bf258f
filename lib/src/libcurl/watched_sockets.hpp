#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// An epoll instance that keeps registrations between exchanges. libcurl stops watching a socket at the end
/// of an exchange and watches it again at the start of the next. Keeping the registration until an unwanted
/// event arrives saves both system calls. Not thread-safe, except `wake_up`.
class watched_sockets {
 public:
  struct event {
    int socket;
    std::uint32_t owner;
    std::uint32_t events;
  };

  /// Maximum number of events that one `wait` returns; further ones are left to the next.
  static constexpr std::size_t max_events = 256;

  /// Throws std::system_error naming the call that failed.
  watched_sockets();

  /// Watches a socket for `events`: EPOLLIN, EPOLLOUT or both, or 0 for none. `owner` is returned with them.
  /// Returns 0, or an errno (ENOMEM, or one of epoll_ctl).
  int watch(int socket, std::uint32_t events, std::uint32_t owner) noexcept;
  /// Forgets a socket before it is closed, because the next socket may get its number. Must also be called
  /// for a new socket if the close of the previous one may have gone unnoticed.
  void forget(int socket);

  /// Waits up to `milliseconds` for events, without limit if it is −1. Returns the events of watched
  /// sockets; the span is valid until the next call. Throws std::system_error.
  std::span<const event> wait(int milliseconds);
  /// Ends the current wait, or else the next one. Thread-safe.
  void wake_up();

 private:
  struct registration {
    std::uint32_t owner = 0;
    // Events that epoll reports.
    std::uint16_t registered = 0;
    // Events to return from `wait`.
    std::uint16_t watched = 0;
  };

  bool make_room_for(int socket) noexcept;
  int control(int operation, int socket, std::uint32_t events);

  file_descriptor epoll_;
  file_descriptor wakeup_;
  // Indexed by descriptor.
  std::vector<registration> registrations_;
  std::vector<event> ready_;
};

}  // namespace farebench
