#include "bench/clients/clients.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <stdexcept>
#include <utility>

#include "bench/probe/raw_epoll.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/child_process.hpp"

namespace farebench {
namespace {

constexpr std::array other_clients{
    client_info{
        .name = floor_strategy,
        .label = "raw epoll (floor)",
        .kind = client_kind::floor,
        .family = "floor",
        .language = "C++",
        .transport = "none",
        .control_flow = "W connections with fixed buffers on one epoll, in one thread",
        .code_changes = "everything: a minimal HTTP client for this one site",
        .uses_workers = true,
        .uses_loops = false,
        .connection_per_day = false,
    },
    client_info{
        .name = "python_sync",
        .label = "Python requests",
        .kind = client_kind::python,
        .family = "blocking",
        .language = "Python",
        .transport = "requests",
        .control_flow = "one blocking connection at a time",
        .code_changes = "nothing",
        .uses_workers = false,
        .uses_loops = false,
        .connection_per_day = true,
    },
    client_info{
        .name = "python_threads",
        .label = "Python threads",
        .kind = client_kind::python,
        .family = "blocking",
        .language = "Python",
        .transport = "requests",
        .control_flow = "W threads of a ThreadPoolExecutor, each with a blocking connection",
        .code_changes = "nothing in the function; locks around data that threads share",
        .uses_workers = true,
        .uses_loops = false,
        .connection_per_day = true,
    },
    client_info{
        .name = "python_gevent",
        .label = "Python gevent",
        .kind = client_kind::python,
        .family = "fibers",
        .language = "Python",
        .transport = "requests",
        .control_flow = "W greenlets of a gevent pool, in one thread",
        .code_changes = "the standard library is patched before all other imports",
        .uses_workers = true,
        .uses_loops = false,
        .connection_per_day = true,
    },
    client_info{
        .name = "python_asyncio",
        .label = "Python asyncio",
        .kind = client_kind::python,
        .family = "coroutines",
        .language = "Python",
        .transport = "aiohttp",
        .control_flow = "one task per day on asyncio's event loop; a semaphore admits W at a time",
        .code_changes = "async and await on every function up the call chain; another HTTP library",
        .uses_workers = true,
        .uses_loops = false,
        .connection_per_day = true,
    },
};

std::string_view label_of(std::string_view library_strategy) {
  if (library_strategy == "thread_pool") return "thread pool";
  if (library_strategy == "multi_socket") return "callbacks (multi_socket)";
  if (library_strategy == "multi_poll") return "callbacks (multi_poll)";
  return library_strategy;
}

}  // namespace

std::span<const client_info> all_clients() {
  static const std::vector<client_info> clients = [] {
    std::vector<client_info> all;
    for (const strategy_info& info : strategies()) {
      all.push_back({
          .name = info.name,
          .label = label_of(info.name),
          .kind = client_kind::library,
          .family = to_string(info.family),
          .language = "C++",
          .transport = info.transport,
          .control_flow = info.control_flow,
          .code_changes = info.code_changes,
          .uses_workers = info.uses_workers,
          .uses_loops = info.uses_loops,
          .connection_per_day = false,
      });
    }
    all.insert(all.end(), other_clients.begin(), other_clients.end());
    return all;
  }();
  return clients;
}

const client_info* find_client(std::string_view name) {
  const auto clients = all_clients();
  const auto found = std::ranges::find(clients, name, &client_info::name);
  return found == clients.end() ? nullptr : &*found;
}

bool is_python_client(std::string_view name) {
  const client_info* const info = find_client(name);
  return info != nullptr && info->kind == client_kind::python;
}

std::vector<std::string> client_names(client_kind kind) {
  std::vector<std::string> names;
  for (const client_info& info : all_clients()) {
    if (info.kind == kind) names.emplace_back(info.name);
  }
  return names;
}

python_command make_python_command(const std::filesystem::path& programs) {
  // Debian's packages belong to the system's interpreter, which need not be the first on the PATH.
  return {.interpreter = "/usr/bin/python3",
          .arguments = {(programs / "clients" / "python" / "probe.py").string()},
          .heap_environment = {{"PYTHONMALLOC", "malloc"}}};
}

bool python_libraries::has_all_of(const std::string& client) const {
  const auto found = missing.find(client);
  return found == missing.end() || found->second.empty();
}

python_libraries find_python_libraries(const python_command& command) {
  python_libraries libraries;
  if (!exists(command.interpreter)) {
    for (const auto& name : client_names(client_kind::python)) libraries.missing[name] = {"python3"};
    return libraries;
  }
  // Importing four libraries from a cold disk takes long.
  constexpr std::chrono::seconds timeout{60};
  auto arguments = command.arguments;
  arguments.emplace_back("--version");
  child_process python{{.executable = command.interpreter, .arguments = std::move(arguments)}};
  const auto response = python.read_line(timeout);
  try {
    const auto json = nlohmann::json::parse(response.line);
    json.at("libraries").get_to(libraries.versions);
    json.at("missing").get_to(libraries.missing);
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error{
        fmt::format("{} --version printed no line of JSON: is clients/python complete beside the bench?",
                    command.interpreter.string())};
  }
  return libraries;
}

std::string skip_message(std::span<const std::string> clients, const python_libraries& libraries) {
  std::set<std::string> packages;
  for (const auto& name : clients) {
    const auto& missing = libraries.missing.at(name);
    packages.insert(missing.begin(), missing.end());
  }
  return fmt::format(
      "skipped because packages are missing: {}; './dev bench --peers' installs them, or: apt-get install {}",
      fmt::join(clients, ", "), fmt::join(packages, " "));
}

}  // namespace farebench
