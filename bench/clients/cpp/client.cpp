#include "bench/clients/cpp/client.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <zlib.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>

#include "bench/probe/get_task.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/site_protocol.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/flags.hpp"

namespace farebench {

std::string search_form(std::size_t index) { return search_form_body(query_of_day(index)).value(); }

std::string session_cookie(std::string_view set_cookie) {
  const auto pair = set_cookie.substr(0, set_cookie.find(';'));
  const bool is_session =
      pair.starts_with(session_cookie_name) && pair.substr(session_cookie_name.size()).starts_with('=');
  return is_session ? std::string{pair} : std::string{};
}

fetch_error unexpected_status(unsigned status) {
  return {fetch_error_kind::unexpected_status, std::to_string(status), static_cast<int>(status)};
}

fetch_error no_session() {
  return {fetch_error_kind::no_session, fmt::format("the start page set no {} cookie", session_cookie_name)};
}

void item_reader::feed(std::string_view chunk) {
  if (task_ == task_kind::get) {
    crc32_ = static_cast<std::uint32_t>(
        crc32_z(crc32_, reinterpret_cast<const Bytef*>(chunk.data()), chunk.size()));
  } else {
    scanner_.feed(chunk);
  }
}

item_outcome item_reader::finish() {
  if (task_ == task_kind::get) return item_result{.crc32 = crc32_, .fares = 0};
  const auto fares = scanner_.finish();
  if (!fares) return std::unexpected(fares.error());
  fares_digest digest;
  digest.add(query_of_day(index_).date, *fares);
  return item_result{.crc32 = static_cast<std::uint32_t>(digest.value()), .fares = digest.fares()};
}

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

/// Returns the quantile by nearest rank. `values` is sorted and not empty.
double quantile(std::span<const float> values, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return static_cast<double>(values[std::max<std::size_t>(rank, 1) - 1]);
}

}  // namespace

item_batch::item_batch(std::size_t items) : started_(items), item_ms_(items) {
  // Keeps the memory, whose pages have been touched.
  item_ms_.clear();
}

std::optional<std::size_t> item_batch::start_next() {
  const std::lock_guard lock{mutex_};
  if (next_ == size()) return std::nullopt;
  started_[next_] = clock::now();
  return next_++;
}

void item_batch::deliver(std::size_t index, const item_outcome& result) {
  const std::lock_guard lock{mutex_};
  last_outcome_ = clock::now();
  item_ms_.push_back(static_cast<float>(milliseconds(last_outcome_ - started_[index])));
  if (++report_.outcomes == half_of_items()) half_done_ = last_outcome_;
  if (result) {
    report_.digest += result->crc32;
    fares_ += result->fares;
    return;
  }
  ++report_.errors;
  if (report_.first_errors.size() < max_first_errors)
    report_.first_errors.push_back(fmt::format("item {}: {}", index, describe(result.error())));
}

batch_report item_batch::report() {
  // Items start in the order of their indices.
  const auto first = started_.front();
  std::ranges::sort(item_ms_);
  report_.wall_ms = milliseconds(last_outcome_ - first);
  report_.attempts = static_cast<double>(report_.outcomes);
  report_.fares = fares_;
  report_.item_p50_ms = quantile(item_ms_, 0.50);
  report_.item_p99_ms = quantile(item_ms_, 0.99);
  report_.first_item_at_s = std::chrono::duration<double>{first.time_since_epoch()}.count();
  report_.half_done_ms = milliseconds(half_done_ - first);
  return report_;
}

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

void write_line(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

bool read_line_equals(std::string_view expected) {
  std::string line;
  return std::getline(std::cin, line) && line == expected;
}

/// Throws CLI::ParseError, and std::invalid_argument if the task has fewer items.
client_arguments parse_arguments(int argc, const char* const* argv) {
  CLI::App app{"A client of farebench, started by bench; see docs/clients.md."};
  client_arguments arguments;
  app.add_option("--url", arguments.url, "scheme, host and port of the site: http://127.0.0.1:8080")
      ->required();
  std::string task;
  app.add_option("--task", task, "work per item: scrape or get")
      ->required()
      ->check(CLI::IsMember({"scrape", "get"}));
  app.add_option("--workers", arguments.workers, "maximum number of items in progress")
      ->required()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--items", arguments.items,
                 fmt::format("number of items; of the task scrape at most {}", max_days))
      ->required()
      ->check(CLI::Range(1, static_cast<int>(max_pages)));
  std::string connections;
  app.add_option("--connections", connections, "connections of items: kept or fresh")
      ->required()
      ->check(CLI::IsMember({"kept", "fresh"}));
  app.add_option("--warm-up", arguments.warm_up, "number of items to run before ready")
      ->check(CLI::Range(0, static_cast<int>(max_pages)));
  parse_command_line(app, argc, argv);
  arguments.task = parse_task(task).value();
  arguments.connections = connections == "fresh" ? connection_mode::fresh : connection_mode::kept;
  if (arguments.task == task_kind::scrape && std::max(arguments.items, arguments.warm_up) > max_days)
    throw std::invalid_argument{fmt::format("--items: the task scrape has at most {}", max_days)};
  return arguments;
}

int run(const client_arguments& arguments, std::string_view version, item_runner& runner) {
  raise_open_file_limit();
  item_batch batch{arguments.items};
  if (arguments.warm_up > 0) {
    item_batch warm_up{arguments.warm_up};
    runner.run(warm_up);
  }
  write_line(client_ready);
  if (!read_line_equals(client_go)) return exit_usage;
  try {
    const usage before = current_usage();
    runner.run(batch);
    const usage after = current_usage();
    auto report = batch.report();
    report.version = fmt::format("{}, C++ ({})", version, FAREBENCH_CLIENT_COMPILER);
    report.cpu_us = after.cpu_us - before.cpu_us;
    report.context_switches = after.context_switches - before.context_switches;
    write_line(to_json(report));
  } catch (const std::exception& error) {
    write_line(fmt::format("{}{}", client_failed, error.what()));
  }
  return read_line_equals(client_exit) ? 0 : exit_usage;
}

}  // namespace

int client_program(int argc, char** argv, std::string_view version, const item_runner_factory& make) {
  open_missing_standard_streams();
  const std::string_view program = argv[0];
  try {
    const auto arguments = parse_arguments(argc, argv);
    return run(arguments, version, *make(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return CLI::App{}.exit(error);
    print_error(program, error.what());
    return exit_usage;
  } catch (const std::invalid_argument& error) {
    print_error(program, error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    print_error(program, error.what());
    return exit_failed;
  }
}

}  // namespace farebench
