#include "bench/probe/probe_program.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "bench/probe/client_protocol.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/date.hpp"
#include "farebench/strategy.hpp"
#include "farebench/transport.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/flags.hpp"

namespace farebench {

measured_batch::measured_batch(batch work) : work_{std::move(work)}, recorder_{work_.size} {
  instrumented_ = work_;
  if (work_.query_at) {
    instrumented_.query_at = [this](std::size_t index) {
      recorder_.start(index);
      return work_.query_at(index);
    };
  } else {
    pages_.emplace(work_.size);
    instrumented_.pages.path_at = [this](std::size_t index) {
      recorder_.start(index);
      pages_->begin(index);
      return work_.pages.path_at(index);
    };
    instrumented_.pages.on_body = [this](std::size_t index, std::string_view chunk) {
      pages_->append(index, chunk);
    };
  }
  instrumented_.on_retry = [this](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds) {
    ++retries_;
  };
}

batch_report measured_batch::run(strategy& runner) {
  recorder_.begin();
  runner.run(instrumented_, [this](std::size_t index, outcome&& result) { deliver(index, result); });
  auto report = recorder_.report();
  report.attempts = static_cast<double>(report.outcomes + retries_);
  if (!pages_) report.fares = fares_.fares();
  report.digest = pages_ ? pages_->value() : fares_.value();
  return report;
}

void measured_batch::deliver(std::size_t index, const outcome& result) {
  if (!result) return recorder_.fail(index, fmt::format("{}: {}", name_of(index), describe(result.error())));
  recorder_.finish(index);
  if (pages_) return pages_->add(index);
  fares_.add(work_.query_at(index).date, *result);
}

std::string measured_batch::name_of(std::size_t index) const {
  return pages_ ? fmt::format("item {}", index) : format_iso_date(work_.query_at(index).date);
}

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

struct probe_flags {
  std::string strategy;
  std::string url = {};
  task_kind task = task_kind::scrape;
  std::size_t workers = 1;
  std::size_t items = 1;
  std::size_t loops = 1;
  connection_mode connections = connection_mode::kept;
  std::size_t warm_up = 0;
};

/// Throws std::invalid_argument if the task has fewer items.
void check_items(task_kind task, std::string_view flag, std::size_t items) {
  const std::size_t limit = task == task_kind::get ? max_pages : max_days;
  if (items <= limit) return;
  throw std::invalid_argument{fmt::format("{} {} exceeds the limit of the task {}, which is {}", flag, items,
                                          to_string(task), limit)};
}

batch batch_of(const probe_flags& flags, std::size_t items) {
  batch work{.base_url = flags.url,
             .size = items,
             .workers = flags.workers,
             .loops = flags.loops,
             .connections = flags.connections,
             .policy = {}};
  if (flags.task == task_kind::get) {
    work.pages.path_at = path_of_page;
  } else {
    work.query_at = query_of_day;
  }
  return work;
}

/// Runs the first items without a report. Throws std::runtime_error with the first error.
void warm_up(const probe_flags& flags, strategy& runner) {
  if (flags.warm_up == 0) return;
  const auto report = measured_batch{batch_of(flags, flags.warm_up)}.run(runner);
  if (report.errors == 0) return;
  throw std::runtime_error{fmt::format("{} of {} warm-up items failed: {}", report.errors, flags.warm_up,
                                       report.first_errors.front())};
}

/// Loads the code that measures and reports, so that it is part of the baseline.
void rehearse_report() {
  batch_recorder rehearsed{1};
  rehearsed.begin();
  rehearsed.start(0);
  rehearsed.finish(0);
  static_cast<void>(to_json(rehearsed.report()));
}

int run(const probe_flags& flags, const probe& of) {
  check_items(flags.task, "--items", flags.items);
  check_items(flags.task, "--warm-up", flags.warm_up);
  const auto runner = of.make(flags.strategy, of.http);
  raise_open_file_limit();
  // Initializes the HTTP library, whose memory is part of the baseline.
  const auto library = of.http.version();
  warm_up(flags, *runner);
  rehearse_report();
  measured_batch measured{batch_of(flags, flags.items)};
  return serve_batch([&] {
    auto report = measured.run(*runner);
    if (flags.strategy != floor_strategy) report.version = library;
    return report;
  });
}

}  // namespace

std::unique_ptr<strategy> make_probe_strategy(const std::string& name, const transport& http) {
  if (name == floor_strategy) return std::make_unique<raw_epoll>();
  return make_strategy(name, http);
}

int probe_program(int argc, char** argv, const probe& of) {
  open_missing_standard_streams();
  CLI::App app{
      "One client process of farebench, started by bench: runs one batch and reports it.\n"
      "Lines on standard input and output: ready, go, report, exit."};
  probe_flags flags{.strategy = std::string{of.default_strategy}};
  bool version = false;
  app.add_option("--strategy", flags.strategy, "strategy to run");
  app.add_option("--url", flags.url, "base URL of the site, e.g. http://127.0.0.1:8080");
  app.add_option_function<std::string>(
         "--task", [&](const std::string& name) { flags.task = *parse_task(name); },
         "work per item: scrape (default) or get")
      ->check(CLI::IsMember({to_string(task_kind::scrape), to_string(task_kind::get)}));
  app.add_option("--workers", flags.workers, "maximum number of items in progress at once")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--items,--days", flags.items,
                 fmt::format("number of items; of the task scrape at most {} (days)", max_days))
      ->check(CLI::Range(1, static_cast<int>(max_pages)));
  app.add_option_function<std::string>(
         "--connections", [&](const std::string& name) { flags.connections = *parse_connection_mode(name); },
         "kept (default), or fresh: a new one for each item")
      ->check(CLI::IsMember({to_string(connection_mode::kept), to_string(connection_mode::fresh)}));
  app.add_option("--warm-up", flags.warm_up, "number of items to run before the line ready")
      ->check(CLI::Range(0, static_cast<int>(max_pages)));
  app.add_option("--loops", flags.loops, "event loops, each in a thread")->check(CLI::Range(1, 1'024));
  app.add_flag("--version", version, "print the build's identity as one line of JSON");
  try {
    parse_command_line(app, argc, argv);
    if (version) {
      const auto library = of.http.version();
      const auto slash = library.find('/');
      print_output(build_report_json(of.name, {{library.substr(0, slash), library.substr(slash + 1)}}) +
                   '\n');
      return 0;
    }
    return run(flags, of);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    print_error(of.name, error.what());
    return exit_usage;
  } catch (const std::invalid_argument& error) {
    print_error(of.name, error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    print_error(of.name, error.what());
    return exit_failed;
  }
}

}  // namespace farebench
