#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lib/system/file_descriptor.hpp"
#include "tools/soak/oracle.hpp"
#include "tools/soak/soak_case.hpp"

namespace farebench::soak {

/// What a soak has come to. A value.
struct tally {
  std::size_t runs = 0;  ///< of a batch by a strategy
  std::size_t outcomes = 0;
  std::size_t lost = 0;        ///< queries without an outcome
  std::size_t duplicated = 0;  ///< queries with several
  std::size_t wrong = 0;       ///< successes that are none, and every other law that was broken
  std::size_t hung = 0;        ///< runs that had to be ended

  void count(law broken);
  bool all_held() const { return lost + duplicated + wrong + hung == 0; }
};

/// "41400 runs, 260000 outcomes, 0 lost, 0 duplicated, 0 wrong, 0 hung".
std::string text_of(const tally& all);

// What a campaign and the processes that work for it say to each other, a line each.

/// A case to be worked on, from one of its strategies on.
struct case_job {
  std::size_t case_index;
  std::size_t first_strategy;
};
std::string job_text(const case_job& job);

/// What comes back.
struct case_line {
  enum class kind { begun, ended, broken, done, failed };
  kind what;
  std::string strategy = {};            ///< of begun and broken
  std::size_t outcomes = 0;             ///< of ended
  breach found = {law::ends_well, {}};  ///< of broken; of failed, its detail alone
};
/// Throws std::runtime_error for what is none.
case_line read_case_line(const std::string& line);

/// Does the job that the line says, and says how it goes.
void work_on(const std::string& line, std::span<const soak_case> cases,
             std::span<const std::string> strategies, const std::function<void(std::string_view)>& say);

/// A child process that does one job after another and says how it goes in lines, so that one which hangs or
/// crashes can be counted, ended and replaced. Forked from a process of one thread; gone with this object,
/// and with the process that made it.
class worker_process {
 public:
  /// Does a job: called in the child for each line that `give` sends; `say` sends a line back.
  using job = std::function<void(const std::string& line, const std::function<void(std::string_view)>& say)>;

  /// Throws std::system_error.
  explicit worker_process(const job& what);
  ~worker_process();
  worker_process(worker_process&& other) noexcept;
  worker_process& operator=(worker_process&&) = delete;

  void give(std::string_view line);
  /// Readable when there is something to read: lines, or the child's end.
  int descriptor() const { return said_.get(); }
  /// The whole lines that have come. `ended()` afterwards, when there will be none any more.
  std::vector<std::string> read_lines();
  bool has_ended() const { return has_ended_; }
  pid_t pid() const { return child_; }
  /// Ends it at once, whatever it does.
  void kill();

 private:
  pid_t child_ = -1;
  file_descriptor given_;
  file_descriptor said_;
  std::string pending_;
  bool has_ended_ = false;
};

/// Whether the oracle bites: sends clients that are wrong on purpose (tests/mutants/wrong) to a site, and one
/// that is right as the control. Each must break the law that it is made to break, the control none. `say`
/// gets a line for each; true when all is so. To be called while the process has one thread.
bool check_mutants(const std::function<void(const std::string& line)>& say);

/// Many cases, several at once.
struct campaign {
  std::vector<soak_case> cases;
  std::vector<std::string> strategies;
  std::size_t jobs = 1;  ///< how many processes work on cases
};

/// Is told of a campaign as it goes on, on the calling thread.
struct campaign_listener {
  std::function<void(const soak_case& at, std::string_view strategy, const breach& what)> on_breach;
  std::function<void(const tally& so_far)> on_progress;  ///< about twice a second
};

/// Runs the cases in child processes of its own. One that does not come to an end in thrice its time is hung:
/// it is ended and counted, as one that crashes is, and the strategies behind it have their turn in another
/// process. To be called while the process has one thread. Ends early, with what there is, when `is_over`
/// says so. Throws std::system_error when there is no process to be had.
tally run_campaign(const campaign& what, const campaign_listener& listener,
                   const std::function<bool()>& is_over);

}  // namespace farebench::soak
