#include "bench/clients/clients.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>
#include <utility>

#include "lib/system/child_process.hpp"

namespace farebench {
namespace {

// The system's, whose libraries are Debian's packages; one from elsewhere on the PATH would not have them.
constexpr const char* interpreter = "/usr/bin/python3";

}  // namespace

bool is_peer(std::string_view strategy) {
  return std::ranges::find(peer_names, strategy) != peer_names.end();
}

peer_command command_of_peers(const std::filesystem::path& programs) {
  return {.interpreter = interpreter,
          .arguments = {(programs / "clients" / "python" / "probe.py").string()},
          .environment_to_count = {{"PYTHONMALLOC", "malloc"}}};
}

namespace {

// Four libraries are imported, from a cold disk perhaps.
constexpr std::chrono::seconds patience{60};

}  // namespace

peer_libraries find_peer_libraries(const peer_command& command) {
  peer_libraries found;
  if (!exists(command.interpreter)) {
    for (const auto name : peer_names) found.missing[std::string{name}] = {"python3"};
    return found;
  }
  auto arguments = command.arguments;
  arguments.emplace_back("--version");
  child_process asked{{.executable = command.interpreter, .arguments = std::move(arguments)}};
  const auto answer = asked.read_line(patience);
  try {
    const auto told = nlohmann::json::parse(answer.line);
    told.at("libraries").get_to(found.versions);
    told.at("missing").get_to(found.missing);
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error{
        fmt::format("{} --version gave no line of JSON: is clients/python complete beside the bench?",
                    command.interpreter.string())};
  }
  return found;
}

bool is_unready(std::string_view peer, const peer_libraries& found) {
  const auto lacks = found.missing.find(std::string{peer});
  return lacks != found.missing.end() && !lacks->second.empty();
}

std::string note_on_skipped(std::span<const std::string> peers, const peer_libraries& found) {
  std::set<std::string> packages;
  for (const auto& name : peers) {
    const auto& lacks = found.missing.at(name);
    packages.insert(lacks.begin(), lacks.end());
  }
  return fmt::format(
      "skipped for want of packages: {}; './dev bench --peers' installs them, or: apt-get install {}",
      fmt::join(peers, ", "), fmt::join(packages, " "));
}

}  // namespace farebench
