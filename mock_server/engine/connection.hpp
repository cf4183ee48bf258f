#pragma once

#include <semaphore.h>

#include <chrono>
#include <mutex>
#include <set>

namespace farebench {

/// A connection being served, and the way to end it from outside. Owned by the thread that serves it;
/// interrupt() comes from any.
class connection {
 public:
  explicit connection(int socket);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  int socket() const { return socket_; }

  /// True at `moment`; false, at once, when interrupted.
  bool wait_until(std::chrono::steady_clock::time_point moment);
  /// Ends a wait and any read or write of the socket, now and later ones.
  void interrupt();

 private:
  const int socket_;
  sem_t interrupted_;  // posted once and for all
};

/// All connections of an engine, so that it can end. Any thread.
class open_connections {
 public:
  /// After interrupt_all() a connection that enters is interrupted as well.
  void enter(connection& one);
  void leave(connection& one);
  void interrupt_all();

 private:
  std::mutex mutex_;
  std::set<connection*> open_;
  bool ending_ = false;
};

}  // namespace farebench
