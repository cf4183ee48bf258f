#pragma once

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/system/file_descriptor.hpp"

namespace farebench {

class native_client;

/// A ready socket.
struct socket_event {
  int socket;
  /// EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLRDHUP, EPOLLHUP and EPOLLERR. A hint: the socket of this number may be
  /// a newer one.
  std::uint32_t events;
};

/// Sockets that a thread waits for. Not thread-safe, except `wake_up`.
class socket_set {
 public:
  virtual ~socket_set() = default;

  /// Reports a socket from now on, whenever something arrives, and once it is writable if `writes`. What
  /// arrived before is reported too. Returns 0 or an errno.
  virtual int add(int socket, native_client& owner, bool writes) noexcept = 0;
  /// Reports the socket also when it becomes writable, or no longer. Returns 0 or an errno.
  virtual int change(int socket, bool writes) noexcept = 0;
  /// Must be called before a socket is closed. Has no effect on one that has not been added.
  virtual void remove(int socket) noexcept = 0;
  /// Returns the owner of a socket, or nullptr if it has been removed.
  virtual native_client* owner_of(int socket) const noexcept = 0;
  /// Waits up to `milliseconds`. The span is valid until the next call. Throws std::system_error.
  virtual std::span<const socket_event> wait(int milliseconds) = 0;
  /// Ends the current wait, or else the next one. Thread-safe.
  virtual void wake_up() noexcept = 0;
};

/// Any number of sockets, by epoll. A socket is registered once, edge-triggered: its owner reads until
/// nothing is left.
class epoll_set final : public socket_set {
 public:
  /// Throws std::system_error naming the call that failed.
  epoll_set();

  int add(int socket, native_client& owner, bool writes) noexcept override;
  int change(int socket, bool writes) noexcept override;
  void remove(int socket) noexcept override;
  native_client* owner_of(int socket) const noexcept override;
  std::span<const socket_event> wait(int milliseconds) override;
  void wake_up() noexcept override;

 private:
  int control(int operation, int socket, std::uint32_t events) noexcept;

  static constexpr std::size_t max_events = 256;

  file_descriptor epoll_;
  file_descriptor wakeup_;
  // By descriptor. Events have descriptors instead of owners, because a removed socket may still be reported:
  // its registration ends only when a child process that is being spawned has closed its copy, too.
  std::vector<native_client*> owners_;
  std::array<epoll_event, max_events> reported_;
  std::vector<socket_event> ready_;
};

/// The few sockets of one client, by poll, without a descriptor of its own. Cannot be woken up.
class poll_set final : public socket_set {
 public:
  int add(int socket, native_client& owner, bool writes) noexcept override;
  int change(int socket, bool writes) noexcept override;
  void remove(int socket) noexcept override;
  native_client* owner_of(int socket) const noexcept override;
  std::span<const socket_event> wait(int milliseconds) override;
  void wake_up() noexcept override {}

 private:
  static short events_of(bool writes);

  std::vector<pollfd> sockets_;
  native_client* owner_ = nullptr;
  std::vector<socket_event> ready_;
};

}  // namespace farebench
