#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

/// An epoll that keeps what it has been told. libcurl stops watching a socket at the end of an exchange and
/// watches it again at the start of the next: two system calls, which are saved here by leaving it in, until
/// an event comes that nobody wants. One thread, but for `wake_up`.
class watched_sockets {
 public:
  /// Throws std::system_error naming the call.
  watched_sockets();

  /// Watches the socket for EPOLLIN, EPOLLOUT or both, for `owner`; 0: nobody wants its events. The errno
  /// when that failed, else 0.
  int watch(int socket, std::uint32_t events, std::uint32_t owner) noexcept;
  /// To be called before it is closed, and when it has been opened where that may have been left out: the
  /// next socket of that number is another.
  void forget(int socket);

  struct event {
    int socket;
    std::uint32_t owner;
    std::uint32_t events;
  };
  /// Waits for events, −1: for ever; those that somebody wants, valid until the next call. Throws
  /// std::system_error.
  std::span<const event> wait(int milliseconds);
  /// Ends a wait, or the next one; from any thread.
  void wake_up();

 private:
  struct watched {
    std::uint32_t owner = 0;
    std::uint16_t in_epoll = 0;  // the events that epoll reports
    std::uint16_t wanted = 0;
  };

  int tell_epoll(int operation, int socket, std::uint32_t events);

  file_descriptor epoll_;
  file_descriptor wakeup_;
  std::vector<watched> sockets_;  // by descriptor
  std::vector<event> ready_;
};

}  // namespace farebench
