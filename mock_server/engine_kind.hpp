#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace farebench {

/// What serves the site over HTTP: cpp-httplib with a thread a connection, or Boost.Asio and Beast with one
/// thread for all of them.
enum class engine_kind { cpp_httplib, beast };

inline constexpr std::array engine_kinds{engine_kind::cpp_httplib, engine_kind::beast};

/// As flags spell it and results name it: "cpp-httplib", "beast".
constexpr std::string_view name_of(engine_kind kind) {
  return kind == engine_kind::beast ? "beast" : "cpp-httplib";
}

constexpr std::optional<engine_kind> engine_kind_of(std::string_view name) {
  for (const engine_kind kind : engine_kinds) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace farebench
