// fares: the scraper as a command.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "farebench/date.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/interruption.hpp"
#include "lib/system/output_file.hpp"
#include "mock_server/mock_server_process.hpp"
#include "tools/fares/fares.hpp"
#include "tools/fares/shards.hpp"

namespace {

using namespace farebench;

constexpr int exit_some_failed = 1;
constexpr int exit_usage = 2;
constexpr std::chrono::seconds drain_grace{5};

void print_error(std::string_view text) { farebench::print_error("fares", text); }

struct noun {
  std::string_view singular;
  std::string_view plural;
};
constexpr noun query_noun{"query", "queries"};
constexpr noun day_noun{"day", "days"};
constexpr noun fare_noun{"fare", "fares"};
constexpr noun retry_noun{"retry", "retries"};
constexpr noun shard_noun{"shard", "shards"};
constexpr noun attempt_noun{"attempt", "attempts"};

/// Returns the name of the job's queries.
const noun& noun_of(const fares_job& job) { return job.has_routes ? query_noun : day_noun; }

/// Returns "1 day" or "2 days".
std::string counted(std::size_t number, const noun& name) {
  return fmt::format("{} {}", number, number == 1 ? name.singular : name.plural);
}

/// Keeps "37/100 days" up to date on a terminal that does not show the fares; prints nothing elsewhere.
class progress_line {
 public:
  progress_line(std::string total, bool fares_on_stdout)
      : total_{std::move(total)},
        is_shown_{isatty(STDERR_FILENO) == 1 && !(fares_on_stdout && isatty(STDOUT_FILENO) == 1)} {}
  ~progress_line() { clear(); }

  void advance() {
    ++done_;
    if (is_shown_) std::fprintf(stderr, "\r%zu/%s", done_, total_.c_str());
  }
  /// Call before writing anything else to the terminal.
  void clear() const {
    if (is_shown_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  std::string total_;
  std::size_t done_ = 0;
  bool is_shown_;
};

/// Writes to standard output, or to a file that `commit` replaces as a whole.
class fares_writer {
 public:
  explicit fares_writer(const std::string& path) {
    if (!path.empty()) file_.emplace(path);
  }

  void write(const std::string& text) {
    if (file_) {
      file_->stream() << text;
    } else {
      require(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
    }
  }
  void commit() {
    if (file_) {
      file_->commit();
    } else {
      require(std::fflush(stdout) == 0);
    }
  }

 private:
  static void require(bool has_written) {
    if (!has_written) throw_system_error("write standard output");
  }

  std::optional<output_file> file_;
};

/// Number and errors of the queries, for standard error. Each failed query has a line; consecutive cancelled
/// queries share one.
class query_report {
 public:
  query_report(const fares_job& job, progress_line& progress) : job_{job}, progress_{progress} {}

  void add_retry(std::size_t index) {
    ++retries_;
    ++failures_[index].retries;
  }
  void add_limit(std::size_t index, retry_limit limit) { failures_[index].limit = limit; }

  /// Call for each query.
  void add(std::size_t index, const outcome& result) {
    if (result) {
      ++succeeded_;
      fares_ += result->size();
    } else if (result.error().kind == fetch_error_kind::cancelled) {
      add_cancelled(index);
    } else {
      ++failed_;
      print_cancelled();
      print(fmt::format("{}: {}{}", name(index), describe(result.error()), attempts_of(index)));
    }
    failures_.erase(index);
  }
  /// Call after the last query.
  void finish() { print_cancelled(); }

  std::size_t succeeded() const { return succeeded_; }
  std::size_t failed() const { return failed_; }
  bool is_cancelled() const { return is_cancelled_; }
  /// Returns "97 of 100 days, 1164 fares, 2 retries".
  std::string summary() const {
    const auto& name = noun_of(job_);
    const auto queries = failed_ == 0
                             ? counted(succeeded_, name)
                             : fmt::format("{} of {}", succeeded_, counted(succeeded_ + failed_, name));
    return fmt::format("{}, {}, {}", queries, counted(fares_, fare_noun), counted(retries_, retry_noun));
  }

 private:
  struct failure {
    std::size_t retries = 0;
    std::optional<retry_limit> limit;
  };

  struct index_range {
    std::size_t first;
    std::size_t last;
  };

  /// Returns "2026-03-01" or "ID1 to ID2, 2026-03-01".
  std::string name(std::size_t index) const {
    const auto date = format_iso_date(job_.date_of(index));
    const auto& [from, to] = job_.route_of(index);
    return job_.has_routes ? fmt::format("{} to {}, {}", from, to, date) : date;
  }
  void print(const std::string& line) const {
    progress_.clear();
    print_error(line);
  }
  void add_cancelled(std::size_t index) {
    is_cancelled_ = true;
    ++failed_;
    if (cancelled_ && cancelled_->last + 1 != index) print_cancelled();
    if (!cancelled_) cancelled_ = {.first = index, .last = index};
    cancelled_->last = index;
  }
  /// Prints the cancelled queries since the last call, if any.
  void print_cancelled() {
    const auto range = std::exchange(cancelled_, std::nullopt);
    if (!range) return;
    const auto& [first, last] = *range;
    print(first == last ? fmt::format("{}: cancelled", name(first))
                        : fmt::format("{} {} {}: cancelled", name(first), job_.has_routes ? "until" : "to",
                                      name(last)));
  }
  /// Returns " (3 attempts)" or another remark, or an empty text for one attempt that no limit ended.
  std::string attempts_of(std::size_t index) const {
    const auto found = failures_.find(index);
    if (found == failures_.end()) return {};
    const auto attempts = counted(found->second.retries + 1, attempt_noun);
    const auto limit = found->second.limit.value_or(retry_limit::max_attempts);
    if (limit == retry_limit::budget) return fmt::format(" ({}; retry budget spent)", attempts);
    if (limit == retry_limit::scrape_deadline) return fmt::format(" ({}; no time for another)", attempts);
    return fmt::format(" ({})", attempts);
  }

  const fares_job& job_;
  progress_line& progress_;
  // Queries without an outcome that had a failed attempt.
  std::map<std::size_t, failure> failures_;
  std::optional<index_range> cancelled_;
  bool is_cancelled_ = false;
  std::size_t succeeded_ = 0;
  std::size_t failed_ = 0;
  std::size_t fares_ = 0;
  std::size_t retries_ = 0;
};

void on_interrupt() {
  print_error("interrupted: waiting for requests in flight; press Ctrl-C again to exit immediately");
}

/// Passes outcomes with the index of their query in the job, in any order.
using job_sink = std::function<void(std::size_t index, outcome&& result)>;

/// Runs `size` queries of the job, and returns the time that took. `index_of` returns the index of the n-th,
/// from 0. The sink adds outcomes to the report.
std::chrono::duration<double> run_queries(const fares_flags& flags, const fares_job& job, std::size_t size,
                                          const std::function<std::size_t(std::size_t n)>& index_of,
                                          const interruption& interrupted, query_report& report,
                                          const job_sink& sink) {
  std::optional<mock_server_process> embedded;
  if (flags.url.empty()) {
    // The Beast engine serves any number of workers, the cpp-httplib engine at most 256.
    embedded.emplace(mock_server_process::options{
        .latency = std::chrono::milliseconds{20}, .page_kb = 3, .engine = engine_kind::beast});
    print_error("no --url given: the fares are sample data of the embedded mock server");
  }
  const auto begin = std::chrono::steady_clock::now();
  make_strategy(flags.strategy, *flags.http)
      ->run({.base_url = embedded ? embedded->url() : flags.url,
             .size = size,
             .query_at =
                 [&](std::size_t n) {
                   const auto index = index_of(n);
                   const auto& [from, to] = job.route_of(index);
                   return query{.from = from, .to = to, .date = job.date_of(index)};
                 },
             .workers = flags.workers,
             .loops = flags.loops,
             .policy = flags.policy,
             .on_retry = [&](std::size_t n, std::size_t, const fetch_error&,
                             std::chrono::milliseconds) { report.add_retry(index_of(n)); },
             .on_give_up = [&](std::size_t n, std::size_t,
                               retry_limit limit) { report.add_limit(index_of(n), limit); },
             .drain = interrupted.drain(),
             .stop = interrupted.stop()},
            [&](std::size_t n, outcome&& result) { sink(index_of(n), std::move(result)); });
  report.finish();
  return std::chrono::steady_clock::now() - begin;
}

int exit_code_of(const query_report& report) {
  if (report.is_cancelled()) return interruption::exit_interrupted;
  return report.failed() == 0 ? 0 : exit_some_failed;
}

int scrape_all(const fares_flags& flags, const fares_job& job, const interruption& interrupted) {
  fares_writer out{flags.out};
  progress_line progress{counted(job.size(), noun_of(job)), flags.out.empty()};
  query_report report{job, progress};
  in_order ordered{[&](std::size_t index, const outcome& result) {
    report.add(index, result);
    if (index == 0) out.write(opening(flags.format, job.has_routes));
    out.write(day_text(flags.format, index == 0, job.date_of(index), result,
                       job.has_routes ? &job.route_of(index) : nullptr));
  }};
  const auto elapsed = run_queries(
      flags, job, job.size(), [](std::size_t n) { return n; }, interrupted, report,
      [&](std::size_t index, outcome&& result) {
        progress.advance();
        ordered.add(index, std::move(result));
      });
  progress.clear();

  const auto remark = report.is_cancelled() ? fmt::format("interrupted: {} of {} are missing",
                                                          report.failed(), counted(job.size(), noun_of(job)))
                                            : std::string{};
  auto summary = fmt::format("{}, {:.2f} s", report.summary(), elapsed.count());
  if (flags.out.empty() || report.succeeded() > 0) {
    out.write(closing(flags.format, remark));
    out.commit();
    if (!flags.out.empty()) summary += ", written to " + flags.out;
  } else {
    summary += fmt::format(", {} not written", flags.out);
  }
  print_error(summary);
  return exit_code_of(report);
}

int scrape_shard(const fares_flags& flags, const fares_job& job, const interruption& interrupted) {
  shard_file file{flags.out, job, flags.url.empty() ? "embedded mock server" : flags.url, *flags.part};
  const auto all = counted(file.size(), noun_of(job));
  if (file.is_whole()) {
    print_error(fmt::format("{} is whole: {}; nothing to do", flags.out, all));
    return 0;
  }
  const auto& missing = file.missing();
  if (missing.size() < file.size())
    print_error(fmt::format("{} of {} are missing in {}: scraping these", missing.size(), all, flags.out));
  progress_line progress{counted(missing.size(), noun_of(job)), false};
  query_report report{job, progress};
  std::chrono::duration<double> elapsed{0};
  if (!missing.empty()) {
    elapsed = run_queries(
        flags, job, missing.size(), [&](std::size_t n) { return missing[n]; }, interrupted, report,
        [&](std::size_t index, outcome&& result) {
          if (result) file.add(index, result);
          progress.advance();
          report.add(index, result);
        });
  }
  progress.clear();

  auto summary = fmt::format("{}, {:.2f} s", report.summary(), elapsed.count());
  if (report.failed() == 0) {
    file.commit();
    summary += ", written to " + flags.out;
  } else {
    summary += fmt::format(", {} not written: {} of {} are missing; run the command again for these",
                           flags.out, report.failed(), all);
  }
  print_error(summary);
  return exit_code_of(report);
}

int scrape(const fares_flags& flags) {
  const auto job = read_job(flags);
  if (flags.http == &libcurl_transport()) map_send_buffers();
  raise_open_file_limit();
  const interruption interrupted{drain_grace, &on_interrupt};
  return flags.part ? scrape_shard(flags, job, interrupted) : scrape_all(flags, job, interrupted);
}

int merge(const merge_flags& flags) {
  fares_writer out{flags.out};
  const auto merged = merge_shards(flags.files, flags.format, flags.is_partial,
                                   [&](const std::string& text) { out.write(text); });
  out.commit();
  auto summary = fmt::format("{}, {}, {}", counted(flags.files.size(), shard_noun),
                             counted(merged.queries, query_noun), counted(merged.fares, fare_noun));
  if (merged.missing > 0) summary += fmt::format(", {} missing", counted(merged.missing, query_noun));
  if (!flags.out.empty()) summary += ", written to " + flags.out;
  print_error(summary);
  return merged.missing == 0 ? 0 : exit_some_failed;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  // A closed connection must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto [flags, merged, exit_code] = parse_fares_flags(argc, argv);
    if (exit_code) return *exit_code;
    return merged ? merge(*merged) : scrape(flags);
  } catch (const std::invalid_argument& error) {
    print_error(error.what());
    return exit_usage;
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe) end_by_closed_pipe();
    print_error(error.what());
    return exit_some_failed;
  } catch (const std::exception& error) {
    print_error(error.what());
    return exit_some_failed;
  }
}
