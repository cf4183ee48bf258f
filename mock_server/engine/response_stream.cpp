#include "mock_server/engine/response_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "mock_server/engine/request_limits.hpp"

namespace farebench {

bool response_stream::receive() {
  ssize_t got;
  do {
    got = ::recv(socket_, input_.data(), input_.size(), 0);
  } while (got < 0 && errno == EINTR);
  input_start_ = 0;
  input_end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  return got > 0;
}

bool response_stream::next_request() {
  request_bytes_left_ = request_limits::request_bytes;
  return !failed_ && (input_start_ < input_end_ || receive());
}

ssize_t response_stream::read(char* bytes, std::size_t size) {
  // What was written before the request has been read is an interim response ("100 Continue"), and the
  // peer waits for it.
  if (!output_.empty() && !flush()) return -1;
  if (is_at_end()) return -1;
  if (input_start_ == input_end_ && !receive()) {
    failed_ = true;
    return -1;
  }
  const std::size_t count = std::min({size, input_end_ - input_start_, request_bytes_left_});
  std::memcpy(bytes, input_.data() + input_start_, count);
  input_start_ += count;
  request_bytes_left_ -= count;
  return static_cast<ssize_t>(count);
}

bool response_stream::skip(std::size_t size) {
  std::array<char, 1024> dropped;
  while (size > 0) {
    const ssize_t got = read(dropped.data(), std::min(size, dropped.size()));
    if (got <= 0) return false;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

ssize_t response_stream::write(const char* bytes, std::size_t size) {
  output_.append(bytes, size);
  return static_cast<ssize_t>(size);
}

bool response_stream::flush() {
  std::size_t sent = 0;
  while (!failed_ && sent < output_.size()) {
    const ssize_t count = ::send(socket_, output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      failed_ = true;
    }
  }
  output_.clear();  // its memory is kept for the next response
  return !failed_;
}

// The site does not look at addresses; asking the kernel for them would be four calls a request.
void response_stream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void response_stream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace farebench
