#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fetch_policy.hpp"
#include "farebench/strategy.hpp"
#include "tools/soak/oracle.hpp"
#include "tools/soak/run_record.hpp"

namespace farebench::soak {

/// A named set of faults: each fault of the mock server alone, in 40 % of the exchanges, or a combination.
struct fault_scenario {
  std::string name;
  /// One line for people; empty for a single fault, which mock_server describes.
  std::string_view meaning = {};
  /// In the format of `mock_server --faults`.
  std::string faults;
  /// Outcomes depend on timing, so that clients may differ. A listener closed for 30 ms refuses only the
  /// connections of that time. A connection reset after a response fails before or after the next request. A
  /// killed server loses the requests in flight. The first failures use up a retry budget.
  bool depends_on_timing = false;
  /// See run_record.
  bool faults_spread = false;
  bool restarts_server = false;
};

const std::vector<fault_scenario>& all_scenarios();

/// Returns null for an unknown name.
const fault_scenario* find_scenario(std::string_view name);

/// Configuration of a client and its server for one scenario and one seed. A value.
struct soak_plan {
  std::size_t days;
  std::size_t workers;
  std::size_t loops;
  std::size_t page_kb;
  std::chrono::milliseconds latency;
  /// The last attempt that may meet a fault; empty: faults never end.
  std::optional<std::uint32_t> faults_until;
  fetch_policy policy;
};

/// Pure. The seed varies workers, loops, page size, compression and whether faults end.
soak_plan make_plan(const fault_scenario& scenario, std::uint64_t seed);

/// One scenario with one seed: one site, against which every client runs in turn.
struct soak_case {
  const fault_scenario* scenario;
  std::uint64_t seed;
  /// Program of the site; empty: mock_server beside this program.
  std::filesystem::path mock_server = {};
};

/// A step in the progress of a case.
struct case_report {
  enum class kind : std::uint8_t { run_begin, run_end, violation_found };
  kind type = kind::run_begin;
  /// Name of the client.
  std::string client = {};
  /// Set for run_end.
  std::size_t outcomes = 0;
  /// Set for violation_found.
  violation found = {invariant::no_exception, {}};
};

using case_listener = std::function<void(const case_report& report)>;

/// A strategy on a transport, or an incorrect client in its place.
struct soak_client {
  /// In reports: "coroutines" on libcurl, otherwise with its transport, as in "coroutines/native".
  std::string name;
  /// True if it runs several scrapes at once.
  bool uses_workers = true;
  std::function<std::unique_ptr<strategy>()> create;
};

/// Runs each client in turn against one mock server, then checks the invariants, for each client alone and
/// over all of them. If the machine stalled for a quarter of the exchange deadline or for 500 ms, deadlines
/// may have passed for no fault of the client: a run that violated an invariant or is to be compared is
/// repeated, at most twice, and not compared if it stalled each time. Calls `listener` on this thread. Throws
/// std::system_error or std::runtime_error if the server does not start.
void run_case(const soak_case& work, std::span<const soak_client> clients, const case_listener& listener);

/// Detects resources that grow over many cases, although each case is correct. Not thread-safe.
class growth_detector {
 public:
  /// Call after each case. Describes the growth since the fifth call, when everything that is created only
  /// once exists; empty if there is no significant growth. Reports each growth once.
  std::string check();

 private:
  int calls_ = 0;
  held_resources first_;
};

}  // namespace farebench::soak
