#include "bench/context.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/route.hpp"
#include "farebench/date.hpp"
#include "lib/cli/duration_text.hpp"
#include "mock_server/process/child_process.hpp"

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

}  // namespace

std::map<std::string, std::string> measuring_context(const programs& with, const bench_flags& flags) {
  const auto client = version_of(with.fetch_probe);
  const auto server = version_of(with.mock_server);
  try {
    std::map<std::string, std::string> context{
        {"farebench_version", text_of(client.at("version"))},
        {"kernel", kernel()},
        {"cpu_model", cpu_model()},
        {"engine", text_of(server.at("engine"))},
        {"workload", flags.workload_name},
        {"latency", format_duration(flags.what.latency)},
        {"page_kb", std::to_string(flags.what.page_kb)},
        {"days", std::to_string(flags.what.days)},
        {"first_date", format_iso_date(first_date)},
    };
    for (const char* name : {"commit", "dirty", "build_type", "compiler", "flags", "sanitizers"}) {
      context[name] = text_of(client.at(name));
    }
    for (const auto* program : {&client, &server}) {
      for (const auto& [library, version] : program->at("libraries").items())
        context[library] = text_of(version);
    }
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
