#include "bench/track/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/columns.hpp"
#include "bench/output/text_table.hpp"
#include "bench/probe/raw_epoll.hpp"
#include "lib/system/command_line.hpp"

namespace farebench::track {
namespace {

/// Two such intervals hold together with 95 % (Bonferroni).
constexpr double confidence = 0.975;
constexpr double share_within = 0.9;

double median_of_values(std::vector<double> values) { return *median(std::move(values)); }

template <typename Projection>
double median_over(std::span<const history_point> points, Projection projection) {
  std::vector<double> values;
  for (const auto& point : points) values.push_back(std::invoke(projection, point));
  return median_of_values(std::move(values));
}

column_unit unit_of(const metric& of) { return std::ranges::find(columns(), of.name, &column::name)->unit; }

/// Returns the factor from milliseconds to the metric's unit, or nullopt for metrics other than times.
std::optional<double> per_millisecond(const metric& of) {
  switch (unit_of(of)) {
    case column_unit::ms:
      return 1;
    case column_unit::us:
      return 1000;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<figure_interval> summarize(std::vector<double> values, const metric& of) {
  if (values.empty()) return std::nullopt;
  if (of.is_exact())
    return figure_interval{
        .low = values[0], .median = values[0], .high = values[0], .has_confidence = true, .samples = {}};
  const auto interval = interval_or_range(values, confidence);
  return figure_interval{.low = interval.low,
                         .median = interval.median,
                         .high = interval.high,
                         .has_confidence = interval.confidence > 0,
                         .samples = std::move(values)};
}

history_recording history_of(const recorded_run& run) {
  history_recording recording{.facts = run.facts, .rows = {}};
  for (const auto& result : run.result.cases) {
    history_row row{.parameters = result.parameters, .failure = first_failure(result)};
    for (const auto& of : metrics())
      if (auto figure = summarize(values_if_passed(result, std::string{of.name}), of))
        row.figures.emplace(of.name, std::move(*figure));
    // The ideal is one for all repetitions, and the time grows with the ratio to it.
    const auto time = median(values_if_passed(result, "real_time"));
    const auto ratio = median(values_if_passed(result, "ideal_ratio"));
    if (time && ratio && *ratio > 0 && *time > 0) row.ideal_ms = *time / *ratio;
    recording.rows.emplace(result.parameters.name(), std::move(row));
  }
  return recording;
}

std::vector<history_recording> commit_order(std::vector<history_recording> recordings) {
  std::ranges::sort(recordings, {}, [](const history_recording& one) {
    return std::tuple{one.facts.is_dirty, one.facts.recorded, one.facts.id};
  });
  struct commit_group {
    std::string date;
    std::string commit;
    std::vector<const history_recording*> recordings;
  };
  std::vector<commit_group> waiting;
  for (const auto& one : recordings) {
    auto group = std::ranges::find(waiting, one.facts.commit, &commit_group::commit);
    if (group == waiting.end())
      group = waiting.insert(waiting.end(), {.date = {}, .commit = one.facts.commit, .recordings = {}});
    group->recordings.push_back(&one);
  }
  for (auto& group : waiting) {
    for (const auto* one : group.recordings)
      if (group.date.empty()) group.date = one->facts.commit_date;
    if (group.date.empty())
      group.date = std::ranges::min(group.recordings, {}, [](const auto* one) {
                     return one->facts.recorded;
                   })->facts.recorded;
  }
  std::ranges::sort(waiting, {}, [](const commit_group& one) { return std::tie(one.date, one.commit); });
  std::vector<history_recording> ordered;
  while (!waiting.empty()) {
    const auto waits_for = [&](const std::string& commit) {
      return std::ranges::find(waiting, commit, &commit_group::commit) != waiting.end();
    };
    auto next = std::ranges::find_if(waiting, [&](const commit_group& group) {
      return std::ranges::none_of(group.recordings, [&](const auto* one) {
        return std::ranges::any_of(one->facts.parents, [&](const std::string& parent) {
          return parent != group.commit && waits_for(parent);
        });
      });
    });
    // Invalid parents can form a circle. The date decides then.
    if (next == waiting.end()) next = waiting.begin();
    for (const auto* one : next->recordings) ordered.push_back(*one);
    waiting.erase(next);
  }
  return ordered;
}

namespace {

const history_row* find_row(const history_recording& in, const std::string& name) {
  const auto found = in.rows.find(name);
  return found == in.rows.end() ? nullptr : &found->second;
}

const figure_interval* find_figure(const history_recording& in, const std::string& name, const metric& of) {
  const auto* const row = find_row(in, name);
  if (row == nullptr) return nullptr;
  const auto found = row->figures.find(of.name);
  return found == row->figures.end() ? nullptr : &found->second;
}

/// Returns all rows of the recordings, in display order.
std::vector<benchmark_case> rows_of(std::span<const history_recording> recordings) {
  std::map<std::string, benchmark_case> rows;
  for (const auto& one : recordings)
    for (const auto& [name, row] : one.rows) rows.emplace(name, row.parameters);
  std::vector<benchmark_case> sorted;
  sorted.reserve(rows.size());
  for (const auto& [name, parameters] : rows) sorted.push_back(parameters);
  std::ranges::sort(sorted, precedes);
  return sorted;
}

bool has_ideal(std::span<const history_recording> recordings, const std::string& name) {
  return std::ranges::any_of(recordings, [&](const history_recording& one) {
    const auto* const row = find_row(one, name);
    return row != nullptr && row->ideal_ms;
  });
}

bool waits(std::span<const history_recording> recordings, const std::string& name, const metric& of) {
  return of.name == "real_time" && has_ideal(recordings, name);
}

/// Returns the other rows with a figure above zero, in display order.
std::vector<benchmark_case> rows_with_figure(std::span<const history_recording> recordings,
                                             const std::string& except, const metric& of) {
  auto rows = rows_of(recordings);
  std::erase_if(rows, [&](const benchmark_case& row) {
    const auto name = row.name();
    return name == except || std::ranges::none_of(recordings, [&](const history_recording& one) {
             const auto* const figure = find_figure(one, name, of);
             return figure != nullptr && figure->median > 0;
           });
  });
  return rows;
}

benchmark_case parameters_of(std::span<const history_recording> recordings, const std::string& name) {
  for (const auto& one : recordings)
    if (const auto* const row = find_row(one, name)) return row->parameters;
  return {.strategy = {}, .workers = 0, .latency = std::chrono::seconds{0}, .page_kb = 0, .items = 0};
}

std::string default_of(std::span<const history_recording> recordings, const std::string& name,
                       const metric& of, const std::vector<benchmark_case>& others) {
  const auto row = parameters_of(recordings, name);
  if (row.strategy == floor_strategy && per_millisecond(of))
    return std::string{waits(recordings, name, of) ? ideal_reference : canary_reference};
  const benchmark_case* nearest = nullptr;
  const auto distance = [&](const benchmark_case& other) {
    return std::max(other.workers, row.workers) - std::min(other.workers, row.workers);
  };
  for (const auto& other : others) {
    if (other.strategy != floor_strategy || point_id(other) != point_id(row) || other.items != row.items)
      continue;
    if (nearest == nullptr || distance(other) < distance(*nearest)) nearest = &other;
  }
  if (nearest != nullptr) return nearest->name();
  return others.empty() ? std::string{} : others.front().name();
}

}  // namespace

std::string default_reference(std::span<const history_recording> recordings, const std::string& row,
                              const metric& of) {
  return default_of(recordings, row, of, rows_with_figure(recordings, row, of));
}

std::vector<std::string> references_of(std::span<const history_recording> recordings, const std::string& row,
                                       const metric& of) {
  const auto others = rows_with_figure(recordings, row, of);
  const auto point = parameters_of(recordings, row).point();
  std::vector<std::string> references{default_of(recordings, row, of, others)};
  const auto add = [&](std::string reference) {
    if (std::ranges::find(references, reference) == references.end())
      references.push_back(std::move(reference));
  };
  if (waits(recordings, row, of)) add(std::string{ideal_reference});
  if (per_millisecond(of)) add(std::string{canary_reference});
  for (const auto& other : others)
    if (other.point() == point) add(other.name());
  return references;
}

namespace {

std::optional<figure_interval> reference_in(const history_recording& recording, const std::string& reference,
                                            const history_row& row, const metric& of) {
  const auto certain = [](double low, double median, double high) {
    return figure_interval{.low = low, .median = median, .high = high, .has_confidence = true, .samples = {}};
  };
  if (reference == ideal_reference) {
    if (!row.ideal_ms) return std::nullopt;
    return certain(*row.ideal_ms, *row.ideal_ms, *row.ideal_ms);
  }
  if (reference == canary_reference) {
    const double unit = *per_millisecond(of);
    const auto [before, after] = recording.facts.canary;
    return certain(std::min(before, after) * unit, (before + after) / 2 * unit,
                   std::max(before, after) * unit);
  }
  const auto* const figure = find_figure(recording, reference, of);
  return figure == nullptr ? std::nullopt : std::optional{*figure};
}

std::vector<history_point> points_of(std::span<const history_recording> recordings, const std::string& name,
                                     const metric& of, const std::string& reference) {
  std::vector<history_point> points;
  for (std::size_t at = 0; at < recordings.size(); ++at) {
    const auto* const row = find_row(recordings[at], name);
    const auto* const own = find_figure(recordings[at], name, of);
    if (row == nullptr || own == nullptr) continue;
    const auto below = reference_in(recordings[at], reference, *row, of);
    // A ratio of zero has no place on a logarithmic axis.
    if (!below || !(below->low > 0) || !(own->low > 0)) continue;
    points.push_back({.at = at,
                      .figure = own->median,
                      .reference = below->median,
                      .ratio = own->median / below->median,
                      .low = own->low / below->high,
                      .high = own->high / below->low,
                      .has_confidence = own->has_confidence && below->has_confidence});
  }
  return points;
}

/// Two points, one after the other, of one program.
struct repeated_points {
  const history_point& earlier;
  const history_point& later;
};

std::vector<repeated_points> repeats(std::span<const history_recording> recordings,
                                     std::span<const history_point> points) {
  std::map<std::string, const history_point*> latest;
  std::vector<repeated_points> pairs;
  for (const auto& point : points) {
    const auto*& before = latest[recordings[point.at].facts.program];
    if (before != nullptr) pairs.push_back({*before, point});
    before = &point;
  }
  return pairs;
}

history_band band_of(const history_series& series, std::span<const repeated_points> pairs) {
  const auto& of = *series.of;
  using enum history_band::source_of;
  if (of.is_exact()) {
    const double level = series.points.empty() ? 0 : series.points.back().figure;
    return {.size = level > 0 ? std::max(of.tolerance_share, of.tolerance / level) : 0,
            .source = limit,
            .count = pairs.size()};
  }
  if (!pairs.empty()) {
    std::vector<double> shifts;
    for (const auto& [earlier, later] : pairs)
      shifts.push_back(std::abs(std::log(later.ratio / earlier.ratio)));
    std::ranges::sort(shifts);
    const auto rank = static_cast<std::size_t>(std::ceil(share_within * static_cast<double>(shifts.size())));
    return {.size = std::max(of.min_floor, std::expm1(shifts[rank - 1])),
            .source = recordings,
            .count = pairs.size()};
  }
  double half = 0;
  if (!series.points.empty())
    half = median_over(series.points, [](const history_point& point) {
      return std::max(point.high / point.ratio, point.ratio / point.low) - 1;
    });
  return {.size = std::max(of.min_floor, half), .source = repetitions, .count = series.points.size()};
}

/// Finds changes without comparing the programs.
std::vector<history_change> noisy_changes(std::span<const history_point> points, double band) {
  std::vector<history_change> changes;
  std::size_t first = 0;
  for (std::size_t at = 1; at < points.size(); ++at) {
    const auto level = points.subspan(first, at - first);
    const double low = median_over(level, &history_point::low);
    const double high = median_over(level, &history_point::high);
    const auto side = [&](const history_point& point) {
      if (point.low > high * (1 + band)) return 1;
      return point.high < low / (1 + band) ? -1 : 0;
    };
    const int found = side(points[at]);
    const bool has_next = at + 1 < points.size();
    if (found == 0 || (has_next && side(points[at + 1]) != found)) continue;
    const double after = has_next ? (points[at].ratio + points[at + 1].ratio) / 2 : points[at].ratio;
    changes.push_back({.at = at,
                       .factor = after / median_over(level, &history_point::ratio),
                       .is_worse = found > 0,
                       .is_confirmed = has_next,
                       .is_same_program = false});
    first = at;
  }
  return changes;
}

std::vector<history_change> exact_changes(std::span<const history_point> points, const metric& of,
                                          double variation) {
  std::vector<history_change> changes;
  double level = points.empty() ? 0 : points.front().figure;
  for (std::size_t at = 1; at < points.size(); ++at) {
    const double count = points[at].figure;
    if (std::abs(count - level) <= std::max({of.tolerance_share * level, of.tolerance, variation})) continue;
    changes.push_back({.at = at,
                       .factor = level > 0 ? count / level : std::numeric_limits<double>::infinity(),
                       .is_worse = count > level,
                       .is_confirmed = true,
                       .is_same_program = false});
    level = count;
  }
  return changes;
}

std::vector<history_change> changes_of(const history_series& series, std::span<const repeated_points> pairs) {
  const auto& of = *series.of;
  if (of.is_exact()) {
    double variation = 0;
    for (const auto& [earlier, later] : pairs)
      variation = std::max(variation, std::abs(later.figure - earlier.figure));
    return exact_changes(series.points, of, variation);
  }
  // A band made of the intervals must not widen the intervals again.
  const bool is_measured = series.band.source == history_band::source_of::recordings;
  return noisy_changes(series.points, is_measured ? series.band.size : of.min_floor);
}

std::vector<history_level> levels_of(const history_series& series) {
  std::vector<history_level> levels;
  if (series.points.empty()) return levels;
  std::vector<std::size_t> starts{0};
  for (const auto& change : series.changes) starts.push_back(change.at);
  starts.push_back(series.points.size());
  const std::span<const history_point> points{series.points};
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    levels.push_back(
        {.first = starts[i],
         .last = starts[i + 1] - 1,
         .ratio = median_over(points.subspan(starts[i], starts[i + 1] - starts[i]), &history_point::ratio)});
  }
  return levels;
}

}  // namespace

history_series make_series(std::span<const history_recording> recordings, const std::string& row,
                           const metric& of, const std::string& reference,
                           std::span<const accepted_regression> accepted) {
  history_series series{.row = row, .of = &of, .reference = reference};
  series.points = points_of(recordings, row, of, reference);
  for (std::size_t at = 0; at < recordings.size(); ++at)
    if (const auto* const found = find_row(recordings[at], row); found != nullptr && !found->failure.empty())
      series.failed.push_back({at, found->failure});
  const auto pairs = repeats(recordings, series.points);
  series.band = band_of(series, pairs);
  series.changes = changes_of(series, pairs);
  const auto facts_at = [&](std::size_t point) -> const recording_facts& {
    return recordings[series.points[point].at].facts;
  };
  for (auto& change : series.changes)
    change.is_same_program = facts_at(change.at).program == facts_at(change.at - 1).program;
  series.levels = levels_of(series);
  for (const auto& one : accepted) {
    if (one.series != row || one.metric != of.name) continue;
    history_acceptance acceptance{.at = std::nullopt, .accepted = one};
    for (std::size_t point = series.points.size(); point-- > 0;)
      if (facts_at(point).commit == one.commit) acceptance.at = point;
    series.accepted.push_back(std::move(acceptance));
  }
  return series;
}

std::vector<history_group> make_history(const std::vector<recorded_run>& runs,
                                        std::span<const accepted_regression> accepted) {
  std::map<std::pair<std::string, std::string>, std::vector<const recorded_run*>> by_setting;
  for (const auto& run : runs) by_setting[{run.facts.machine, run.setting()}].push_back(&run);
  std::vector<std::pair<std::string, history_group>> dated;
  for (const auto& [key, of] : by_setting) {
    const auto& [machine, setting] = key;
    auto& [latest, group] = dated.emplace_back();
    group.title = fmt::format("{}: {}", machine, setting);
    for (const auto* run : of) {
      latest = std::max(latest, run->facts.recorded);
      group.recordings.push_back(history_of(*run));
    }
    const auto workload = of.front()->context.at("workload");
    const auto same = std::ranges::count_if(by_setting, [&](const auto& other) {
      return other.first < key && other.first.first == machine &&
             other.second.front()->context.at("workload") == workload;
    });
    group.id = fmt::format("{}-{}{}", machine, workload, same == 0 ? "" : fmt::format("-{}", same + 1));
    group.recordings = commit_order(std::move(group.recordings));
    group.rows = rows_of(group.recordings);
    for (const auto& row : group.rows)
      for (const auto& of_metric : metrics())
        for (const auto& reference : references_of(group.recordings, row.name(), of_metric)) {
          const bool is_default = group.series.empty() || group.series.back().row != row.name() ||
                                  group.series.back().of != &of_metric;
          group.series.push_back(make_series(group.recordings, row.name(), of_metric, reference, accepted));
          group.series.back().is_default = is_default;
        }
  }
  std::ranges::stable_sort(dated, std::greater{}, [](const auto& entry) { return entry.first; });
  std::vector<history_group> groups;
  groups.reserve(dated.size());
  for (auto& [latest, group] : dated) groups.push_back(std::move(group));
  return groups;
}

namespace {

/// Two significant digits below 10 %.
std::string percent_text(double share) {
  const double value = 100 * share;
  if (value >= 9.95 || value == 0) return fmt::format("{:.0f} %", value);
  return fmt::format("{:.{}f} %", value, value >= 1 ? 1 : 2);
}

}  // namespace

std::string change_text(const history_change& change, const metric& of) {
  const auto size = std::isfinite(change.factor) ? fmt::format("{}{}", change.factor < 1 ? "−" : "+",
                                                               percent_text(std::abs(change.factor - 1)))
                                                 : std::string{"from zero"};
  const auto* const evidence = of.is_exact()         ? "counted"
                               : change.is_confirmed ? "confirmed by the next recording"
                                                     : "not confirmed: the last recording";
  return fmt::format(
      "{}: {} ({}){}", change.is_worse ? "worse" : "better", size, evidence,
      change.is_same_program ? "; the program is unchanged: caused by the machine or the bench" : "");
}

std::string band_text(const history_series& series) {
  const auto& of = *series.of;
  const auto& band = series.band;
  if (of.is_exact()) {
    const auto limit = of.tolerance_share > 0
                           ? fmt::format("max({:g} %, {:g} bytes)", 100 * of.tolerance_share, of.tolerance)
                           : fmt::format("{:g} per request", of.tolerance);
    return fmt::format("Counted: a difference above {} is a change.", limit);
  }
  auto text = fmt::format("Band ±{}: ", percent_text(band.size));
  if (band.source == history_band::source_of::recordings) {
    text += fmt::format("difference of {}{} repeated recording{} of one program, at least {}.",
                        band.count < 10 ? "" : "nine in ten of ", band.count, band.count == 1 ? "" : "s",
                        percent_text(of.min_floor));
  } else {
    text += fmt::format(
        "half of the interval of a recording, the median of {}. No program was recorded twice.", band.count);
  }
  if (!std::ranges::all_of(series.points, &history_point::has_confidence))
    text += " Intervals of fewer than 7 repetitions are ranges.";
  return text;
}

std::string reference_title(const std::string& reference) {
  if (reference == canary_reference) return "the canary";
  if (reference == ideal_reference) return "the ideal";
  const auto row = parse_case_name(reference);
  return row ? fmt::format("{} {}", row->label(), row->workers) : reference;
}

namespace {

using nlohmann::ordered_json;

/// Six significant digits: the payload is for drawing.
double rounded(double value) { return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr); }

ordered_json recording_json(const recording_facts& facts) {
  return {{"id", facts.id},
          {"commit", facts.commit},
          {"dirty", facts.is_dirty},
          {"subject", facts.subject},
          {"recorded", facts.recorded},
          {"commit_date", facts.commit_date},
          {"program", facts.program},
          {"compiler", facts.compiler},
          {"canary", {facts.canary.before, facts.canary.after}},
          {"load", {facts.load.before, facts.load.after}},
          {"steal", facts.steal_percent}};
}

ordered_json points_json(const history_group& group, const history_series& series, bool with_samples) {
  auto points = ordered_json::array();
  for (const auto& point : series.points) {
    ordered_json one{{"at", point.at},
                     {"figure", rounded(point.figure)},
                     {"reference", rounded(point.reference)},
                     {"ratio", rounded(point.ratio)},
                     {"low", rounded(point.low)},
                     {"high", rounded(point.high)},
                     {"enough", point.has_confidence}};
    const auto* const figure = find_figure(group.recordings[point.at], series.row, *series.of);
    if (with_samples && !figure->samples.empty()) {
      auto& samples = one["samples"] = ordered_json::array();
      for (const double sample : figure->samples) samples.push_back(rounded(sample));
    }
    points.push_back(std::move(one));
  }
  return points;
}

ordered_json series_json(const history_group& group, const history_series& series) {
  ordered_json json{{"row", series.row},
                    {"metric", series.of->name},
                    {"reference", {{"name", series.reference}, {"title", reference_title(series.reference)}}},
                    {"is_default", series.is_default},
                    {"points", points_json(group, series, series.is_default)},
                    {"failed", ordered_json::array()},
                    {"band", {{"size", rounded(series.band.size)}, {"text", band_text(series)}}},
                    {"changes", ordered_json::array()},
                    {"levels", ordered_json::array()},
                    {"accepted", ordered_json::array()}};
  for (const auto& [at, reason] : series.failed) json["failed"].push_back({{"at", at}, {"reason", reason}});
  for (const auto& change : series.changes) {
    json["changes"].push_back(
        {{"at", change.at},
         {"factor", std::isfinite(change.factor) ? ordered_json(rounded(change.factor)) : ordered_json{}},
         {"worse", change.is_worse},
         {"confirmed", change.is_confirmed},
         {"same_program", change.is_same_program},
         {"text", change_text(change, *series.of)}});
  }
  for (const auto& level : series.levels)
    json["levels"].push_back({{"from", level.first}, {"to", level.last}, {"level", rounded(level.ratio)}});
  for (const auto& [at, one] : series.accepted)
    json["accepted"].push_back(
        {{"at", at ? ordered_json(*at) : ordered_json(-1)}, {"commit", one.commit}, {"reason", one.reason}});
  return json;
}

}  // namespace

ordered_json history_json(const std::vector<history_group>& groups) {
  ordered_json json{{"metrics", ordered_json::array()}, {"groups", ordered_json::array()}};
  for (const auto& of : metrics())
    json["metrics"].push_back(
        {{"name", of.name}, {"label", of.label}, {"unit", to_string(unit_of(of))}, {"exact", of.is_exact()}});
  for (const auto& group : groups) {
    ordered_json one{{"id", group.id},
                     {"title", group.title},
                     {"machine", group.recordings.front().facts.machine},
                     {"recordings", ordered_json::array()},
                     {"rows", ordered_json::array()},
                     {"series", ordered_json::array()}};
    for (const auto& recording : group.recordings)
      one["recordings"].push_back(recording_json(recording.facts));
    for (const auto& row : group.rows)
      one["rows"].push_back({{"name", row.name()},
                             {"strategy", row.strategy},
                             {"label", row.label()},
                             {"workers", row.workers},
                             {"point", point_id(row)}});
    for (const auto& series : group.series) one["series"].push_back(series_json(group, series));
    json["groups"].push_back(std::move(one));
  }
  return json;
}

namespace {

/// A change with the recording that starts its level.
struct dated_change {
  std::size_t recording;
  const history_series* series;
  const history_change* change;
};

std::vector<dated_change> changes_by_recording(const history_group& group) {
  std::vector<dated_change> changes;
  for (const auto& series : group.series) {
    if (!series.is_default) continue;
    for (const auto& change : series.changes)
      changes.push_back({series.points[change.at].at, &series, &change});
  }
  std::ranges::stable_sort(changes, {}, &dated_change::recording);
  return changes;
}

/// Returns the reason for which the series' regression of a commit is accepted, or "".
std::string reason_of(const history_series& series, const std::string& commit) {
  for (const auto& [at, one] : series.accepted)
    if (one.commit == commit) return "; accepted: " + one.reason;
  return {};
}

std::string group_table(const history_group& group) {
  std::set<std::string> commits;
  for (const auto& recording : group.recordings) commits.insert(recording.facts.commit);
  const auto plural = [](std::size_t count) { return count == 1 ? "" : "s"; };
  auto text =
      fmt::format("{}\n{} recording{} of {} commit{}", printable(group.title), group.recordings.size(),
                  plural(group.recordings.size()), commits.size(), plural(commits.size()));
  const auto changes = changes_by_recording(group);
  std::vector<text_row> rows{{.cells = {"commit", "row", "metric", "reference", "change"}}};
  const auto commit_of = [&](std::size_t at) {
    const auto& facts = group.recordings[at].facts;
    return facts.commit.substr(0, 7) + (facts.is_dirty ? "+" : "");
  };
  for (const auto& [at, series, change] : changes)
    rows.push_back({.cells = {commit_of(at), reference_title(series->row), std::string{series->of->label},
                              reference_title(series->reference),
                              change_text(*change, *series->of) +
                                  reason_of(*series, group.recordings[at].facts.commit)}});
  for (std::size_t at = 0; at < group.recordings.size(); ++at)
    for (const auto& [name, row] : group.recordings[at].rows)
      if (!row.failure.empty())
        rows.push_back({.cells = {commit_of(at), reference_title(name), "–", "–", "failed: " + row.failure}});
  if (rows.size() == 1) return text + ": no change\n";
  return text + "\n" + text_table(rows, rows.front().cells.size());
}

}  // namespace

std::string history_table(const std::vector<history_group>& groups) {
  std::string text;
  for (const auto& group : groups) text += (text.empty() ? "" : "\n") + group_table(group);
  return text;
}

}  // namespace farebench::track
