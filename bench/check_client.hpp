#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "bench/client_trial.hpp"
#include "bench/clients/clients.hpp"
#include "bench/measurement.hpp"
#include "bench/probe/client_protocol.hpp"

namespace farebench {

/// Settings of check_client().
struct check_options {
  std::vector<task_kind> tasks = {task_kind::get, task_kind::scrape};
  /// Maximum number of items in progress. 1 for a client without concurrency.
  std::size_t workers = 5;
  trial_limits limits = {};
};

/// Checks that a client keeps the protocol of docs/clients.md: starts it 18 times with mock servers that
/// count, and that inject faults. Verdicts come from the server's counters, never from the time that passed.
///
/// Calls `print` for each check with a line and its newline:
/// - "ok    get items: 17 items, each once"
/// - "note  get workers: …": allowed, but probably not intended;
/// - "FAIL  get items: 16 of 17 items requested; fetch each of 0 to 16": what is wrong, and what to change.
///
/// Checks that depend on one that failed are left out, so that one mistake fails one line. Returns the number
/// of failed checks. Throws std::system_error or std::runtime_error if a mock server or the client's program
/// cannot be started.
std::size_t check_client(const programs& used, const client_program_ptr& client, const check_options& options,
                         const std::function<void(std::string_view)>& print);

}  // namespace farebench
