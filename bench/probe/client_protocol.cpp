#include "bench/probe/client_protocol.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <type_traits>

namespace farebench {
namespace {

using nlohmann::json;

/// Calls visit(name, name in version 1, member) for each member. The first three are required.
template <typename Report, typename Visit>
void for_each_member(Report& report, Visit visit) {
  visit("outcomes", "outcomes", report.outcomes);
  visit("errors", "errors", report.errors);
  visit("digest", "fares_digest", report.digest);
  visit("first_errors", "first_errors", report.first_errors);
  visit("version", "version", report.version);
  visit("wall_ms", "wall_ms", report.wall_ms);
  visit("cpu_us", "cpu_us", report.cpu_us);
  visit("context_switches", "context_switches", report.context_switches);
  visit("fares", "fares", report.fares);
  visit("attempts", "attempts", report.attempts);
  visit("item_histogram", "item_histogram", report.item_histogram);
  visit("item_p50_ms", "scrape_p50_ms", report.item_p50_ms);
  visit("item_p99_ms", "scrape_p99_ms", report.item_p99_ms);
  visit("first_item_at_s", "first_scrape_at_s", report.first_item_at_s);
  visit("half_done_ms", "half_done_ms", report.half_done_ms);
}

[[noreturn]] void refuse(const char* name, const char* type) {
  throw std::runtime_error{fmt::format("invalid batch report: \"{}\" is not {}", name, type)};
}

// The conversion of a fraction or a number out of range would be undefined.
void read(const char* name, const json& value, std::uint64_t& member) {
  if (!value.is_number_unsigned()) refuse(name, "an unsigned integer");
  value.get_to(member);
}

void read(const char* name, const json& value, double& member) {
  if (!value.is_number() || !std::isfinite(value.get<double>()) || value < 0)
    refuse(name, "a number of at least 0");
  value.get_to(member);
}

void read(const char* name, const json& value, std::string& member) {
  if (!value.is_string()) refuse(name, "a text");
  value.get_to(member);
}

void read(const char* name, const json& value, std::vector<std::string>& member) {
  if (!value.is_array()) refuse(name, "a list of texts");
  for (const auto& text : value) read(name, text, member.emplace_back());
}

void read(const char*, const json& value, time_histogram& member) {
  try {
    member = parse_time_histogram(value);
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error{fmt::format("invalid batch report: {}", error.what())};
  }
}

template <typename Value>
void read(const char* name, const json& value, std::optional<Value>& member) {
  read(name, value, member.emplace());
}

template <typename Value>
bool is_absent(const std::optional<Value>& member) {
  return !member;
}
bool is_absent(std::uint64_t) { return false; }
bool is_absent(const auto& text) { return text.empty(); }

template <typename Value>
const Value& value_of(const std::optional<Value>& member) {
  return *member;
}
const auto& value_of(const auto& member) { return member; }

/// Appends a histogram to a JSON object. Takes one allocation; as a JSON value, it would take two per bucket.
std::string with_histogram(std::string_view object, const time_histogram& histogram) {
  constexpr std::size_t max_pair = 32;
  std::string text;
  text.reserve(object.size() + max_pair * (histogram.buckets().size() + 1));
  text = object.substr(0, object.size() - 1);
  text += R"(,"item_histogram":[)";
  for (const auto& [index, count] : histogram.buckets())
    fmt::format_to(std::back_inserter(text), "{}[{},{}]", text.ends_with('[') ? "" : ",", index, count);
  return text += "]}";
}

template <typename Member>
constexpr bool is_required = std::is_same_v<Member, std::uint64_t>;

}  // namespace

std::string_view to_string(task_kind task) { return task == task_kind::get ? "get" : "scrape"; }

std::optional<task_kind> parse_task(std::string_view text) {
  if (text == to_string(task_kind::scrape)) return task_kind::scrape;
  if (text == to_string(task_kind::get)) return task_kind::get;
  return std::nullopt;
}

std::string to_json(const batch_report& report) {
  nlohmann::ordered_json members;
  for_each_member(report, [&]<typename Member>(const char* name, const char*, const Member& member) {
    if constexpr (!std::is_same_v<Member, std::optional<time_histogram>>)
      if (!is_absent(member)) members[name] = value_of(member);
  });
  // An error text may quote bytes of a page that are not UTF-8.
  auto text = members.dump(-1, ' ', false, json::error_handler_t::replace);
  return report.item_histogram ? with_histogram(text, *report.item_histogram) : text;
}

namespace {

void write_line(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

bool read_line_equals(std::string_view expected) {
  std::string line;
  return std::getline(std::cin, line) && line == expected;
}

}  // namespace

int serve_batch(const std::function<batch_report()>& run) {
  constexpr int exit_other_line = 2;
  write_line(client_ready);
  if (!read_line_equals(client_go)) return exit_other_line;
  try {
    write_line(to_json(run()));
  } catch (const std::exception& error) {
    write_line(fmt::format("{}{}", client_failed, error.what()));
  }
  return read_line_equals(client_exit) ? 0 : exit_other_line;
}

batch_report parse_batch_report(std::string_view text) {
  const auto members = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!members.is_object())
    throw std::runtime_error{
        "invalid batch report: the line is not a JSON object: write one object on one "
        "line"};
  batch_report report;
  for_each_member(report, [&]<typename Member>(const char* name, const char* old_name, Member& member) {
    auto found = members.find(name);
    if (found == members.end()) found = members.find(old_name);
    if (found != members.end()) {
      read(name, *found, member);
    } else if (is_required<Member>) {
      throw std::runtime_error{fmt::format("invalid batch report: \"{}\" is missing", name)};
    }
  });
  return report;
}

}  // namespace farebench
