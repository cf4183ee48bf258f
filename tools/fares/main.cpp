// fares: the scraper as a command.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
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

  /// Call for each query, in order.
  void add(std::size_t index, const outcome& result) {
    const bool is_cancelled = !result && result.error().kind == fetch_error_kind::cancelled;
    if (is_cancelled) {
      ++cancelled_;
      if (!first_cancelled_) first_cancelled_ = index;
    } else {
      print_cancelled(index);
    }
    if (result) {
      ++succeeded_;
      fares_ += result->size();
    } else {
      ++failed_;
      if (!is_cancelled) {
        print(fmt::format("{}: {}{}", name(index), describe(result.error()), attempts_of(index)));
      }
    }
    failures_.erase(index);
  }
  /// Call after the last query.
  void finish() { print_cancelled(job_.size()); }

  std::size_t succeeded() const { return succeeded_; }
  std::size_t failed() const { return failed_; }
  bool is_cancelled() const { return cancelled_ > 0; }
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
  /// Prints the cancelled queries from first_cancelled_ to before `end`, if any.
  void print_cancelled(std::size_t end) {
    const auto first = std::exchange(first_cancelled_, std::nullopt);
    if (!first) return;
    const auto range = *first + 1 == end ? name(*first)
                                         : fmt::format("{} {} {}", name(*first),
                                                       job_.has_routes ? "until" : "to", name(end - 1));
    print(range + ": cancelled");
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
  std::optional<std::size_t> first_cancelled_;
  std::size_t succeeded_ = 0;
  std::size_t failed_ = 0;
  std::size_t cancelled_ = 0;
  std::size_t fares_ = 0;
  std::size_t retries_ = 0;
};

void on_interrupt() {
  print_error("interrupted: waiting for requests in flight; press Ctrl-C again to exit immediately");
}

int scrape(const fares_flags& flags) {
  const auto job = read_job(flags);
  if (flags.http == &libcurl_transport()) map_send_buffers();
  raise_open_file_limit();
  const interruption interrupted{drain_grace, &on_interrupt};
  fares_writer out{flags.out};
  std::optional<mock_server_process> embedded;
  if (flags.url.empty()) {
    // The Beast engine serves any number of workers, the cpp-httplib engine at most 256.
    embedded.emplace(mock_server_process::options{
        .latency = std::chrono::milliseconds{20}, .page_kb = 3, .engine = engine_kind::beast});
    print_error("no --url given: the fares are sample data of the embedded mock server");
  }

  const auto begin = std::chrono::steady_clock::now();
  progress_line progress{counted(job.size(), noun_of(job)), flags.out.empty()};
  query_report report{job, progress};
  in_order ordered{[&](std::size_t index, const outcome& result) {
    report.add(index, result);
    if (index == 0) out.write(opening(flags.format, job.has_routes));
    out.write(day_text(flags.format, index == 0, job.date_of(index), result,
                       job.has_routes ? &job.route_of(index) : nullptr));
  }};

  make_strategy(flags.strategy, *flags.http)
      ->run({.base_url = embedded ? embedded->url() : flags.url,
             .size = job.size(),
             .query_at =
                 [&](std::size_t index) {
                   const auto& [from, to] = job.route_of(index);
                   return query{.from = from, .to = to, .date = job.date_of(index)};
                 },
             .workers = flags.workers,
             .loops = flags.loops,
             .policy = flags.policy,
             .on_retry = [&](std::size_t index, std::size_t, const fetch_error&,
                             std::chrono::milliseconds) { report.add_retry(index); },
             .on_give_up = [&](std::size_t index, std::size_t,
                               retry_limit limit) { report.add_limit(index, limit); },
             .drain = interrupted.drain(),
             .stop = interrupted.stop()},
            [&](std::size_t index, outcome&& result) {
              progress.advance();
              ordered.add(index, std::move(result));
            });
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  report.finish();
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
  if (report.is_cancelled()) return interruption::exit_interrupted;
  return report.failed() == 0 ? 0 : exit_some_failed;
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_streams();
  // A closed connection must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const auto [flags, exit_code] = parse_fares_flags(argc, argv);
    return exit_code ? *exit_code : scrape(flags);
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
