#include <httplib.h>
#include <semaphore.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "mock_server/engines/served_site.hpp"
#include "mock_server/engines/server_engine.hpp"

// The engine on cpp-httplib. It uses only the library's public interface, as versions 0.11 to 0.18 have it.
// docs/engines.md lists the limits that this interface cannot enforce.

namespace farebench {
namespace {

using clock = std::chrono::steady_clock;

/// An event that ends the waits of all threads, present and future. Any thread.
class stop_event {
 public:
  stop_event() { ::sem_init(&set_, 0, 0); }
  ~stop_event() { ::sem_destroy(&set_); }
  stop_event(const stop_event&) = delete;
  stop_event& operator=(const stop_event&) = delete;

  void set() { ::sem_post(&set_); }
  /// Returns true at `moment`, or false as soon as the event is set.
  bool wait_until(clock::time_point moment);

 private:
  sem_t set_;
};

// A semaphore sleeps on the same high-resolution timer as clock_nanosleep and can be ended by another thread.
// A condition variable costs a second system call after each timeout: 5 % of a response, measured.
bool stop_event::wait_until(clock::time_point moment) {
  if (moment <= clock::now()) return true;
  // steady_clock is CLOCK_MONOTONIC in libstdc++ and libc++ on Linux.
  const auto since_boot = moment.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  const timespec deadline{.tv_sec = seconds.count(),
                          .tv_nsec = std::chrono::nanoseconds{since_boot - seconds}.count()};
  int result;
  do {
    result = ::sem_clockwait(&set_, CLOCK_MONOTONIC, &deadline);
  } while (result != 0 && errno == EINTR);
  // Wakes the next waiting thread.
  if (result == 0) ::sem_post(&set_);
  return result != 0;
}

/// A fixed number of threads that run jobs in the order of arrival. httplib::ThreadPool aborts the process
/// when a thread cannot be started; this one throws. Any thread, but one stop() at a time.
class job_threads {
 public:
  /// Throws std::system_error that says how many of the threads could be started.
  explicit job_threads(std::size_t count);
  ~job_threads() { stop(); }

  void enqueue(std::function<void()> job);
  /// Returns when all jobs, queued ones included, have ended. Idempotent.
  void stop();

 private:
  void run_jobs();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

job_threads::job_threads(std::size_t count) {
  threads_.reserve(count);
  try {
    while (threads_.size() < count) threads_.emplace_back([this] { run_jobs(); });
  } catch (const std::system_error& error) {
    const std::size_t started = threads_.size();
    stop();
    throw std::system_error(error.code(), "thread " + std::to_string(started + 1) + " of " +
                                              std::to_string(count) +
                                              " of the cpp-httplib engine could not be started (lower "
                                              "--connections, use --engine beast, or raise the limits)");
  }
}

void job_threads::enqueue(std::function<void()> job) {
  {
    const std::lock_guard lock{mutex_};
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void job_threads::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void job_threads::run_jobs() {
  // Linux may end a sleep late to save wake-ups: by 50 µs unless set.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  for (;;) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
  }
}

// A connection has one thread from its first request to its last.
thread_local bool connection_requests_stats;

/// Counts each accepted connection and serves it on one of the threads. The library owns it.
class connection_queue final : public httplib::TaskQueue {
 public:
  connection_queue(response_log& log, job_threads& threads) : log_(log), threads_(threads) {}

  // void in cpp-httplib 0.11; bool, true if the connection was accepted, in 0.18.
  using enqueue_result =
      decltype(std::declval<httplib::TaskQueue&>().enqueue(std::declval<std::function<void()>>()));
  enqueue_result enqueue(std::function<void()> serve) override {
    log_.connection_accepted();
    threads_.enqueue([serve = std::move(serve)] {
      connection_requests_stats = false;
      serve();
    });
    return enqueue_result(true);
  }
  void shutdown() override {}

 private:
  response_log& log_;
  job_threads& threads_;
};

enum class body_kind {
  none,
  /// Read to its end, and kept if it is a form.
  readable,
  /// Not read, so the connection must close: it is too long, the library would decode it, or the library
  /// reads no body with this method.
  unreadable,
  /// The length is not a number.
  invalid,
};

/// Returns whether a name has white space before its colon.
bool has_spaced_name(const httplib::Request& request) {
  return std::ranges::any_of(request.headers, [](const auto& header) {
    return header.first.ends_with(' ') || header.first.ends_with('\t');
  });
}

body_kind kind_of_body(const httplib::Request& request) {
  const bool is_chunked = request.has_header("Transfer-Encoding");
  const std::string length_text = request.get_header_value("Content-Length");
  // RFC 9112, section 6.1. The library would read any other coding until the client closes.
  if (is_chunked && (!length_text.empty() || request.version == "HTTP/1.0" ||
                     ::strcasecmp(request.get_header_value("Transfer-Encoding").c_str(), "chunked") != 0))
    return body_kind::invalid;
  if (!is_chunked && length_text.empty()) return body_kind::none;
  std::uint64_t length = 0;
  if (!is_chunked) {
    const char* const end = length_text.data() + length_text.size();
    const auto parsed = std::from_chars(length_text.data(), end, length);
    if (parsed.ec == std::errc::invalid_argument || parsed.ptr != end) return body_kind::invalid;
    if (parsed.ec != std::errc{} || length > request_limits::request_bytes) return body_kind::unreadable;
    if (length == 0) return body_kind::none;
  }
  const std::string& method = request.method;
  const bool has_reader = method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
  const bool is_decoded = request.is_multipart_form_data() || request.has_header("Content-Encoding");
  return has_reader && !is_decoded ? body_kind::readable : body_kind::unreadable;
}

/// One request and its response, on the thread of its connection.
struct exchange {
  clock::time_point arrival = {};
  clock::time_point due = {};
  std::string form = {};
  /// The head was read. Otherwise the library refused it, and `refusal` is the response's status.
  bool has_arrived = false;
  /// The body was read, or is not needed.
  bool is_complete = false;
  /// Has a latency and is in the response log.
  bool is_counted = false;
  bool closes_connection = false;
  /// 0, or the status to refuse the request with.
  int refusal = 0;
};

// The library passes no state of the connection to its handlers, but calls them on the connection's thread.
thread_local exchange current_exchange;

/// Replaces the library's headers and body. The library closes a connection only if the client asks for it,
/// or if a content provider fails: for `closes_connection`, one fails after the last byte.
void set_response(httplib::Response& response, site_response&& content, bool closes_connection) {
  const std::string length = std::to_string(content.body.size());
  response.status = content.status;
  response.body.clear();
  if (closes_connection) {
    response.set_content_provider(content.content_type,
                                  [body = std::move(content.body)](std::size_t, httplib::DataSink& sink) {
                                    sink.write(body.data(), body.size());
                                    return false;
                                  });
  } else {
    response.body = std::move(content.body);
  }
  response.headers.clear();
  response.set_header("Content-Length", length);
  for_each_header(content,
                  [&](const char* name, const std::string& value) { response.set_header(name, value); });
  if (closes_connection) {
    response.set_header("Connection", "close");
  } else {
    response.set_header("Keep-Alive", "timeout=" + std::to_string(request_limits::httplib_timeout.count()) +
                                          ", max=" + std::to_string(request_limits::requests_per_connection));
  }
}

/// Serves each connection on one thread, all of which are started in the constructor.
class httplib_engine final : public server_engine {
 public:
  httplib_engine(site& served, const engine_options& options);
  ~httplib_engine() override { httplib_engine::stop(); }

  std::uint16_t port() const override { return port_; }
  server_stats stats() const override { return served_.stats(); }
  void stop() override;

 private:
  using handler_result = httplib::Server::HandlerResponse;

  void configure();
  std::uint16_t bind(const std::string& host, std::uint16_t port);

  // Handlers of one exchange, in the order of their calls.
  handler_result on_head(const httplib::Request& request, httplib::Response& response);
  void on_body(const httplib::Request& request, httplib::Response& response,
               const httplib::ContentReader& read_body);
  void on_response(const httplib::Request& request, httplib::Response& response);
  void on_sent();

  served_site served_;
  stop_event stopping_;
  httplib::Server server_;
  int listening_socket_ = -1;
  std::uint16_t port_ = 0;
  std::promise<void> running_;
  // Last, so that its threads end before the members that they use.
  job_threads threads_;
};

// Threads in addition to those of the measured client: one accepts connections, the others serve /stats.
constexpr std::size_t spare_threads = 8;

std::size_t thread_count(const engine_options& options) {
  if (options.faults) throw std::invalid_argument("the cpp-httplib engine has no faults");
  return options.connections + spare_threads;
}

httplib_engine::httplib_engine(site& served, const engine_options& options)
    : served_(served, options, engine_kind::cpp_httplib, std::chrono::milliseconds{100}),
      threads_(thread_count(options)) {
  configure();
  port_ = bind(options.host, options.port);
  server_.new_task_queue = [this]() -> httplib::TaskQueue* {
    running_.set_value();
    return new connection_queue(served_.log(), threads_);
  };
  threads_.enqueue([this] { server_.listen_after_bind(); });
  // The library ignores stop() until it runs.
  running_.get_future().wait();
}

void httplib_engine::configure() {
  // Nagle's algorithm would delay every second response on a connection by 44 ms.
  server_.set_tcp_nodelay(true);
  // The library's default is SO_REUSEPORT, with which a second server on the same port would start and get
  // half of the connections.
  server_.set_socket_options([this](socket_t socket) {
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    listening_socket_ = socket;
  });
  server_.set_keep_alive_max_count(request_limits::requests_per_connection);
  server_.set_keep_alive_timeout(request_limits::httplib_timeout.count());
  server_.set_read_timeout(request_limits::httplib_timeout);
  server_.set_write_timeout(request_limits::httplib_timeout);
  server_.set_payload_max_length(request_limits::request_bytes);

  server_.set_pre_routing_handler(
      [this](const auto& request, auto& response) { return on_head(request, response); });
  const httplib::Server::HandlerWithContentReader read_body =
      [this](const auto& request, auto& response, const auto& reader) { on_body(request, response, reader); };
  server_.Post(".*", read_body);
  server_.Put(".*", read_body);
  server_.Patch(".*", read_body);
  server_.Delete(".*", read_body);
  // Called just before every response is sent, also if the library refuses a request.
  server_.set_post_routing_handler(
      [this](const auto& request, auto& response) { on_response(request, response); });
  server_.set_logger([this](const auto&, const auto&) { on_sent(); });
}

std::uint16_t httplib_engine::bind(const std::string& host, std::uint16_t port) {
  const std::string address = host + ":" + std::to_string(port);
  errno = 0;
  const int bound =
      port == 0 ? server_.bind_to_any_port(host) : (server_.bind_to_port(host, port) ? port : -1);
  if (bound < 0) {
    throw std::system_error(errno != 0 ? errno : EADDRNOTAVAIL, std::generic_category(), "bind " + address);
  }
  // The library listens with a backlog of 5: most of 100 clients that connect at once would be dropped.
  if (::listen(listening_socket_, request_limits::listen_backlog) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen " + address);
  }
  served_.add_listening_socket(listening_socket_);
  return static_cast<std::uint16_t>(bound);
}

void httplib_engine::stop() {
  // Before server_.stop(), which closes the socket.
  served_.forget_listening_sockets();
  server_.stop();
  stopping_.set();
  threads_.stop();
}

httplib_engine::handler_result httplib_engine::on_head(const httplib::Request& request,
                                                       httplib::Response& response) {
  exchange& now = current_exchange;
  now.arrival = clock::now();
  now.has_arrived = true;
  now.is_counted = served_site::counts(origin_form(request.target));
  if (now.is_counted) {
    served_.log().arrived();
  } else if (!std::exchange(connection_requests_stats, true)) {
    served_.log().stats_requested();
  }
  if (!is_known_method(request.method)) now.refusal = 501;
  const auto hosts = request.get_header_value_count("Host");
  if (hosts > 1 || (hosts == 0 && request.version == "HTTP/1.1") || has_spaced_name(request))
    now.refusal = 400;
  const body_kind body = kind_of_body(request);
  if (body == body_kind::readable && now.refusal == 0) return handler_result::Unhandled;
  if (body == body_kind::invalid) now.refusal = 400;
  if (body == body_kind::unreadable) {
    now.closes_connection = true;
    if (now.refusal == 0 && served_site::reads_body(request.method, origin_form(request.target)))
      now.refusal = 413;
  }
  now.is_complete = true;
  // Replaced in on_response(). The library 0.18 would apply the client's Range to a status of success.
  response.status = 404;
  return handler_result::Handled;
}

void httplib_engine::on_body(const httplib::Request& request, httplib::Response& response,
                             const httplib::ContentReader& read_body) {
  exchange& now = current_exchange;
  const bool is_form = served_site::reads_body(request.method, origin_form(request.target));
  std::size_t size = 0;
  const bool is_read = read_body([&](const char* bytes, std::size_t count) {
    size += count;
    if (is_form && size <= request_limits::form_bytes) now.form.append(bytes, count);
    return size <= request_limits::request_bytes;
  });
  if (is_form && size > request_limits::form_bytes) {
    now.refusal = 413;
  } else if (!is_read && size <= request_limits::request_bytes) {
    now.refusal = 400;
  }
  now.closes_connection = !is_read;
  now.is_complete = true;
  // As in on_head().
  response.status = 404;
}

void httplib_engine::on_response(const httplib::Request& request, httplib::Response& response) {
  exchange& now = current_exchange;
  if (!now.has_arrived) {
    now.arrival = clock::now();
    now.is_counted = true;
    served_.log().arrived();
  }
  if (!now.is_complete) now.refusal = response.status;
  // The library refuses a request line with 400 whatever its reason.
  if (!now.has_arrived && response.status == 400) {
    const auto& version = request.version;
    if (version.starts_with("HTTP/") && version != "HTTP/1.0" && version != "HTTP/1.1") {
      now.refusal = 505;
    } else if (!version.empty() && !is_known_method(request.method)) {
      now.refusal = 501;
    }
  }
  now.closes_connection = now.closes_connection || now.refusal != 0;

  const std::string cookie = request.get_header_value("Cookie");
  const std::string content_type = request.get_header_value("Content-Type");
  timed_response result = now.refusal != 0 ? served_.refusal(now.refusal)
                                           : served_.respond({.method = request.method,
                                                              .target = origin_form(request.target),
                                                              .cookie = cookie,
                                                              .content_type = content_type,
                                                              .body = now.form});
  const bool closes = now.closes_connection || request.get_header_value("Connection") == "close";
  set_response(response, std::move(result.content), closes);
  if (!now.is_counted) return;
  now.due = now.arrival + result.latency;
  if (stopping_.wait_until(now.due)) {
    served_.log().leaving();
    return;
  }
  now.is_counted = false;
  served_.log().abandoned();
  // Without a body: the library sends none while it stops.
  set_response(response, text_response(503, {}), true);
}

void httplib_engine::on_sent() {
  exchange& now = current_exchange;
  if (now.is_counted) served_.log().left(clock::now() - now.due);
  now = {};
}

}  // namespace

std::unique_ptr<server_engine> make_httplib_engine(site& served, const engine_options& options) {
  return std::make_unique<httplib_engine>(served, options);
}

std::unique_ptr<server_engine> make_engine(engine_kind kind, site& served, const engine_options& options) {
  return kind == engine_kind::beast ? make_event_engine(served, options)
                                    : make_httplib_engine(served, options);
}

std::string httplib_version() { return CPPHTTPLIB_VERSION; }

}  // namespace farebench
