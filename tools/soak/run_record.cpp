#include "tools/soak/run_record.hpp"

#include <unistd.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

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

logged_exchange parse_log_line(std::string_view text) {
  const auto invalid = [&] {
    return std::runtime_error{"invalid line of a fault log: " + std::string{text}};
  };
  try {
    const auto line = nlohmann::json::parse(text);
    logged_exchange result{.date = {},
                           .session = number_in<std::uint64_t>(line, "session"),
                           .step = number_in<int>(line, "step").value_or(0),
                           .attempt = number_in<std::uint32_t>(line, "attempt").value_or(0),
                           .fault = {},
                           .status = number_in<int>(line, "status").value_or(0)};
    if (const auto date = text_in(line, "date")) {
      result.date = parse_iso_date(*date);
      if (!result.date) throw invalid();
    }
    if (const auto fault = text_in(line, "fault")) {
      result.fault = parse_fault_kind(*fault);
      if (!result.fault) throw invalid();
    }
    return result;
  } catch (const nlohmann::json::exception&) {
    throw invalid();
  }
}

log_tail::log_tail() : path_{path_of(::getpid())} { std::filesystem::remove(path_); }

log_tail::~log_tail() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::filesystem::path log_tail::path_of(pid_t process) {
  return std::filesystem::temp_directory_path() / ("farebench-soak-" + std::to_string(process) + ".jsonl");
}

std::vector<logged_exchange> log_tail::read_new(bool was_killed) {
  std::vector<logged_exchange> result;
  std::ifstream file{path_, std::ios::binary};
  file.seekg(read_bytes_);
  // A last line without its newline is still being written: the next call reads it.
  for (std::string line; std::getline(file, line) && !file.eof();) {
    read_bytes_ += static_cast<std::streamoff>(line.size() + 1);
    if (was_killed && !line.ends_with('}')) continue;
    result.push_back(parse_log_line(line));
  }
  return result;
}

}  // namespace farebench::soak
