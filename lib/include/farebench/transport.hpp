#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace farebench {

class blocking_client;
class loop_transport;
struct fetch_limits;
struct strategy_info;

/// HTTP client below the strategies and the event loop: libcurl_transport() (libcurl.hpp) or
/// native_transport() (native.hpp). Each is a library of its own, so that a program links only what it uses.
/// Both give the same results for the same responses. Objects are constant and exist as long as the program.
class transport {
 public:
  virtual ~transport() = default;

  /// Returns the name in flags, tables and result files: "libcurl" or "native".
  virtual std::string_view name() const = 0;
  /// Returns the name and version of the HTTP library, such as "libcurl/7.88.1". The first call initialises
  /// the library. Thread-safe. Throws std::system_error if the initialisation fails.
  virtual std::string version() const = 0;
  /// Returns true if the transport has TLS. Otherwise an https URL is an invalid one.
  virtual bool has_tls() const = 0;
  /// Returns the strategies that run on this transport, in the order of tables.
  virtual std::span<const strategy_info> strategies() const = 0;

  /// Used by event_loop and by the blocking strategies; these types are private.
  virtual std::unique_ptr<loop_transport> create_loop(std::size_t connections) const = 0;
  /// See create_loop.
  virtual std::unique_ptr<blocking_client> create_blocking_client(const fetch_limits& limits,
                                                                  const std::stop_token& stop,
                                                                  std::size_t threads) const = 0;
};

}  // namespace farebench
