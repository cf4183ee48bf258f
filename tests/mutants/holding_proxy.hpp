#pragma once

#include <sys/types.h>

#include <string>

#include "lib/system/file_descriptor.hpp"

namespace farebench::mutants {

/// A TCP proxy on the loopback, in a child process: it passes bytes on, but holds the first of each answer
/// back for a share of the time that the answer took to come. A thread a connection. Gone with this object,
/// or with the process that made it. To be made while the process has one thread.
class holding_proxy {
 public:
  /// Throws std::system_error when there is no socket or process to be had.
  explicit holding_proxy(double share);
  ~holding_proxy();
  holding_proxy(const holding_proxy&) = delete;
  holding_proxy& operator=(const holding_proxy&) = delete;

  /// The URL of the proxy, which from now on stands before "http://127.0.0.1:PORT".
  std::string in_front_of(const std::string& url);

 private:
  pid_t child_ = -1;
  file_descriptor site_;  // where the child is told the port
  int port_ = 0;
};

}  // namespace farebench::mutants
