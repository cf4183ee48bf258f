#pragma once

#include <map>
#include <string>
#include <string_view>

namespace farebench {

/// What `--version` prints: one JSON object on one line, without its newline. Its members are program, those
/// of build_identity (version, commit, dirty, build_type, compiler, flags, sanitizers), those of `extra`, and
/// libraries, an object of names and versions.
std::string build_report_json(std::string_view program, const std::map<std::string, std::string>& libraries,
                              const std::map<std::string, std::string>& extra = {});

}  // namespace farebench
