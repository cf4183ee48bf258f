#include "bench/track/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "bench/clients/clients.hpp"
#include "bench/output/statistics.hpp"
#include "bench/output/summary.hpp"
#include "bench/track/error.hpp"
#include "bench/track/history.hpp"
#include "bench/track/strict_json.hpp"
#include "lib/system/locations.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr int report_version = 1;

void add_broken(report_input& input, const fs::path& path, const std::string& message) {
  auto reason = message;
  // As track_error prints it.
  if (const auto printed = one_line(path.string()); reason.starts_with(printed))
    reason.erase(0, printed.size());
  reason.erase(0, reason.find_first_not_of(": "));
  input.broken.push_back({.name = path.filename().string(), .reason = reason, .message = message});
}

void read_file_into(report_input& input, const fs::path& path) {
  const auto whole = parse_strictly(read_input_file(path), path.string());
  if (is_recording(whole)) {
    input.recordings.push_back(read_recording(whole, path.string()));
    return;
  }
  auto file = read_result(whole, path.string());
  std::optional<timeline> curves;
  const auto curves_path = timeline_path(path);
  try {
    if (exists(curves_path)) curves = read_timeline(curves_path, file);
  } catch (const track_error& error) {
    add_broken(input, curves_path, error.what());
  }
  for (auto& part : split_by_machine(std::move(file))) input.results.push_back({std::move(part), curves});
}

/// Appends "-2", "-3", … to a name that is in use, and adds the result to those in use.
std::string unique_name(const std::string& name, std::set<std::string>& used) {
  auto unique = name;
  for (int next = 2; !used.insert(unique).second; ++next) unique = fmt::format("{}-{}", name, next);
  return unique;
}

}  // namespace

report_input read_report_input(const std::vector<fs::path>& paths) {
  report_input input;
  std::set<fs::path> known;
  for (const auto& path : paths) {
    for (const auto& file : is_directory(path) ? result_files_in(path, true) : std::vector{path}) {
      std::error_code ignored;
      if (!known.insert(fs::weakly_canonical(file, ignored)).second) continue;
      try {
        read_file_into(input, file);
      } catch (const track_error& error) {
        add_broken(input, file, error.what());
      }
    }
  }
  if (input.results.empty() && input.recordings.empty())
    throw track_error{input.broken.empty() ? "there is no file to read" : input.broken.front().message};
  std::set<std::string> ids;
  for (auto& recording : input.recordings) recording.facts.id = unique_name(recording.facts.id, ids);
  return input;
}

std::string column_title(std::string_view name) {
  if (name == "real_time") return "time";
  if (name == "cpu_s") return "CPU time";
  std::string title;
  while (!name.empty()) {
    const auto word = name.substr(0, name.find('_'));
    name.remove_prefix(std::min(name.size(), word.size() + 1));
    const bool is_unit = word == "bytes" || word == "ms" || word == "us";
    if (is_unit && !title.empty()) continue;
    if (!title.empty()) title += ' ';
    title += word == "cpu" ? "CPU" : word == "rss" ? "RSS" : word;
  }
  return title;
}

namespace {

/// Minimum, median and maximum over the repetitions. Instead of the median of percentiles, the percentile of
/// all repetitions together if it is known.
using spread = std::array<double, 3>;

spread spread_of(const std::vector<double>& values) {
  const auto [min, max] = std::ranges::minmax(values);
  return {min, *median(values), max};
}

/// A case with what the report derives from its rows and those of the others.
struct report_case {
  const case_result* result;
  std::map<std::string, spread> figures = {};
  std::vector<std::string> frontier = {};

  const benchmark_case& parameters() const { return result->parameters; }
  std::string name() const { return parameters().name(); }
  double figure(const std::string& column) const {
    const auto found = figures.find(column);
    return found == figures.end() ? std::numeric_limits<double>::quiet_NaN() : found->second[1];
  }
};

/// CPU time of a repetition, and its share of the time.
void add_cpu_time(std::map<std::string, std::vector<double>>& values, const finished_row& row) {
  const auto cpu = row.columns.find("cpu_us_per_request");
  const auto rate = row.columns.find("requests_per_second");
  if (cpu == row.columns.end() || rate == row.columns.end() || !(row.real_time_ms > 0)) return;
  const double share = cpu->second * rate->second / 1e6;
  values["cpu_s"].push_back(share * *row.real_time_ms / 1e3);
  if (!row.columns.contains("cpu_share")) values["cpu_share"].push_back(share);
}

std::map<std::string, spread> figures_of(const case_result& result) {
  std::map<std::string, spread> figures;
  if (has_failed(result)) return figures;
  std::map<std::string, std::vector<double>> values;
  for (const auto& row : result.repetitions) {
    if (row.real_time_ms) values["real_time"].push_back(*row.real_time_ms);
    for (const auto& [column, value] : row.columns) values[column].push_back(value);
    add_cpu_time(values, row);
  }
  for (const auto& [column, all] : values) {
    auto& figure = figures.emplace(column, spread_of(all)).first->second;
    figure[1] = merged_percentile(result.repetitions, column).value_or(figure[1]);
  }
  return figures;
}

/// Adds ratios to the median of the floor with the same parameters.
void add_floor_ratios(std::vector<report_case>& cases) {
  constexpr std::array derived{std::pair{"real_time", "time_over_floor"},
                               std::pair{"cpu_us_per_request", "cpu_over_floor"}};
  for (auto& one : cases) {
    const auto floor = std::ranges::find_if(cases, [&](const report_case& other) {
      return is_floor(*other.result) && other.parameters().point() == one.parameters().point();
    });
    if (floor == cases.end()) continue;
    for (const auto& [column, ratio] : derived) {
      const double below = floor->figure(column);
      const auto own = one.figures.find(column);
      if (own == one.figures.end() || !(below > 0)) continue;
      const auto [min, middle, max] = own->second;
      one.figures[ratio] = {min / below, middle / below, max / below};
    }
  }
}

/// Marks the cases that no other case of the same point and days beats in time without using more of the
/// memory column, or the reverse. Of equal cases the first is marked. The floor is left out: it is no client
/// for users.
void mark_frontier(std::vector<report_case>& cases, const std::string& column) {
  std::map<std::pair<std::string, std::size_t>, std::vector<report_case*>> comparable;
  for (auto& one : cases)
    if (!is_floor(*one.result) && one.figure("real_time") > 0 && one.figure(column) > 0)
      comparable[{point_id(one.parameters()), one.parameters().items}].push_back(&one);
  for (auto& [job, all] : comparable) {
    std::ranges::stable_sort(all, {}, [&](const report_case* one) {
      return std::pair{one->figure("real_time"), one->figure(column)};
    });
    double least = std::numeric_limits<double>::infinity();
    for (auto* one : all) {
      if (one->figure(column) >= least) continue;
      least = one->figure(column);
      one->frontier.push_back(column);
    }
  }
}

std::vector<report_case> report_cases(const result_file& file) {
  std::vector<report_case> cases;
  cases.reserve(file.cases.size());
  for (const auto& result : file.cases) cases.push_back({.result = &result, .figures = figures_of(result)});
  add_floor_ratios(cases);
  for (const char* column : {"rss_peak_bytes", "rss_growth_bytes", "heap_peak_bytes"})
    mark_frontier(cases, column);
  return cases;
}

/// Returns what the first repetition reports that reports anything, or "".
std::string client_version(const case_result& result) {
  for (const auto& row : result.repetitions)
    if (!row.client_version.empty()) return row.client_version;
  return {};
}

ordered_json case_json(const report_case& one) {
  const auto& parameters = one.parameters();
  const auto& rows = one.result->repetitions;
  const auto failures =
      std::ranges::count_if(rows, [](const finished_row& row) { return row.verdict.failed(); });
  ordered_json failed;
  if (failures > 0) failed = {{"count", failures}, {"reason", first_failure(*one.result)}};
  std::vector<std::string> notes;
  for (const auto& row : rows)
    if (const auto& note = row.verdict.warning;
        !note.empty() && std::ranges::find(notes, note) == notes.end())
      notes.push_back(note);
  return {{"name", one.name()},
          {"strategy", parameters.strategy},
          {"label", parameters.label()},
          {"loops", parameters.loops},
          {"workers", parameters.workers},
          {"days", parameters.items},
          {"items", parameters.items},
          {"point", point_id(parameters)},
          {"task", to_string(parameters.task)},
          {"connections", to_string(parameters.connections)},
          {"warm_up", parameters.warm_up},
          {"client_version", client_version(*one.result)},
          {"repetitions", rows.size()},
          {"failed", failed},
          {"notes", notes},
          {"figures", one.figures.empty() ? ordered_json::object() : ordered_json(one.figures)},
          {"frontier", one.frontier}};
}

/// Reason without the details after its first clause.
std::string first_clause(const std::string& reason) {
  auto end = reason.size();
  for (const char* mark : {": ", "; ", ", "}) end = std::min(end, reason.find(mark));
  return reason.substr(0, end);
}

/// Largest difference that counts as equal.
bool is_equal(double ratio) { return std::abs(ratio - 1) <= equal_time_share; }

ordered_json comparison_row(const report_case& one, const report_case& recommended) {
  const auto ratio = [&](const char* column) {
    const double value = one.figure(column) / recommended.figure(column);
    return std::isfinite(value) ? ordered_json(value) : ordered_json{};
  };
  const auto time = ratio("real_time");
  const auto memory = ratio("rss_peak_bytes");
  std::string text;
  if (&one == &recommended) {
    text = "recommended";
  } else if (has_failed(*one.result)) {
    text = "failed: " + first_clause(first_failure(*one.result));
  } else if (is_floor(*one.result)) {
    text = "floor: no HTTP library";
  } else if (!time.is_null() && !memory.is_null() && is_equal(time) && is_equal(memory)) {
    text = fmt::format("equal within {:g} %", 100 * equal_time_share);
  }
  return {{"case", one.name()}, {"time_ratio", time}, {"memory_ratio", memory}, {"text", text}};
}

/// Compares the recommended case with one case of each other strategy: the one with as many workers, or with
/// one worker if the strategy has no more.
ordered_json comparison_rows(const std::vector<const report_case*>& cases, const report_case& recommended) {
  auto rows = ordered_json::array();
  rows.push_back(comparison_row(recommended, recommended));
  std::set<std::string> labels{recommended.parameters().label()};
  for (const std::size_t workers : {recommended.parameters().workers, std::size_t{1}})
    for (const auto* one : cases)
      if (one->parameters().workers == workers && one->parameters().items == recommended.parameters().items &&
          labels.insert(one->parameters().label()).second)
        rows.push_back(comparison_row(*one, recommended));
  return rows;
}

/// The recommendation for the largest batch of a point.
ordered_json recommendation_json(const std::string& point, const std::vector<const report_case*>& cases) {
  std::vector<case_result> results;
  results.reserve(cases.size());
  for (const auto* one : cases) results.push_back(*one->result);
  const auto recommendations = recommend(results);
  if (recommendations.empty()) {
    return {{"point", point},
            {"headline", fmt::format("No recommendation: every row failed ({}).",
                                     first_clause(first_failure(*cases.front()->result)))},
            {"rows", ordered_json::array()}};
  }
  const auto best = std::ranges::max(
      recommendations, {}, [](const recommendation& one) { return one.min_workers->parameters.items; });
  std::vector<case_result> compared;
  compared.reserve(best.compared.size());
  for (const auto* one : best.compared) compared.push_back(*one);
  auto headline = recommendation_text(compared, std::numeric_limits<std::size_t>::max());
  if (headline.ends_with('\n')) headline.pop_back();
  if (headline.empty()) headline = "No recommendation: there is only one row to choose.";
  const auto name = best.min_workers->parameters.name();
  const auto recommended = std::ranges::find(cases, name, &report_case::name);
  return {{"point", point}, {"headline", headline}, {"rows", comparison_rows(cases, **recommended)}};
}

/// Fits of the figures that may grow with the workers, of a point's strategies with two worker counts or
/// more.
void add_fits(ordered_json& fits, const std::string& point, const std::vector<const report_case*>& cases) {
  for (const std::string column : {"rss_growth_bytes", "cpu_us_per_request"}) {
    std::vector<std::string> labels;
    std::map<std::string, std::vector<const report_case*>> by_label;
    for (const auto* one : cases) {
      if (!(one->figure(column) > 0)) continue;
      auto& of_label = by_label[one->parameters().label()];
      if (of_label.empty()) labels.push_back(one->parameters().label());
      of_label.push_back(one);
    }
    for (const auto& label : labels) {
      std::vector<measured_point> points;
      std::vector<measured_point> logarithms;
      auto names = ordered_json::array();
      for (const auto* one : by_label[label]) {
        const auto workers = static_cast<double>(one->parameters().workers);
        points.push_back({workers, one->figure(column)});
        logarithms.push_back({std::log(workers), std::log(one->figure(column))});
        names.push_back(one->name());
      }
      const auto line = fit_straight_line(points);
      const auto power = fit_straight_line(logarithms);
      if (!line || !power) continue;
      fits.push_back({{"point", point},
                      {"label", label},
                      {"column", column},
                      {"exponent", power->slope},
                      {"factor", std::exp(power->intercept)},
                      {"slope", line->slope},
                      {"cases", names}});
    }
  }
}

/// Returns the repetition whose time is the median; of an even number, the shorter of the middle two.
std::size_t typical_repetition(const case_result& result, const std::vector<std::size_t>& indices,
                               const std::vector<const timeline_curve*>& curves) {
  std::vector<std::pair<double, std::size_t>> times;
  for (std::size_t i = 0; i < indices.size(); ++i)
    if (const auto time = result.repetitions[i].real_time_ms) times.emplace_back(*time, indices[i]);
  if (times.empty()) return curves.front()->repetition;
  std::ranges::sort(times);
  const auto typical = times[(times.size() - 1) / 2];
  // Without a curve of that repetition: the one with the nearest time.
  const auto distance = [&](const timeline_curve* curve) {
    if (curve->repetition == typical.second) return -1.0;
    const auto found = std::ranges::find(times, curve->repetition, &std::pair<double, std::size_t>::second);
    return found == times.end() ? std::numeric_limits<double>::infinity()
                                : std::abs(found->first - typical.first);
  };
  return (*std::ranges::min_element(curves, {}, distance))->repetition;
}

ordered_json timeline_json(const result_file& file, const std::optional<timeline>& curves) {
  if (!curves) return nullptr;
  ordered_json json{{"sample_every_ms", curves->sample_every_ms}, {"curves", ordered_json::object()}};
  for (std::size_t at = 0; at < file.cases.size(); ++at) {
    const auto name = file.cases[at].parameters.name();
    std::vector<const timeline_curve*> own;
    for (const auto& curve : curves->curves)
      if (curve.case_name == name && !curve.points.empty()) own.push_back(&curve);
    if (own.empty()) continue;
    const auto repetition = typical_repetition(file.cases[at], file.repetition_indices[at], own);
    const auto* const curve = *std::ranges::find(own, repetition, &timeline_curve::repetition);
    json["curves"][name] = {
        {"repetition", repetition}, {"phases_ms", curve->phases_ms}, {"points", curve->points}};
  }
  return json;
}

ordered_json dataset_json(const report_result& of) {
  const auto cases = report_cases(of.file);
  ordered_json json{{"context", of.file.context},     {"points", ordered_json::array()},
                    {"cases", ordered_json::array()}, {"answers", ordered_json::array()},
                    {"fits", ordered_json::array()},  {"timeline", timeline_json(of.file, of.curves)}};
  std::vector<std::string> points;
  std::map<std::string, std::vector<const report_case*>> by_point;
  for (const auto& one : cases) {
    const auto point = point_id(one.parameters());
    if (by_point[point].empty()) {
      points.push_back(point);
      json["points"].push_back({{"id", point},
                                {"title", point_title(one.parameters())},
                                {"kind", to_string(one.parameters().kind)},
                                {"task", to_string(one.parameters().task)},
                                {"connections", to_string(one.parameters().connections)},
                                {"warm_up", one.parameters().warm_up}});
    }
    by_point[point].push_back(&one);
    json["cases"].push_back(case_json(one));
  }
  for (const auto& point : points) {
    json["answers"].push_back(recommendation_json(point, by_point[point]));
    add_fits(json["fits"], point, by_point[point]);
  }
  return json;
}

/// Returns the datasets, each with a title and an id: its workload's, with the machine's if its file has
/// several, and with the file's if two are of one workload.
ordered_json datasets_json(const std::vector<const report_result*>& results) {
  const auto with_machine = [&](const std::string& name, const report_result& one) {
    const bool is_alone =
        std::ranges::count(results, one.file.source,
                           [](const auto* other) -> const std::string& { return other->file.source; }) == 1;
    return is_alone ? name : fmt::format("{}, machine {}", name, one.file.context.value("machine_id", ""));
  };
  const auto stem_of = [&](const report_result& one) {
    return with_machine(fs::path{one.file.source}.stem().string(), one);
  };
  const auto workload_of = [&](const report_result& one) {
    const auto workload = one.file.context.value("workload", "");
    return workload.empty() ? stem_of(one) : with_machine(workload, one);
  };
  auto datasets = ordered_json::array();
  std::set<std::string> ids;
  for (const auto* one : results) {
    const auto workload = workload_of(*one);
    const bool is_alone = std::ranges::count_if(results, [&](const auto* other) {
                            return workload_of(*other) == workload;
                          }) == 1;
    const auto id = unique_name(is_alone ? workload : stem_of(*one), ids);
    ordered_json dataset{{"id", id},
                         {"title", is_alone ? workload : fmt::format("{} ({})", workload, id)},
                         {"file", fs::path{one->file.source}.filename().string()}};
    dataset.update(dataset_json(*one));
    datasets.push_back(std::move(dataset));
  }
  return datasets;
}

/// Returns the columns with figures, in the order of the files' schemas. Derived columns follow theirs.
ordered_json columns_json(const std::vector<const report_result*>& results, const ordered_json& datasets) {
  std::set<std::string> used;
  for (const auto& dataset : datasets)
    for (const auto& one : dataset["cases"])
      for (const auto& [column, figures] : one["figures"].items()) used.insert(column);
  auto columns = ordered_json::array();
  const auto add = [&](const std::string& name, const ordered_json& unit, const ordered_json& better,
                       const ordered_json& meaning) {
    if (used.erase(name) == 1)
      columns.push_back({{"name", name},
                         {"title", column_title(name)},
                         {"unit", unit},
                         {"better", better},
                         {"meaning", meaning}});
  };
  for (const auto* result : results) {
    for (const auto& column : result->file.columns) {
      const auto name = column["name"].get<std::string>();
      add(name, column["unit"], column["better"], column["meaning"]);
      if (name == "ideal_ratio")
        add("time_over_floor", "ratio", "lower", "real_time / median real_time of raw_epoll");
      if (name == "cpu_us_per_request") {
        add("cpu_over_floor", "ratio", "lower",
            "cpu_us_per_request / median cpu_us_per_request of raw_epoll");
        add("cpu_s", "s", "lower", "user and system time of the client");
      }
    }
  }
  return columns;
}

std::string_view to_string(client_kind kind) {
  switch (kind) {
    case client_kind::library:
      return "library";
    case client_kind::floor:
      return "floor";
    case client_kind::program:
      return "program";
  }
  return {};
}

/// Returns the strategies of all files, in display order. Of two descriptions the first counts.
ordered_json strategies_json(const report_input& input) {
  std::map<std::pair<std::ptrdiff_t, std::string>, ordered_json> sorted;
  const auto add = [&](const result_file& file) {
    for (const auto& facts : file.strategies) {
      const auto name = facts["name"].get<std::string>();
      const auto known = std::ranges::find(probe_clients(), name, &client_info::name);
      const bool is_known = known != probe_clients().end();
      const auto [entry, is_new] = sorted.try_emplace({known - probe_clients().begin(), name}, facts);
      if (is_new) entry->second["kind"] = to_string(is_known ? known->kind : client_kind::program);
    }
  };
  for (const auto& one : input.results) add(one.file);
  for (const auto& one : input.recordings) add(one.result);
  auto strategies = ordered_json::array();
  for (const auto& [key, facts] : sorted) strategies.push_back(facts);
  return strategies;
}

ordered_json broken_json(const report_input& input) {
  auto broken = ordered_json::array();
  for (const auto& [name, reason, message] : input.broken)
    broken.push_back({{"file", name}, {"reason", reason}});
  return broken;
}

/// Returns the newest recording of each machine and setting as a result.
std::vector<report_result> newest_recordings(const report_input& input) {
  std::map<std::string, const recorded_run*> newest;
  for (const auto& one : input.recordings) {
    auto& known = newest[one.facts.machine + '\n' + one.setting()];
    if (known == nullptr || known->facts.recorded <= one.facts.recorded) known = &one;
  }
  std::vector<report_result> results;
  results.reserve(newest.size());
  for (const auto& [setting, one] : newest) results.push_back({.file = one->result});
  return results;
}

}  // namespace

ordered_json report_json(const report_input& input, std::span<const accepted_regression> accepted) {
  const auto newest = input.results.empty() ? newest_recordings(input) : std::vector<report_result>{};
  std::vector<const report_result*> results;
  for (const auto& one : input.results.empty() ? newest : input.results) results.push_back(&one);
  const auto datasets = datasets_json(results);
  return {{"version", report_version},
          {"columns", columns_json(results, datasets)},
          {"strategies", strategies_json(input)},
          {"datasets", datasets},
          {"history", history_json(make_history(input.recordings, accepted))},
          {"broken", broken_json(input)}};
}

ordered_json history_report_json(const report_input& input, std::span<const accepted_regression> accepted) {
  return {{"version", report_version},
          {"history", history_json(make_history(input.recordings, accepted))},
          {"broken", broken_json(input)}};
}

std::string fill_page(std::string_view page, const ordered_json& report) {
  constexpr std::string_view marker = "\"farebench-data\"";
  const auto at = page.find(marker);
  if (at == std::string_view::npos || page.find(marker, at + 1) != std::string_view::npos)
    throw track_error{"report_page.html is no page of this track: './dev report' builds it"};
  std::string filled{page.substr(0, at)};
  // These characters are only in strings of the JSON, where an escape means the same.
  for (const char c : ascii_json(report)) {
    if (c == '<' || c == '>' || c == '&') {
      filled += fmt::format("\\u{:04x}", c);
    } else {
      filled += c;
    }
  }
  filled += page.substr(at + marker.size());
  return filled;
}

std::string read_empty_page() {
  const auto path = program_folder() / "report_page.html";
  if (!exists(path)) {
    throw track_error{fmt::format(
        "there is no {}: './dev report' builds it, with Node 18 or newer, and './dev install' installs it; "
        "--json prints the page's data",
        path.string())};
  }
  return read_input_file(path);
}

}  // namespace farebench::track
