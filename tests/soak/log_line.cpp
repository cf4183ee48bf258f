#include "tests/soak/log_line.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "farebench/date.hpp"

namespace farebench::soak {
namespace {

template <typename Number>
std::optional<Number> number_in(const nlohmann::json& line, const char* member) {
  const auto at = line.find(member);
  if (at == line.end() || at->is_null()) return std::nullopt;
  return at->get<Number>();
}

std::optional<std::string> text_in(const nlohmann::json& line, const char* member) {
  const auto& at = line.at(member);
  return at.is_null() ? std::nullopt : std::optional{at.get<std::string>()};
}

}  // namespace

logged_exchange read_log_line(std::string_view text) {
  const auto refuse = [&] { return std::runtime_error{"not a line of a fault log: " + std::string{text}}; };
  try {
    const auto line = nlohmann::json::parse(text);
    logged_exchange one{.date = {},
                        .session = number_in<std::uint64_t>(line, "session"),
                        .step = number_in<int>(line, "step").value_or(0),
                        .attempt = number_in<std::uint32_t>(line, "attempt").value_or(0),
                        .fault = {},
                        .status = number_in<int>(line, "status").value_or(0)};
    if (const auto date = text_in(line, "date")) {
      one.date = parse_iso_date(*date);
      if (!one.date) throw refuse();
    }
    if (const auto fault = text_in(line, "fault")) {
      one.fault = fault_kind_of(*fault);
      if (!one.fault) throw refuse();
    }
    return one;
  } catch (const nlohmann::json::exception&) {
    throw refuse();
  }
}

}  // namespace farebench::soak
