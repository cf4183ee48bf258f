#include "bench/context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "bench/output/rows.hpp"
#include "bench/probe/scrape_task.hpp"
#include "farebench/date.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/cpu_limits.hpp"
#include "lib/system/host_identity.hpp"
#include "lib/system/shard.hpp"
#include "mock_server/latency/latency_model.hpp"

namespace farebench {
namespace {

using namespace std::chrono_literals;

/// Returns whether a key is Google Benchmark's, or one of ours that not every result has.
bool is_reserved(const std::string& key) {
  static const std::set<std::string> keys{"beside",
                                          "caches",
                                          "cpu_quota",
                                          "cpu_scaling_enabled",
                                          "cpuset",
                                          "date",
                                          "executable",
                                          "host_name",
                                          "interrupted",
                                          "json_schema_version",
                                          "library_build_type",
                                          "library_version",
                                          "load_avg",
                                          "machine_id",
                                          "mhz_per_cpu",
                                          "native",
                                          "native_commit",
                                          "num_cpus",
                                          "run_cases",
                                          "run_digest",
                                          "seed",
                                          "server",
                                          "server_commit",
                                          "shard",
                                          "shard_cases",
                                          "warning"};
  return keys.contains(key);
}

/// Returns the JSON that a program prints about its build. The flag of clients is --version; those of older
/// commits have no other.
nlohmann::json build_report_of(const std::filesystem::path& program, const char* flag = "--version") {
  child_process process{{.executable = program, .arguments = {flag}}};
  const auto response = process.read_line(10s);
  try {
    return nlohmann::json::parse(response.line);
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error{fmt::format("{} {} gave no line of JSON", program.filename().string(), flag)};
  }
}

std::string text_of(const nlohmann::json& value) {
  if (value.is_null()) return "unknown";
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

/// Returns the PRETTY_NAME of os-release(5): "Debian GNU/Linux 13 (trixie)".
std::string operating_system() {
  std::ifstream release{"/etc/os-release"};
  for (std::string line; std::getline(release, line);) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    std::erase(line, '"');
    return line.substr(line.find('=') + 1);
  }
  return "unknown";
}

/// Returns "2024-05-01T12:00:00+02:00".
std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::string zone(text.data(), std::strftime(text.data(), text.size(), "%z", &parts));
  return std::string(text.data(), std::strftime(text.data(), text.size(), "%FT%T", &parts)) +
         zone.insert(3, ":");
}

std::string kernel() {
  utsname name{};
  uname(&name);
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

/// Returns the different values of the cases: "50ms, 1s".
template <typename Text>
std::string values_of(const std::vector<benchmark_case>& cases, Text text_of_case) {
  std::vector<std::string> values;
  for (const auto& row : cases) {
    if (auto value = text_of_case(row); std::ranges::find(values, value) == values.end())
      values.push_back(std::move(value));
  }
  return fmt::format("{}", fmt::join(values, ", "));
}

/// Returns 8 digits that differ if the cases, their order or their repetitions do.
std::string digest_of(const std::vector<benchmark_case>& cases, std::size_t repetitions) {
  std::string text = std::to_string(repetitions);
  for (const auto& row : cases) text += fmt::format("\n{} {}", row.name(), to_string(row.kind));
  return fmt::format("{:08x}", crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

}  // namespace

std::map<std::string, std::string> measuring_context(const programs& with, const bench_flags& flags,
                                                     const std::vector<benchmark_case>& cases) {
  const auto client = build_report_of(with.fetch_probe);
  const auto server = build_report_of(with.mock_server, "--build-report");
  const auto limits = read_cpu_limits();
  try {
    std::map<std::string, std::string> context{
        {"farebench_version", text_of(client.at("version"))},
        {"os", operating_system()},
        {"kernel", kernel()},
        {"cpu_model", cpu_model()},
        {"usable_cpus", std::to_string(limits.usable_cpus)},
        {"engine",
         values_of(cases, [](const benchmark_case& row) { return std::string{to_string(row.engine)}; })},
        {"workload", flags.workload_name},
        {"latency", values_of(cases, [](const benchmark_case& row) { return format_latency(row.latency); })},
        {"page_kb", std::to_string(flags.what.page_kb)},
        {"days", values_of(cases, [](const benchmark_case& row) { return std::to_string(row.items); })},
        {"first_date", format_iso_date(first_date)},
    };
    if (!limits.cpuset.empty()) context["cpuset"] = limits.cpuset;
    if (limits.quota) context["cpu_quota"] = fmt::format("{:.4g}", *limits.quota);
    // Repeats each random latency.
    if (std::ranges::any_of(cases, [](const benchmark_case& row) { return !row.latency.is_fixed(); }))
      context["seed"] = std::to_string(flags.what.seed);
    if (const auto machine = machine_id(); !machine.empty()) context["machine_id"] = machine;
    if (flags.part) {
      context["shard"] = to_string(*flags.part);
      context["shard_cases"] = std::to_string(positions_of_shard(cases, *flags.part).size());
      context["run_cases"] = std::to_string(cases.size());
      context["run_digest"] = digest_of(cases, flags.repetitions);
    }
    for (const char* name : {"commit", "dirty", "build_type", "compiler", "flags", "sanitizers"}) {
      context[name] = text_of(client.at(name));
    }
    for (const auto* program : {&client, &server}) {
      for (const auto& [library, version] : program->at("libraries").items())
        context[library] = text_of(version);
    }
    if (const auto row = std::ranges::find_if(cases, &benchmark_case::is_native); row != cases.end()) {
      const auto native = build_report_of(probe_of(with, *row));
      for (const auto& [library, version] : native.at("libraries").items())
        context[library] = text_of(version);
      if (native.at("commit") != client.at("commit")) context["native_commit"] = text_of(native.at("commit"));
    }
    if (!with.server_url.empty()) context["server"] = with.server_url;
    if (server.at("commit") != client.at("commit")) context["server_commit"] = text_of(server.at("commit"));
    std::vector<std::string> refused;
    for (const auto& [key, value] : flags.context)
      if (is_reserved(key) || !context.emplace(key, value).second) refused.push_back(key);
    if (!refused.empty()) {
      throw flag_error{fmt::format("--benchmark_context: the bench itself writes {}; choose other keys",
                                   fmt::join(refused, ", "))};
    }
    return context;
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error{fmt::format("unexpected build report: {}", error.what())};
  }
}

std::string unfit_for_measuring(const std::map<std::string, std::string>& context) {
  if (const auto& sanitizers = context.at("sanitizers"); !sanitizers.empty()) {
    return fmt::format("built with sanitizers ({}): its figures are meaningless; use the release preset",
                       sanitizers);
  }
  if (const auto& type = context.at("build_type"); type != "Release" && type != "RelWithDebInfo") {
    return fmt::format("built unoptimised ({}): its figures are meaningless; use the release preset", type);
  }
  return {};
}

nlohmann::ordered_json context_json(const nlohmann::ordered_json& machine,
                                    const std::map<std::string, std::string>& context) {
  nlohmann::ordered_json members{{"date", local_time()}, {"executable", "bench"}};
  members.update(machine);
  for (const auto& [key, value] : context) members[one_line(key)] = one_line(value);
  return members;
}

}  // namespace farebench
