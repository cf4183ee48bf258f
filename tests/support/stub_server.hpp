#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace farebench::test {

/// What a stub does with one request.
struct stub_answer {
  std::string bytes;                           ///< written as they are
  bool close_after = false;                    ///< the connection is closed behind them
  bool never = false;                          ///< nothing is written, and the connection stays open
  std::chrono::milliseconds between_bytes{0};  ///< written one by one, with such a wait behind each
  std::string later = {};                      ///< written after them, and after this wait
  std::chrono::milliseconds before_later{0};
};

/// A server on a free loopback port that answers raw bytes, so that a test can misbehave in any way.
/// The handler is called from many threads. All threads and sockets are gone when it is destroyed.
class stub_server {
 public:
  using handler = std::function<stub_answer(const std::string& request)>;

  explicit stub_server(handler answer);
  ~stub_server();

  std::string url() const;

 private:
  void accept_connections();
  void serve(int socket);

  handler answer_;
  int listening_;
  int port_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::list<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// A whole HTTP/1.1 response.
std::string http_response(int status, const std::string& extra_headers, const std::string& body);

/// A whole page of results that holds these rows.
std::string page_with(const std::string& rows);

/// "http://127.0.0.1:PORT" of a port on which nobody listens (it was free a moment ago).
std::string url_of_closed_port();

}  // namespace farebench::test
