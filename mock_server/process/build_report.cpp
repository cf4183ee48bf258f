#include "mock_server/process/build_report.hpp"

#include <nlohmann/json.hpp>

#include "cmake/build_identity.hpp"

namespace farebench {

std::string build_report_json(std::string_view program, const std::map<std::string, std::string>& libraries,
                              const std::map<std::string, std::string>& extra) {
  const build_identity& build = this_build();
  nlohmann::ordered_json report{
      {"program", program},   {"version", build.version},       {"commit", build.commit},
      {"dirty", build.dirty}, {"build_type", build.build_type}, {"compiler", build.compiler},
      {"flags", build.flags}, {"sanitizers", build.sanitizers},
  };
  for (const auto& [name, value] : extra) report[name] = value;
  report["libraries"] = libraries;
  return report.dump();
}

}  // namespace farebench
