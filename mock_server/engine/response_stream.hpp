#pragma once

#include <httplib.h>

#include <array>
#include <cstddef>
#include <string>

namespace farebench {

/// The stream that cpp-httplib reads a request from and writes its response to: reads come from one
/// buffer, which outlives the request, and writes are held back until flush() sends them whole. So a
/// response can be rendered first and leave when it is due, in as few writes as it takes.
///
/// A request may be request_limits::request_bytes long, head and body: the library itself bounds neither its
/// header lines nor a chunked body (CVE-2025-53628, CVE-2025-46728). Owned by the connection's thread.
class response_stream final : public httplib::Stream {
 public:
  explicit response_stream(int socket) : socket_(socket) {}

  /// Waits for the first bytes of the next request; false when the peer has closed the connection, or
  /// has been silent for the socket's receive timeout.
  bool next_request();
  /// Reads and drops that many bytes of the request. False when they don't come, or are too many.
  bool skip(std::size_t size);
  /// Sends what was written; false when the peer has gone or was not reading for the socket's timeout.
  bool flush();

  /// Nothing more can be read: the peer has gone, or its request was too long. What was written can
  /// still be sent in the second case.
  bool is_at_end() const { return failed_ || request_bytes_left_ == 0; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* bytes, std::size_t size) override;
  ssize_t write(const char* bytes, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  bool receive();

  const int socket_;
  std::array<char, 4096> input_;
  std::size_t input_start_ = 0;
  std::size_t input_end_ = 0;
  std::size_t request_bytes_left_ = 0;
  std::string output_;
  bool failed_ = false;  // the socket is of no more use
};

}  // namespace farebench
