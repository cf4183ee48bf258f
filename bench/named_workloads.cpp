#include "bench/named_workloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace farebench {
namespace {

using namespace std::chrono_literals;

const std::array<named_workload, 3>& all() {
  static const std::array<named_workload, 3> workloads{{
      {.name = "light",
       .meaning = "100 days, 20 ms a response, 3 KiB pages",
       .what = {.strategies = {}, .workers = {20, 100}, .points = {{20ms}}, .page_kb = 3, .days = 100}},
      {.name = "article",
       .meaning = "100 days, 145 ms a response, 94 KiB pages: the Python comparison's",
       .what = {.strategies = {}, .workers = {20, 100}, .points = {{145ms}}, .page_kb = 94, .days = 100}},
      {.name = "scale",
       .meaning =
           "100, 1,000 and 10,000 workers with a day each, 3 KiB pages, in a burst (50 ms) and on hold "
           "(1 s: all in flight at once)",
       .what = {.strategies = {},
                .workers = {100, 1'000, 10'000},
                .points = {{50ms, point_kind::burst}, {1s, point_kind::hold}},
                .page_kb = 3,
                .days = std::nullopt}},
  }};
  return workloads;
}

}  // namespace

const named_workload* find_workload(std::string_view name) {
  const auto found = std::ranges::find(all(), name, &named_workload::name);
  return found == all().end() ? nullptr : &*found;
}

std::vector<std::string_view> workload_names() {
  std::vector<std::string_view> names;
  for (const auto& one : all()) names.push_back(one.name);
  return names;
}

std::string workload_meanings() {
  std::string text;
  for (const auto& one : all())
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", one.name, one.meaning);
  return text;
}

}  // namespace farebench
