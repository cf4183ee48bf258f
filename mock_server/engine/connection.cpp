#include "mock_server/engine/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <ctime>

namespace farebench {

connection::connection(int socket) : socket_(socket) { ::sem_init(&interrupted_, 0, 0); }
connection::~connection() { ::sem_destroy(&interrupted_); }

// A semaphore and not clock_nanosleep, which nothing but a signal could end: with a latency of an hour a
// server must still stop at once. Both sleep on the same high-resolution timer; a condition variable does
// too, but costs a second system call after each timeout (5 % of a response, measured).
bool connection::wait_until(std::chrono::steady_clock::time_point moment) {
  if (moment <= std::chrono::steady_clock::now()) return true;
  // steady_clock is CLOCK_MONOTONIC in libstdc++ and libc++ on Linux.
  const auto since_boot = moment.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  const timespec until{.tv_sec = seconds.count(),
                       .tv_nsec = std::chrono::nanoseconds{since_boot - seconds}.count()};
  int result;
  do {
    result = ::sem_clockwait(&interrupted_, CLOCK_MONOTONIC, &until);
  } while (result != 0 && errno == EINTR);
  if (result == 0) ::sem_post(&interrupted_);  // for good
  return result != 0;
}

void connection::interrupt() {
  ::sem_post(&interrupted_);
  ::shutdown(socket_, SHUT_RDWR);
}

void open_connections::enter(connection& one) {
  const std::lock_guard lock{mutex_};
  open_.insert(&one);
  if (ending_) one.interrupt();
}

void open_connections::leave(connection& one) {
  const std::lock_guard lock{mutex_};
  open_.erase(&one);
}

void open_connections::interrupt_all() {
  const std::lock_guard lock{mutex_};
  ending_ = true;
  for (connection* const one : open_) one->interrupt();
}

}  // namespace farebench
