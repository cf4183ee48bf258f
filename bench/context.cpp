#include "bench/context.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/probe/scrape_task.hpp"
#include "farebench/date.hpp"
#include "lib/system/child_process.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

/// What a program says of its build at --version.
nlohmann::json version_of(const std::filesystem::path& program) {
  child_process asked{
      {.executable = program, .arguments = {"--version"}, .environment = {}, .inherited_descriptors = {}}};
  const auto answer = asked.read_line(10s);
  try {
    return nlohmann::json::parse(answer.line);
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error{fmt::format("{} --version gave no line of JSON", program.filename().string())};
  }
}

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string cpu_model() {
  std::ifstream cpuinfo{"/proc/cpuinfo"};
  for (std::string line; std::getline(cpuinfo, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string kernel() {
  utsname name{};
  uname(&name);
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

/// What the cases have of one kind, each value once: "50ms, 1s".
template <typename Text>
std::string different(const std::vector<benchmark_case>& cases, Text text_of_case) {
  std::vector<std::string> values;
  for (const auto& row : cases) {
    if (auto value = text_of_case(row); std::ranges::find(values, value) == values.end())
      values.push_back(std::move(value));
  }
  return fmt::format("{}", fmt::join(values, ", "));
}

}  // namespace

std::map<std::string, std::string> measuring_context(const programs& with, const bench_flags& flags,
                                                     const std::vector<benchmark_case>& cases,
                                                     const python_libraries& peers) {
  const auto client = version_of(with.fetch_probe);
  const auto server = version_of(with.mock_server);
  try {
    std::map<std::string, std::string> context{
        {"farebench_version", text_of(client.at("version"))},
        {"kernel", kernel()},
        {"cpu_model", cpu_model()},
        {"engine",
         different(cases, [](const benchmark_case& row) { return std::string{to_string(row.engine)}; })},
        {"workload", flags.workload_name},
        {"latency", different(cases, [](const benchmark_case& row) { return format_latency(row.latency); })},
        {"page_kb", std::to_string(flags.what.page_kb)},
        {"days", different(cases, [](const benchmark_case& row) { return std::to_string(row.days); })},
        {"first_date", format_iso_date(first_date)},
    };
    // With the latency's text it repeats each delay exactly; a fixed one has no use for it.
    if (std::ranges::any_of(cases, [](const benchmark_case& row) { return !row.latency.is_fixed(); }))
      context["seed"] = std::to_string(flags.what.seed);
    for (const char* name : {"commit", "dirty", "build_type", "compiler", "flags", "sanitizers"}) {
      context[name] = text_of(client.at(name));
    }
    for (const auto* program : {&client, &server}) {
      for (const auto& [library, version] : program->at("libraries").items())
        context[library] = text_of(version);
    }
    if (std::ranges::any_of(cases, [](const benchmark_case& row) { return is_python_client(row.strategy); }))
      context.insert(peers.versions.begin(), peers.versions.end());
    if (server.at("commit") != client.at("commit")) context["server_commit"] = text_of(server.at("commit"));
    return context;
  } catch (const nlohmann::json::exception& fault) {
    throw std::runtime_error{fmt::format("a program's --version is not understood: {}", fault.what())};
  }
}

std::string unfit_for_measuring(const std::map<std::string, std::string>& context) {
  if (const auto& sanitizers = context.at("sanitizers"); !sanitizers.empty()) {
    return fmt::format("built with sanitizers ({}): its figures say nothing; use the release preset",
                       sanitizers);
  }
  if (const auto& type = context.at("build_type"); type != "Release" && type != "RelWithDebInfo") {
    return fmt::format("built unoptimised ({}): its figures say nothing; use the release preset", type);
  }
  return {};
}

}  // namespace farebench
