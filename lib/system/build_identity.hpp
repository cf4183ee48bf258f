#pragma once

#include <map>
#include <string>
#include <string_view>

namespace farebench {

/// The build that the running program comes from. Constant.
struct build_identity {
  std::string_view version;     ///< "0.1.0"
  std::string_view commit;      ///< 40 hex digits, or "unknown" outside a git checkout
  bool dirty;                   ///< tracked files differed from the commit
  std::string_view build_type;  ///< CMake's: "Release", "Debug", …
  std::string_view compiler;    ///< "GNU 12.2.0"
  std::string_view flags;       ///< of the build type, as given to the compiler
  std::string_view sanitizers;  ///< "address,undefined", or empty

  /// Whether figures from it count: optimised, and not slowed by a sanitizer.
  bool is_fit_for_measuring() const;
};

const build_identity& this_build();

/// What `--version` prints: one JSON object on one line, without its newline. Its members are program, those
/// of build_identity (version, commit, dirty, build_type, compiler, flags, sanitizers), those of `extra`, and
/// libraries, an object of names and versions.
std::string build_report_json(std::string_view program, const std::map<std::string, std::string>& libraries,
                              const std::map<std::string, std::string>& extra = {});

}  // namespace farebench
