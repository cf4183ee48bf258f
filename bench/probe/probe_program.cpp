#include "bench/probe/probe_program.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/probe/client_protocol.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/date.hpp"
#include "farebench/exchange.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/flags.hpp"

namespace farebench {
namespace {

constexpr std::size_t max_first_errors = 3;

struct usage {
  double cpu_us;
  std::uint64_t context_switches;
};

/// Usage of all threads of this process, including threads that have ended.
usage current_usage() {
  rusage now{};
  getrusage(RUSAGE_SELF, &now);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return {us(now.ru_utime) + us(now.ru_stime), static_cast<std::uint64_t>(now.ru_nvcsw + now.ru_nivcsw)};
}

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>{time}.count();
}

/// Returns the quantile by nearest rank, 0 without values. Reorders the values.
double quantile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto position = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::ranges::nth_element(values, position);
  return static_cast<double>(*position);
}

}  // namespace

measured_batch::measured_batch(batch work)
    : work_{std::move(work)}, started_(work_.size), scrape_ms_(work_.size) {
  // Keeps the memory, whose pages have been touched.
  scrape_ms_.clear();
  instrumented_ = work_;
  instrumented_.query_at = [this](std::size_t index) {
    // Later calls are retries.
    if (started_[index] == clock::time_point{}) started_[index] = clock::now();
    return work_.query_at(index);
  };
  instrumented_.on_retry = [this](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds) {
    ++retries_;
  };
}

batch_report measured_batch::run(strategy& runner) {
  const usage before = current_usage();
  runner.run(instrumented_, [this](std::size_t index, outcome&& result) { deliver(index, result); });
  const usage after = current_usage();

  report_.wall_ms = 0;
  if (report_.outcomes > 0) {
    const auto first = *std::ranges::min_element(started_);
    report_.wall_ms = milliseconds(last_outcome_ - first);
    report_.first_item_at_s = std::chrono::duration<double>{first.time_since_epoch()}.count();
    if (report_.outcomes >= half_of_days()) report_.half_done_ms = milliseconds(half_done_ - first);
  }
  report_.cpu_us = after.cpu_us - before.cpu_us;
  report_.context_switches = after.context_switches - before.context_switches;
  report_.attempts = static_cast<double>(report_.outcomes + retries_);
  report_.fares = digest_.fares();
  report_.digest = digest_.value();
  report_.item_p50_ms = quantile(scrape_ms_, 0.50);
  report_.item_p99_ms = quantile(scrape_ms_, 0.99);
  return report_;
}

void measured_batch::deliver(std::size_t index, const outcome& result) {
  last_outcome_ = clock::now();
  scrape_ms_.push_back(static_cast<float>(milliseconds(last_outcome_ - started_[index])));
  if (++report_.outcomes == half_of_days()) half_done_ = last_outcome_;
  const auto date = work_.query_at(index).date;
  if (result) {
    digest_.add(date, *result);
    return;
  }
  ++report_.errors;
  if (report_.first_errors.size() < max_first_errors) {
    report_.first_errors.push_back(fmt::format("{}: {}", format_iso_date(date), describe(result.error())));
  }
}

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

struct probe_flags {
  std::string strategy = "multi_socket";
  std::string url;
  std::size_t workers = 1;
  std::size_t days = 1;
  std::size_t loops = 1;
};

void write_line(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

bool read_line_equals(std::string_view expected) {
  std::string line;
  return std::getline(std::cin, line) && line == expected;
}

int run(const probe_flags& flags, const strategy_factory& make) {
  map_send_buffers();
  const auto runner = make(flags.strategy);
  raise_open_file_limit();
  // Initializes libcurl, whose memory is part of the baseline.
  http_library_version();
  measured_batch measured{{.base_url = flags.url,
                           .size = flags.days,
                           .query_at = query_of_day,
                           .workers = flags.workers,
                           .loops = flags.loops,
                           .policy = {}}};
  write_line(client_ready);
  if (!read_line_equals(client_go)) return exit_usage;
  try {
    write_line(to_json(measured.run(*runner)));
  } catch (const std::system_error& error) {
    write_line(fmt::format("{}{}", client_failed, error.what()));
  }
  return read_line_equals(client_exit) ? 0 : exit_usage;
}

}  // namespace

std::unique_ptr<strategy> make_probe_strategy(const std::string& name) {
  if (name == floor_strategy) return std::make_unique<raw_epoll>();
  return make_strategy(name);
}

int probe_program(int argc, char** argv, const strategy_factory& make) {
  open_missing_standard_streams();
  CLI::App app{
      "One client process of farebench, started by bench: runs one batch and reports it.\n"
      "Lines on standard input and output: ready, go, report, exit."};
  probe_flags flags;
  bool version = false;
  app.add_option("--strategy", flags.strategy, "strategy to run");
  app.add_option("--url", flags.url, "base URL of the site, e.g. http://127.0.0.1:8080");
  app.add_option("--workers", flags.workers, "maximum number of scrapes in flight")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--days", flags.days, "number of days to scrape")
      ->check(CLI::Range(1, static_cast<int>(max_days)));
  app.add_option("--loops", flags.loops, "event loops, each in a thread")->check(CLI::Range(1, 1'024));
  app.add_flag("--version", version, "print the build's identity as one line of JSON");
  try {
    parse_command_line(app, argc, argv);
    if (version) {
      const auto library = http_library_version();
      print_output(build_report_json("fetch_probe", {{"libcurl", library.substr(library.find('/') + 1)}}) +
                   '\n');
      return 0;
    }
    return run(flags, make);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    print_error("fetch_probe", error.what());
    return exit_usage;
  } catch (const std::invalid_argument& error) {
    print_error("fetch_probe", error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    print_error("fetch_probe", error.what());
    return exit_failed;
  }
}

}  // namespace farebench
