#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace farebench {

/// Facts about the build of the running program.
struct build_identity {
  /// "0.2.0".
  std::string_view version;
  /// 40 hex digits, or "unknown".
  std::string_view commit;
  /// True if tracked files differed from the commit. Absent if that is unknown.
  std::optional<bool> dirty;
  /// Reason for an unknown commit or dirty: "the sources are no git checkout", or git's. Otherwise empty.
  std::string_view commit_error;
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

/// Returns the line that programs print for people at --version: "farebench 0.2.0 (commit 0123456789ab,
/// Release)". It also says if sources were changed or the build has sanitizers.
std::string version_line(const build_identity& build = this_build());

/// Returns the build's facts for programs: one line of JSON without its newline. The object's members are program,
/// those of build_identity (dirty is null if unknown), those of `extra`, and libraries (an object of names
/// and versions).
std::string build_report_json(std::string_view program, const std::map<std::string, std::string>& libraries,
                              const std::map<std::string, std::string>& extra = {});

}  // namespace farebench
