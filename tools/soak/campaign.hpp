#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/system/file_descriptor.hpp"
#include "tools/soak/oracle.hpp"
#include "tools/soak/soak_case.hpp"

namespace farebench::soak {

/// Result of a campaign. A value.
struct tally {
  /// Number of batches, each run by one client.
  std::size_t runs = 0;
  std::size_t outcomes = 0;
  /// Queries without an outcome.
  std::size_t lost = 0;
  /// Queries with several outcomes.
  std::size_t duplicated = 0;
  /// Violations of all other invariants.
  std::size_t wrong = 0;
  /// Runs that had to be killed.
  std::size_t hung = 0;

  void count(invariant violated);
  bool is_clean() const { return lost + duplicated + wrong + hung == 0; }
};

/// "41400 runs, 260000 outcomes, 0 lost, 0 duplicated, 0 wrong, 0 hung".
std::string text_of(const tally& total);

/// Text of a report, for a message between processes. Throws std::runtime_error for invalid text.
std::string text_of(const case_report& report);
case_report parse_case_report(const std::string& text);

/// A forked child process that handles messages one after the other and sends messages back, so that a
/// handler that hangs or crashes can be counted, killed and replaced. Create it while the process has one
/// thread. The child ends with this object, and with its parent process.
class worker_process {
 public:
  /// Sends a message of at most `max_message_bytes` to the parent.
  using sender = std::function<void(std::string_view message)>;
  /// Runs in the child for each message. An exception sends "failed MESSAGE" and ends the child.
  using handler = std::function<void(const std::string& message, const sender& send)>;
  static constexpr std::size_t max_message_bytes = 64 * 1024;

  /// Throws std::system_error if there is no socket or process.
  explicit worker_process(const handler& handle);
  ~worker_process();
  worker_process(worker_process&& other) noexcept;
  worker_process& operator=(worker_process&&) = delete;

  void send(std::string_view message);
  /// Becomes readable when the child has sent a message or ended.
  int descriptor() const { return socket_.get(); }
  /// Waits for a message. Returns nullopt when the child has ended.
  std::optional<std::string> receive();
  pid_t pid() const { return child_; }
  /// Sends SIGKILL and reaps the child.
  void kill();

 private:
  pid_t child_ = -1;
  file_descriptor socket_;
};

/// Cases to run, several at a time.
struct campaign {
  std::vector<soak_case> cases;
  std::vector<soak_client> clients;
  /// Number of worker processes.
  std::size_t jobs = 1;
};

/// Receives the progress of a campaign, on the calling thread.
struct campaign_listener {
  std::function<void(const soak_case& work, std::string_view client, const violation& found)> on_violation;
  /// Called about twice per second.
  std::function<void(const tally& total)> on_progress;
};

/// Runs the cases in worker processes. A run that passes its time limit counts as hung and is killed; a
/// process that ends counts as a violation of no_exception. In both cases a new process continues with the
/// next client. Call it while the process has one thread. Returns early, with the tally so far, once
/// `is_cancelled` returns true. Throws std::system_error if no process can be created.
tally run_campaign(const campaign& plan, const campaign_listener& listener,
                   const std::function<bool()>& is_cancelled);

/// Checks that the oracle detects clients that are wrong on purpose, and accepts a correct one. Prints a line
/// per client; true if all have the expected result. Call it while the process has one thread.
bool check_mutants(const std::function<void(const std::string& line)>& print);

}  // namespace farebench::soak
