#include "bench/check_client.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bench/cases.hpp"
#include "bench/client_trial.hpp"
#include "bench/judge.hpp"
#include "bench/probe/scrape_task.hpp"
#include "lib/system/command_line.hpp"
#include "mock_server/faults/fault_plan.hpp"

namespace farebench {
namespace {

/// Of each response. Long enough for all workers of a concurrent client to be in flight at once.
constexpr std::chrono::milliseconds response_latency{30};
/// Items of a trial with faults, so that each fault hits one or more.
constexpr std::size_t fault_items = 17;
constexpr std::string_view request_faults =
    "status_500:5%,truncated_body:5%,reset_mid_body:5%,cut_chunks:5%,no_cookie:5%";
constexpr std::string_view page_faults = "missing_field:15%,extra_field:15%,price_not_a_number:15%";
/// For clocks that report a rounded time.
constexpr double clock_tolerance_s = 0.01;

enum class verdict { ok, note, failed };

/// Line of a check.
struct check_line {
  std::string name;
  verdict result;
  std::string text;
};

/// Returns "1 request" or "2 requests".
std::string count(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

/// Returns a line that is ok if there is no complaint.
check_line line_of(std::string name, std::string complaint, std::string praise) {
  if (complaint.empty()) return {std::move(name), verdict::ok, std::move(praise)};
  return {std::move(name), verdict::failed, std::move(complaint)};
}

std::string items_complaint(const benchmark_case& row, const server_stats& server) {
  if (server.items < row.items) {
    return fmt::format("{} of {} requested; fetch each of 0 to {}", server.items, count(row.items, "item"),
                       row.items - 1);
  }
  if (server.items > row.items) {
    return fmt::format("{} items requested instead of {}; fetch 0 to {} and no others", server.items,
                       row.items, row.items - 1);
  }
  // GET /m/ starts a session.
  const auto fetches = row.task == task_kind::scrape ? server.requests - server.sessions : server.requests;
  if (fetches == row.items) return {};
  return fmt::format("{} {} for {} items; fetch each item once, and nothing else", fetches,
                     row.task == task_kind::scrape ? "requests other than GET /m/" : "requests", row.items);
}

std::string sessions_complaint(const benchmark_case& row, const server_stats& server) {
  if (server.sessions != row.items) {
    return fmt::format("{} started for {}; begin each item with GET /m/, without a cookie",
                       count(server.sessions, "session"), count(row.items, "item"));
  }
  if (server.search_sessions == row.items) return {};
  return fmt::format("{} of {} sessions used; send the cookie that the item itself received",
                     server.search_sessions, row.items);
}

check_line workers_line(const benchmark_case& row, std::uint64_t in_flight_peak) {
  if (in_flight_peak > row.workers) {
    return {"workers", verdict::failed,
            fmt::format("{} in flight at once for {}; begin an item only when fewer than {} "
                        "are in progress",
                        count(in_flight_peak, "request"), count(row.workers, "worker"), row.workers)};
  }
  if (in_flight_peak < row.active_workers()) {
    return {"workers", verdict::note,
            fmt::format("at most {} of {} requests were in flight at once", in_flight_peak, row.workers)};
  }
  return {"workers", verdict::ok, fmt::format("at most {} requests in flight", row.workers)};
}

std::string connections_complaint(const benchmark_case& row, std::uint64_t connections) {
  // HTTP libraries may replace a connection.
  const auto max = row.max_connections() + (row.connections == connection_mode::kept ? 1 : 0);
  if (row.connections == connection_mode::kept) {
    if (connections <= max) return {};
    return fmt::format("{} for {}; use a connection for item after item, and read each response to its end",
                       count(connections, "connection"), count(row.workers, "worker"));
  }
  if (connections == max) return {};
  if (connections < max) {
    return fmt::format("{} connections for {} items; close the connection after each item", connections,
                       row.items);
  }
  return fmt::format("{} connections for {} items; use one for all requests of an item", connections,
                     row.items);
}

std::string completion_complaint(const trial_result& result) {
  if (result.reported.in_flight > 0 || result.ended.requests > result.reported.requests) {
    return fmt::format(
        "{} ended after the report; report when every item has its outcome",
        count(result.reported.in_flight + result.ended.requests - result.reported.requests, "request"));
  }
  return {};
}

/// The latency must be fixed.
std::string histogram_complaint(const benchmark_case& row, const batch_report& report, double seen_ms) {
  if (!report.item_histogram) return {};
  const auto& times = *report.item_histogram;
  if (times.count() != report.outcomes) {
    return fmt::format("item_histogram has {} for {}; count each item once, also one with an error",
                       count(times.count(), "time"), count(report.outcomes, "outcome"));
  }
  constexpr std::string_view advice =
      "count whole µs from an item's start to its outcome; docs/clients.md has test vectors";
  const double min_ms = std::chrono::duration<double, std::milli>{row.latency.mean()}.count() *
                        static_cast<double>(exchanges_per_item(row.task));
  if (const auto shortest = times.percentile_range(0); shortest.high_ms <= min_ms) {
    return fmt::format("item_histogram has an item below {} ms, but none can take less than {} ms; {}",
                       shortest.high_ms, min_ms, advice);
  }
  if (const auto longest = times.percentile_range(100); longest.low_ms > seen_ms) {
    return fmt::format("item_histogram has an item of {} ms or more, but the batch took {:.3f} ms; {}",
                       longest.low_ms, seen_ms, advice);
  }
  return {};
}

std::string report_complaint(const benchmark_case& row, const trial_result& result,
                             const expected_results& expected) {
  const auto& report = result.report;
  if (report.outcomes != row.items) {
    return fmt::format("{} outcomes for {} items; count each item once, with a result or an error",
                       report.outcomes, row.items);
  }
  if (report.errors > 0) {
    return fmt::format(
        "{} of {} items have an error although each response was right; the first: {}", report.errors,
        row.items,
        report.first_errors.empty() ? "not in first_errors" : printable(report.first_errors.front()));
  }
  const double seen_ms = 1e3 * (result.report_at_s - result.go_at_s);
  const double ideal_ms = std::chrono::duration<double, std::milli>{ideal_wall(row)}.count();
  if (const double wall_ms = report.wall_ms.value_or(seen_ms); wall_ms < ideal_ms || wall_ms > seen_ms) {
    return fmt::format(
        "wall_ms is {:.3f}, but at least {:.3f} and at most {:.3f} passed; measure ms from the start of the "
        "first item to the last outcome",
        wall_ms, ideal_ms, seen_ms);
  }
  if (report.half_done_ms.value_or(0) > report.wall_ms.value_or(seen_ms)) {
    return fmt::format("half_done_ms is {:.3f}, above wall_ms ({:.3f}); measure from the same start",
                       *report.half_done_ms, report.wall_ms.value_or(seen_ms));
  }
  if (const auto complaint = histogram_complaint(row, report, seen_ms); !complaint.empty()) return complaint;
  const double first_at_s = report.first_item_at_s.value_or(result.go_at_s);
  if (first_at_s < result.go_at_s - clock_tolerance_s ||
      first_at_s > result.report_at_s + clock_tolerance_s) {
    return fmt::format(
        "first_item_at_s is {:.3f}, but the batch ran from {:.3f} to {:.3f}; use CLOCK_MONOTONIC", first_at_s,
        result.go_at_s, result.report_at_s);
  }
  const double max_cpu_us = 1e3 * seen_ms * std::max(1U, std::thread::hardware_concurrency());
  if (report.cpu_us.value_or(0) > 1.1 * max_cpu_us + 20'000)
    return fmt::format("cpu_us is {:.0f}, above wall time times cores ({:.0f}); report µs of the batch",
                       *report.cpu_us, max_cpu_us);
  if (row.task == task_kind::scrape && report.fares.value_or(expected.fares) != expected.fares)
    return fmt::format("fares is {} instead of {}", *report.fares, expected.fares);
  return {};
}

std::string digest_complaint(std::uint64_t digest, std::uint64_t expected) {
  if (digest == expected) return {};
  constexpr std::uint64_t max_32_bits = 0xffff'ffff;
  if (digest == (expected & max_32_bits))
    return fmt::format("{} instead of {}; add the CRC-32 in an integer of 64 bits", digest, expected);
  return fmt::format("{} instead of {}; docs/clients.md has test vectors", digest, expected);
}

bool has_failed(const std::vector<check_line>& lines) {
  return std::ranges::find(lines, verdict::failed, &check_line::result) != lines.end();
}

/// Judges a trial in which every item has a result. A line that depends on a failed one is left out.
std::vector<check_line> judge_trial(const trial& tried, const trial_result& result) {
  const auto& row = tried.row;
  std::vector<check_line> lines;
  const auto add = [&](const char* name, std::string complaint, std::string praise) {
    lines.push_back(line_of(name, std::move(complaint), std::move(praise)));
  };
  auto start = result.start_failure;
  if (start.empty() && row.warm_up == 0 && result.ready.requests + result.ready.in_flight > 0) {
    start = fmt::format("{} before the line '{}'; wait for it",
                        count(result.ready.requests + result.ready.in_flight, "request"), client_go);
  } else if (!start.empty()) {
    start += fmt::format("; print '{}' first, and flush it", client_ready);
  }
  add("start", start, fmt::format("'{}', and no request before '{}'", client_ready, client_go));
  if (!start.empty()) return lines;
  if (!result.batch_failure.empty()) {
    add("report", result.batch_failure, {});
    return lines;
  }
  add("output",
      result.other_lines.empty() ? std::string{}
                                 : fmt::format("the client printed '{}'; write it to standard error",
                                               printable(result.other_lines.front())),
      "no other line");
  auto items = items_complaint(row, result.ended);
  if (!items.empty() && !result.report.first_errors.empty())
    items += fmt::format("; the client's first error: {}", printable(result.report.first_errors.front()));
  add("items", std::move(items), fmt::format("{} items, each once", row.items));
  if (row.task == task_kind::scrape)
    add("sessions", sessions_complaint(row, result.ended), "a session for each item");
  lines.push_back(workers_line(row, result.ended.in_flight_peak));
  const bool has_other_workers = lines.back().result == verdict::failed;
  if (!has_other_workers)
    add(row.connections == connection_mode::kept ? "connections kept" : "connections fresh",
        connections_complaint(row, result.reported.connections_accepted),
        fmt::format("{} connections", result.reported.connections_accepted));
  add("completion", completion_complaint(result), "no request in flight at the report, and none later");
  if (!has_failed(lines)) {
    const auto expected = results_of_site(row);
    const auto report = report_complaint(row, result, expected);
    add("report", report, fmt::format("{} outcomes, and all members are valid", row.items));
    if (report.empty()) add("digest", digest_complaint(result.report.digest, expected.digest), "right");
  }
  if (tried.how == ending::exit) {
    add("exit",
        result.end_failure.empty()
            ? std::string{}
            : fmt::format("after '{}' {}; exit with code 0", client_exit, result.end_failure),
        "exit code 0");
  }
  return lines;
}

/// Returns the text of the first failed line, or nothing.
std::string first_failure(const std::vector<check_line>& lines) {
  const auto failed = std::ranges::find(lines, verdict::failed, &check_line::result);
  return failed == lines.end() ? std::string{} : failed->text;
}

/// Judges a trial that ended before "go" or with another ending than "exit".
std::string ending_complaint(const trial& tried, const trial_result& result) {
  if (!result.start_failure.empty()) return result.start_failure;
  if (tried.ends_before_go && result.ended.requests + result.ended.in_flight > 0)
    return fmt::format("{} without '{}'; end at once", count(result.ended.requests, "request"), client_go);
  if (result.end_failure.empty()) return {};
  return fmt::format("{}; exit with code 2", result.end_failure);
}

/// Returns the first seed for which each of the faults hits an item. Retries may meet others.
std::uint64_t choose_seed(task_kind task, const fault_rates& rates) {
  for (fault_plan plan{.rates = rates};; ++plan.seed) {
    fault_rates missing = rates;
    for (std::size_t item = 0; item < fault_items; ++item) {
      const auto fault = task == task_kind::get
                             ? plan.fault_at_page(static_cast<std::uint32_t>(item))
                             : plan.fault_at({.date = query_of_day(item).date, .step = 2, .attempt = 1});
      if (fault) missing.set(*fault, 0);
    }
    if (task == task_kind::scrape && missing.rate(fault_kind::no_cookie) > 0) {
      for (std::size_t session = 0; session < fault_items; ++session)
        if (plan.fault_at({.session = session, .step = 1, .attempt = 1}) == fault_kind::no_cookie)
          missing.set(fault_kind::no_cookie, 0);
    }
    if (task == task_kind::get) missing.set(fault_kind::no_cookie, 0);
    if (missing.sum() == 0) return plan.seed;
  }
}

/// Returns "status_500 (items 2, 7), no_cookie".
std::string describe(const std::vector<logged_exchange>& log) {
  std::map<fault_kind, std::set<std::size_t>> items;
  for (const auto& exchange : log) {
    if (!exchange.fault) continue;
    auto& numbers = items[*exchange.fault];
    if (exchange.item) numbers.insert(*exchange.item);
  }
  std::vector<std::string> texts;
  for (const auto& [fault, numbers] : items) {
    auto& text = texts.emplace_back(to_string(fault));
    if (!numbers.empty())
      text += fmt::format(" (item{} {})", numbers.size() == 1 ? "" : "s", fmt::join(numbers, ", "));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// Judges a trial with faults. An item has a result if one of its pages was sent as it is.
std::string faults_complaint(const benchmark_case& row, const trial_result& result) {
  const auto met = describe(result.log);
  if (!result.start_failure.empty()) return result.start_failure;
  if (!result.batch_failure.empty()) return fmt::format("{}; the batch had {}", result.batch_failure, met);
  std::set<std::size_t> right;
  for (const auto& exchange : result.log)
    if (exchange.item && !exchange.fault && exchange.status == 200) right.insert(*exchange.item);
  std::uint64_t digest = 0;
  for (const auto item : right) {
    auto part = row;
    part.items = item;
    const auto digest_before = results_of_site(part).digest;
    part.items = item + 1;
    digest += results_of_site(part).digest - digest_before;
  }
  const auto& report = result.report;
  if (report.outcomes != row.items)
    return fmt::format("{} outcomes for {} items; count items with an error too", report.outcomes, row.items);
  if (const auto errors = row.items - right.size(); report.errors != errors) {
    return fmt::format(
        "{} errors instead of {}; report one for each item without a right response; the batch had {}",
        report.errors, errors, met);
  }
  if (report.digest != digest) {
    return fmt::format("the digest is not that of the {} items without an error; the batch had {}",
                       right.size(), met);
  }
  if (!result.end_failure.empty()) return fmt::format("{} after a batch with errors", result.end_failure);
  return {};
}

/// Runs the checks of a client and prints their lines.
class conformance_check {
 public:
  conformance_check(const programs& used, const client_program_ptr& client, const check_options& options,
                    const std::function<void(std::string_view)>& print)
      : used_{used}, client_{client}, options_{options}, print_{print} {}

  /// Returns false if the other checks were left out, because the usual batch failed.
  bool check_task(task_kind task) {
    prefix_ = fmt::format("{} ", to_string(task));
    if (!check_usual_batch(task)) {
      print({"other checks", verdict::note, "left out until these lines are ok"});
      return false;
    }
    check_special_batches(task);
    check_failures(task);
    check_warm_up(task);
    return true;
  }

  /// Checks that are the same for all tasks.
  void check_ends(task_kind task) {
    prefix_.clear();
    auto tried = usual_trial(task);
    tried.ends_before_go = true;
    tried.how = ending::closed_input;
    print("closed input before go", ending_complaint(tried, run(tried)), "exit code 2");
    tried.how = ending::other_line;
    print("other line before go", ending_complaint(tried, run(tried)), "exit code 2");
    tried.names_unknown_task = true;
    const auto result = run(tried);
    std::string complaint;
    if (result.start_failure.empty()) {
      complaint = "the client was ready; exit with code 2 before, and write a line to standard error";
    } else if (result.start_exit_code != 2) {
      complaint = fmt::format("{}; exit with code 2", result.start_failure);
    }
    print("unknown task", complaint, "exit code 2");
  }

  std::size_t failed() const { return failed_; }

 private:
  trial trial_of(task_kind task, std::size_t workers, std::size_t items) const {
    return {.row = {.strategy = client_->info.name,
                    .workers = workers,
                    .latency = response_latency,
                    .page_kb = 3,
                    .items = items,
                    .task = task,
                    .program = client_}};
  }
  trial usual_trial(task_kind task) const {
    return trial_of(task, options_.workers, 3 * options_.workers + 2);
  }
  trial_result run(const trial& tried) const { return run_trial(used_, tried, options_.limits); }

  void print(const check_line& line) {
    constexpr std::array names{"ok", "note", "FAIL"};
    if (line.result == verdict::failed) ++failed_;
    print_(fmt::format("{:<4}  {}{}: {}\n", names[static_cast<std::size_t>(line.result)], prefix_, line.name,
                       line.text));
  }
  void print(const char* name, std::string complaint, std::string praise) {
    print(line_of(name, std::move(complaint), std::move(praise)));
  }

  bool check_usual_batch(task_kind task) {
    const auto tried = usual_trial(task);
    const auto result = run(tried);
    auto lines = judge_trial(tried, result);
    if (result.start_exit_code == 2) {
      lines.front().text = fmt::format(
          "the client ended with exit code 2 before it was ready; --task {} checks the other task alone",
          to_string(task == task_kind::get ? task_kind::scrape : task_kind::get));
    }
    for (const auto& line : lines) print(line);
    return !has_failed(lines);
  }

  void check_special_batches(task_kind task) {
    auto fresh = usual_trial(task);
    fresh.row.connections = connection_mode::fresh;
    print("connections fresh", first_failure(judge_trial(fresh, run(fresh))), "a connection for each item");

    auto one_worker = trial_of(task, 1, 3);
    one_worker.how = ending::other_line;
    auto result = run(one_worker);
    print("one worker", first_failure(judge_trial(one_worker, result)), "one request at a time");
    print("other line", ending_complaint(one_worker, result), "exit code 2");

    auto one_item = trial_of(task, options_.workers, 1);
    one_item.how = ending::closed_input;
    result = run(one_item);
    print("one item", first_failure(judge_trial(one_item, result)), "right");
    print("closed input", ending_complaint(one_item, result), "exit code 2");
  }

  void check_failures(task_kind task) {
    const auto check = [&](const char* name, std::string_view text) {
      auto tried = trial_of(task, options_.workers, fault_items);
      tried.faults = text;
      tried.row.seed = choose_seed(task, parse_faults(text).value());
      const auto result = run(tried);
      print(name, faults_complaint(tried.row, result),
            fmt::format("an error for each of {}", describe(result.log)));
    };
    check("failed requests", request_faults);
    if (task == task_kind::scrape) check("invalid pages", page_faults);

    auto tried = trial_of(task, options_.workers, 3);
    tried.has_server = false;
    const auto result = run(tried);
    const auto& report = result.report;
    std::string complaint;
    for (const auto* failure : {&result.start_failure, &result.batch_failure, &result.end_failure})
      if (!failure->empty() && complaint.empty()) complaint = *failure + "; report an error for each item";
    if (complaint.empty() && (report.outcomes != 3 || report.errors != 3 || report.digest != 0)) {
      complaint = fmt::format("{} outcomes, {} errors and the digest {}, instead of 3, 3 and 0",
                              report.outcomes, report.errors, report.digest);
    }
    print("no server", complaint, "an error for each item");
  }

  void check_warm_up(task_kind task) {
    auto tried = trial_of(task, options_.workers, 4);
    tried.row.warm_up = options_.workers + 2;
    const auto result = run(tried);
    if (result.start_exit_code == 2) {
      return print({"warm-up", verdict::note,
                    "the client ended with exit code 2; without --warm-up, it cannot be run with one"});
    }
    std::string complaint;
    const auto& ready = result.ready;
    if (const auto requests = tried.row.warm_up * exchanges_per_item(task);
        result.start_failure.empty() &&
        (ready.items != tried.row.warm_up || ready.requests != requests || ready.in_flight > 0)) {
      complaint = fmt::format("{} items and {} requests before '{}' instead of {} and {}", ready.items,
                              ready.requests, client_ready, tried.row.warm_up, requests);
    } else {
      complaint = first_failure(judge_trial(tried, result));
    }
    print("warm-up", complaint, fmt::format("{} items before '{}'", tried.row.warm_up, client_ready));
  }

  const programs& used_;
  const client_program_ptr& client_;
  const check_options& options_;
  const std::function<void(std::string_view)>& print_;
  /// Task of the lines.
  std::string prefix_;
  std::size_t failed_ = 0;
};

}  // namespace

std::size_t check_client(const programs& used, const client_program_ptr& client, const check_options& options,
                         const std::function<void(std::string_view)>& print) {
  conformance_check check{used, client, options, print};
  std::optional<task_kind> right_task;
  for (const auto task : options.tasks)
    if (check.check_task(task)) right_task = task;
  if (right_task) check.check_ends(*right_task);
  return check.failed();
}

}  // namespace farebench
