#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "bench/probe/batch_recorder.hpp"
#include "bench/probe/client_protocol.hpp"
#include "farebench/fare_scanner.hpp"
#include "farebench/fetch_error.hpp"
#include "farebench/strategy.hpp"

namespace farebench {

/// Arguments of a client; see docs/clients.md.
struct client_arguments {
  /// Scheme, host and port of the site, without a path.
  std::string url;
  task_kind task = task_kind::scrape;
  std::size_t workers = 1;
  std::size_t items = 1;
  connection_mode connections = connection_mode::kept;
  /// Number of items to run before the batch.
  std::size_t warm_up = 0;
};

/// Result of an item without an error.
struct item_result {
  /// CRC-32 of the item's text or body.
  std::uint32_t crc32;
  /// Number of fares; zero for the task `get`.
  std::size_t fares;
};

using item_outcome = std::expected<item_result, fetch_error>;

/// Returns the body of the search request of an item of the task `scrape`.
std::string search_form(std::size_t index);

/// Returns the session cookie, "JSESSIONID=…", of a Set-Cookie header's value. Empty if it sets another
/// cookie.
std::string session_cookie(std::string_view set_cookie);

fetch_error unexpected_status(unsigned status);
fetch_error no_session();

/// Reads the body that is an item's result while it arrives.
class item_reader {
 public:
  item_reader(task_kind task, std::size_t index) : task_{task}, index_{index} {}

  void feed(std::string_view chunk);

  /// Ends the body. Call it once.
  item_outcome finish();

 private:
  task_kind task_;
  std::size_t index_;
  fare_scanner scanner_;
  std::uint32_t crc32_ = 0;
};

/// The items of a batch: hands them out, and measures them. Thread-safe.
class item_batch {
 public:
  explicit item_batch(std::size_t items) : recorder_{items} {}

  std::size_t size() const { return recorder_.items(); }

  /// Call it once, before the first item.
  void begin() { recorder_.begin(); }
  /// Starts the next item. Returns its index, or nullopt if all items have been started.
  std::optional<std::size_t> start_next();

  void deliver(std::size_t index, const item_outcome& result);

  /// Call it once, when each item has its outcome.
  batch_report report();

 private:
  std::mutex mutex_;
  std::size_t next_ = 0;
  batch_recorder recorder_;
  std::uint64_t fares_ = 0;
  std::uint64_t digest_ = 0;
};

/// Runs items with an HTTP library. Keeps connections from batch to batch if the arguments say so.
class item_runner {
 public:
  virtual ~item_runner() = default;

  /// Runs the items that `batch` hands out, at most `workers` at once. Returns when each has its outcome and
  /// all connections that are not kept are closed. Throws std::exception if the batch cannot run.
  virtual void run(item_batch& batch) = 0;
};

using item_runner_factory = std::function<std::unique_ptr<item_runner>(const client_arguments&)>;

/// Main function of a client: speaks the protocol of docs/clients.md on standard input and output. Returns
/// the exit code. `version` names the HTTP library. `make` throws std::invalid_argument for an unsupported
/// argument.
int client_program(int argc, char** argv, std::string_view version, const item_runner_factory& make);

}  // namespace farebench
