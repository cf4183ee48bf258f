#include "bench/clients/cpp/client.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
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

std::optional<std::size_t> item_batch::start_next() {
  const std::lock_guard lock{mutex_};
  if (next_ == size()) return std::nullopt;
  recorder_.start(next_);
  return next_++;
}

void item_batch::deliver(std::size_t index, const item_outcome& result) {
  const std::lock_guard lock{mutex_};
  if (!result) return recorder_.fail(index, fmt::format("item {}: {}", index, describe(result.error())));
  recorder_.finish(index);
  digest_ += result->crc32;
  fares_ += result->fares;
}

batch_report item_batch::report() {
  auto report = recorder_.report();
  report.attempts = static_cast<double>(report.outcomes);
  report.digest = digest_;
  report.fares = fares_;
  return report;
}

namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

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
  // parse_connection_mode would link the strategies, and with them libcurl.
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
  return serve_batch([&] {
    batch.begin();
    runner.run(batch);
    auto report = batch.report();
    report.version = fmt::format("{}, C++ ({})", version, FAREBENCH_CLIENT_COMPILER);
    return report;
  });
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
