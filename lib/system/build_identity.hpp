#pragma once

#include <map>
#include <string>
#include <string_view>

namespace farebench {

/// Facts about the build of the running program.
struct build_identity {
  /// "0.1.0".
  std::string_view version;
  /// 40 hex digits, or "unknown" outside a git checkout.
  std::string_view commit;
  /// True if tracked files differed from the commit.
  bool dirty;
  /// CMake's name: "Release", "Debug".
  std::string_view build_type;
  /// "GNU 12.2.0".
  std::string_view compiler;
  /// Compiler flags of the build type.
  std::string_view flags;
  /// "address,undefined", or empty.
  std::string_view sanitizers;

  /// Returns true for optimised builds without sanitizers: only their figures count.
  bool is_fit_for_measuring() const;
};

const build_identity& this_build();

/// Returns the output of `--version`: one line of JSON without its newline. The object's members are program,
/// those of build_identity, those of `extra`, and libraries (an object of names and versions).
std::string build_report_json(std::string_view program, const std::map<std::string, std::string>& libraries,
                              const std::map<std::string, std::string>& extra = {});

}  // namespace farebench
