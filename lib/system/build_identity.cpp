#include "lib/system/build_identity.hpp"

#include <nlohmann/json.hpp>

#include "build_commit.hpp"

namespace farebench {

bool build_identity::is_fit_for_measuring() const {
  return (build_type == "Release" || build_type == "RelWithDebInfo") && sanitizers.empty();
}

const build_identity& this_build() {
  static constexpr build_identity identity{
      .version = FAREBENCH_VERSION,
      .commit = FAREBENCH_COMMIT,
      .dirty = FAREBENCH_DIRTY,
      .commit_error = FAREBENCH_COMMIT_ERROR,
      .build_type = FAREBENCH_BUILD_TYPE,
      .compiler = FAREBENCH_COMPILER,
      .flags = FAREBENCH_CXX_FLAGS,
      .sanitizers = FAREBENCH_SANITIZERS,
  };
  return identity;
}

std::string version_line(const build_identity& build) {
  std::string text{"farebench "};
  text.append(build.version).append(" (commit ").append(build.commit.substr(0, 12));
  if (build.dirty.value_or(false)) text.append(" with changes");
  text.append(", ").append(build.build_type.empty() ? "no build type" : build.build_type);
  if (!build.sanitizers.empty()) text.append(", ").append(build.sanitizers);
  return text + ')';
}

std::string build_report_json(std::string_view program, const std::map<std::string, std::string>& libraries,
                              const std::map<std::string, std::string>& extra) {
  const build_identity& build = this_build();
  nlohmann::ordered_json report{
      {"program", program},
      {"version", build.version},
      {"commit", build.commit},
      {"dirty", build.dirty ? nlohmann::ordered_json(*build.dirty) : nlohmann::ordered_json{}},
      {"commit_error", build.commit_error},
      {"build_type", build.build_type},
      {"compiler", build.compiler},
      {"flags", build.flags},
      {"sanitizers", build.sanitizers},
  };
  for (const auto& [name, value] : extra) report[name] = value;
  report["libraries"] = libraries;
  return report.dump();
}

}  // namespace farebench
