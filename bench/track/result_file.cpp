#include "bench/track/result_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "bench/clients/clients.hpp"
#include "bench/columns.hpp"
#include "bench/track/error.hpp"
#include "bench/track/strict_json.hpp"

namespace farebench::track {
namespace {

using nlohmann::ordered_json;

std::string_view without_suffix(std::string_view name) { return name.substr(0, name.rfind("/iterations:")); }

template <typename Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

/// Rewrites the latency of a name for parse_latency(): "20", "uniform_10-30", "lognormal_20_p99_80".
std::string latency_flag(std::string_view text) {
  const auto two_of = [](std::string_view values, std::string_view separator, const char* form) {
    const auto at = values.find(separator);
    if (at == std::string_view::npos) return std::string{};
    return fmt::format(fmt::runtime(form), values.substr(0, at), values.substr(at + separator.size()));
  };
  constexpr std::string_view uniform = "uniform_";
  constexpr std::string_view lognormal = "lognormal_";
  if (text.starts_with(uniform)) return two_of(text.substr(uniform.size()), "-", "uniform:{}ms-{}ms");
  if (text.starts_with(lognormal))
    return two_of(text.substr(lognormal.size()), "_p99_", "lognormal:{}ms,p99={}ms");
  return fmt::format("{}ms", text);
}

/// Returns the parameters after the strategy, by key.
std::map<std::string_view, std::string_view> settings_of(std::string_view text) {
  std::map<std::string_view, std::string_view> settings;
  while (!text.empty()) {
    const auto setting = text.substr(0, text.find('/'));
    const auto colon = setting.find(':');
    if (colon == std::string_view::npos) return {};
    settings[setting.substr(0, colon)] = setting.substr(colon + 1);
    text.remove_prefix(std::min(text.size(), setting.size() + 1));
  }
  return settings;
}

}  // namespace

std::optional<benchmark_case> parse_case_name(std::string_view name) {
  constexpr std::string_view start = "fetch/strategy:";
  name = without_suffix(name);
  const auto workers_at = name.rfind("/workers:");
  if (!name.starts_with(start) || workers_at == std::string_view::npos || workers_at < start.size())
    return std::nullopt;
  auto settings = settings_of(name.substr(workers_at + 1));
  const auto latency = parse_latency(latency_flag(settings["latency_ms"]));
  const auto engine =
      settings.contains("engine") ? parse_engine_kind(settings["engine"]) : engine_kind::cpp_httplib;
  if (!latency || !engine) return std::nullopt;
  auto strategy = name.substr(start.size(), workers_at - start.size());
  benchmark_case parameters{
      .strategy = {}, .workers = 0, .latency = *latency, .page_kb = 0, .items = 0, .engine = *engine};
  if (const auto at = strategy.rfind("/loops:");
      at != std::string_view::npos && parse_number(strategy.substr(at + 7), parameters.loops))
    strategy = strategy.substr(0, at);
  // "coroutines/transport:native" is the client coroutines/native.
  constexpr std::string_view transport = "/transport:";
  parameters.strategy = strategy;
  if (const auto at = strategy.find(transport); at != std::string_view::npos)
    parameters.strategy.replace(at, transport.size(), "/");
  const bool has_numbers = parse_number(settings["workers"], parameters.workers) &&
                           parse_number(settings["page_kb"], parameters.page_kb) &&
                           parse_number(settings["days"], parameters.items) &&
                           (!settings.contains("seed") || parse_number(settings["seed"], parameters.seed));
  // The comparison refuses unknown and repeated settings, and any other order.
  if (!has_numbers || parameters.workers == 0 || parameters.items == 0 || parameters.name() != name)
    return std::nullopt;
  return parameters;
}

namespace {

/// Returns the facts that a schema has about a strategy of unknown origin.
ordered_json unknown_strategy(const std::string& name) {
  ordered_json facts{{"name", name}, {"label", name}, {"family", "other"}};
  for (const char* member : {"language", "transport", "control_flow", "code_changes"})
    facts[member] = "unknown";
  return facts;
}

ordered_json checked_facts(const ordered_json& schema, std::string_view list,
                           std::initializer_list<const char*> members, const std::string& source) {
  ordered_json facts = list_member(schema, list, source + ": schema");
  for (std::size_t i = 0; i < facts.size(); ++i)
    for (const char* name : members)
      text_member(facts[i], name, fmt::format("{}: {} {} of the schema", source, list, i + 1));
  return facts;
}

void read_schema(result_file& file, const ordered_json& schema) {
  const auto version = count_member(schema, "version", file.source + ": schema");
  if (version != 1)
    throw track_error{
        fmt::format("{}: schema version {} is unknown: this track reads version 1", file.source, version)};
  file.columns = checked_facts(schema, "columns", {"name", "unit", "better", "meaning"}, file.source);
  file.strategies = checked_facts(
      schema, "strategies",
      {"name", "label", "family", "language", "transport", "control_flow", "code_changes"}, file.source);
}

/// Returns the kind that the file's workload gives to a latency. Names do not state it.
point_kind kind_in_workload(const ordered_json& context, const latency_model& latency) {
  const auto* const known = find_workload(context.value("workload", ""));
  if (known == nullptr) return point_kind::plain;
  const auto point = std::ranges::find(known->parameters.points, latency, &workload_point::latency);
  return point == known->parameters.points.end() ? point_kind::plain : point->kind;
}

/// Milliseconds per unit of time.
double milliseconds_of(const std::string& unit, const std::string& where) {
  static const std::map<std::string, double> known{{"s", 1e3}, {"ms", 1}, {"us", 1e-3}, {"ns", 1e-6}};
  const auto found = known.find(unit);
  if (found == known.end())
    throw track_error{fmt::format("{}: time_unit is not one of s, ms, us, ns: '{}'", where, unit)};
  return found->second;
}

/// Reads the rows of one file.
class row_reader {
 public:
  row_reader(result_file& file, bool has_schema) : file_{file}, has_schema_{has_schema} {
    for (const auto& listed : file.columns) {
      const auto name = listed.at("name").get<std::string>();
      const auto known = std::ranges::find(columns(), name, &column::name);
      columns_.emplace(name, known == columns().end() ? nullptr : &*known);
    }
    columns_.erase("real_time");
  }

  void read(const ordered_json& row, const std::string& where) {
    const auto type = text_member(row, "run_type", where);
    if (type == "aggregate") return;
    if (type != "iteration")
      throw track_error{fmt::format("{}: run_type is neither iteration nor aggregate: '{}'", where, type)};
    const auto at = case_of(row, where);
    check_machine(at, row, where);
    file_.cases[at].repetitions.push_back(repetition_of(row, where));
    auto& indices = file_.repetition_indices[at];
    const bool has_index = row.contains("repetition_index");
    const auto index = has_index ? count_member(row, "repetition_index", where) : 0;
    if (has_index && std::ranges::find(indices, index) != indices.end())
      throw track_error{fmt::format("{}: repetition {} of '{}' is there twice", where, index,
                                    file_.cases[at].parameters.name())};
    indices.push_back(index);
  }

 private:
  /// Reads the machine of a case, which all its rows have. Rows without one are of the file's machine.
  void check_machine(std::size_t at, const ordered_json& row, const std::string& where) {
    auto machine =
        optional_text_member(row.contains("machine_id") ? row : file_.context, "machine_id", where);
    auto& known = file_.cases[at].machine;
    if (file_.cases[at].repetitions.empty())
      known = std::move(machine);
    else if (known != machine)
      throw track_error{fmt::format("{}: '{}' is of the machines '{}' and '{}'", where,
                                    file_.cases[at].parameters.name(), known, machine)};
  }

  /// Returns the index of the row's case, which it adds if it is new.
  std::size_t case_of(const ordered_json& row, const std::string& where) {
    const std::string name{without_suffix(text_member(row, "name", where))};
    const auto [found, is_new] = index_of_.try_emplace(name, file_.cases.size());
    if (!is_new) return found->second;
    auto parameters = has_schema_ ? std::optional{parameters_of(row, where)} : parse_case_name(name);
    if (!parameters || parameters->name() != name)
      throw track_error{fmt::format("{}: '{}' is not the name of a row of bench", where, name)};
    if (!has_schema_) parameters->kind = kind_in_workload(file_.context, parameters->latency);
    file_.cases.push_back({.parameters = std::move(*parameters)});
    file_.repetition_indices.emplace_back();
    return found->second;
  }

  static benchmark_case parameters_of(const ordered_json& row, const std::string& where) {
    try {
      return parse_parameters(row);
    } catch (const std::invalid_argument& error) {
      throw track_error{fmt::format("{}: {}", where, error.what())};
    }
  }

  finished_row repetition_of(const ordered_json& row, const std::string& where) const {
    finished_row repetition;
    const double unit = milliseconds_of(text_member(row, "time_unit", where), where);
    if (const auto failed = row.find("error_occurred"); failed != row.end()) {
      if (!failed->is_boolean())
        throw track_error{
            fmt::format("{}: error_occurred is neither true nor false: {}", where, quoted(*failed))};
      if (failed->get<bool>()) repetition.verdict.failure = optional_text_member(row, "error_message", where);
      if (failed->get<bool>() && repetition.verdict.failure.empty())
        repetition.verdict.failure = "no reason given";
    }
    repetition.verdict.warning = optional_text_member(row, "label", where);
    repetition.client_version = optional_text_member(row, "client_version", where);
    if (const auto times = row.find("item_histogram"); times != row.end()) {
      try {
        repetition.item_histogram = parse_time_histogram(*times);
      } catch (const std::invalid_argument& error) {
        throw track_error{fmt::format("{}: {}", where, error.what())};
      }
    }
    // Google Benchmark may omit the figures of a failed row. They do not count, and may be any numbers.
    const bool failed = repetition.verdict.failed();
    if (!failed || row.contains("real_time"))
      repetition.real_time_ms = figure_member(row, "real_time", where, failed) * unit;
    for (const auto& [name, value] : row.items()) {
      const auto found = columns_.find(name);
      if (found == columns_.end()) continue;
      repetition.columns[name] = failed || found->second == nullptr
                                     ? number_member(row, name, where)
                                     : figure_member(row, name, where, found->second->can_be_zero);
    }
    return repetition;
  }

  result_file& file_;
  bool has_schema_;
  /// By name; nullptr for columns that this bench does not know.
  std::map<std::string, const column*, std::less<>> columns_;
  std::map<std::string, std::size_t> index_of_;
};

/// Sorts the cases for display, and the repetitions of each by index.
void sort_rows(result_file& file) {
  std::vector<std::pair<case_result, std::vector<std::size_t>>> sorted;
  for (std::size_t at = 0; at < file.cases.size(); ++at) {
    const auto& indices = file.repetition_indices[at];
    std::vector<std::size_t> order(indices.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return indices[i]; });
    auto& [result, ascending] = sorted.emplace_back(
        case_result{.parameters = file.cases[at].parameters, .machine = file.cases[at].machine},
        std::vector<std::size_t>{});
    for (const auto i : order) {
      result.repetitions.push_back(std::move(file.cases[at].repetitions[i]));
      ascending.push_back(indices[i]);
    }
  }
  std::ranges::stable_sort(sorted, precedes, [](const auto& entry) { return entry.first.parameters; });
  for (std::size_t at = 0; at < sorted.size(); ++at)
    std::tie(file.cases[at], file.repetition_indices[at]) = std::move(sorted[at]);
}

/// Adds the facts about the strategies of the cases, which a file without a schema lacks.
void add_strategies(result_file& file) {
  std::vector<benchmark_case> rows;
  for (const auto& result : file.cases)
    if (std::ranges::find(rows, result.parameters.strategy, &benchmark_case::strategy) == rows.end())
      rows.push_back(result.parameters);
  file.strategies = schema_json(rows).at("strategies");
  for (const auto& row : rows)
    if (find_probe_client(row.strategy) == nullptr) file.strategies.push_back(unknown_strategy(row.strategy));
}

/// Finds the machines of the rows. Replaces the list of shards in a merged context by the members of one
/// shard.
void read_machines(result_file& file) {
  const auto shards = file.context.contains("shards")
                          ? list_member(file.context, "shards", file.source + ": context")
                          : ordered_json{};
  file.context.erase("shards");
  const auto context_of = [&](const std::string& machine) {
    auto context = file.context;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const auto where = fmt::format("{}: shard {} of the context", file.source, i + 1);
      // The machine of all shards is in the common context.
      const auto own = optional_text_member(shards[i], "machine_id", where);
      if (!own.empty() && own != machine) continue;
      context.update(shards[i]);
      for (const char* name : {"shard", "shard_cases"}) context.erase(name);
      break;
    }
    return context;
  };
  for (const auto& one : file.cases)
    if (std::ranges::find(file.machines, one.machine, &std::pair<std::string, ordered_json>::first) ==
        file.machines.end())
      file.machines.emplace_back(one.machine, context_of(one.machine));
  if (!shards.empty()) file.context = file.machines.front().second;
}

}  // namespace

result_file read_result(const ordered_json& whole, const std::string& source) {
  if (!whole.contains("context") || !whole.contains("benchmarks"))
    throw track_error{source + " is no result file: it has no context and benchmarks"};
  result_file file;
  file.source = source;
  file.context = whole["context"];
  optional_text_member(file.context, "workload", source + ": context");
  const auto& rows = list_member(whole, "benchmarks", source);
  const bool has_schema = whole.contains("schema");
  read_schema(file, has_schema ? whole["schema"] : schema_json({}));
  row_reader reader{file, has_schema};
  for (std::size_t i = 0; i < rows.size(); ++i)
    reader.read(rows[i], fmt::format("{}: row {}", source, i + 1));
  if (file.cases.empty()) {
    throw track_error{source + (rows.empty() ? " has no rows"
                                             : " has aggregates only: measure without "
                                               "--benchmark_report_aggregates_only")};
  }
  read_machines(file);
  sort_rows(file);
  if (!has_schema) add_strategies(file);
  return file;
}

std::vector<result_file> split_by_machine(result_file file) {
  std::vector<result_file> files;
  for (const auto& [machine, context] : file.machines) {
    files.push_back({.source = file.source,
                     .context = context,
                     .machines = {{machine, context}},
                     .columns = file.columns,
                     .strategies = file.strategies,
                     .cases = {},
                     .repetition_indices = {}});
    for (std::size_t at = 0; at < file.cases.size(); ++at) {
      if (file.cases[at].machine != machine) continue;
      files.back().cases.push_back(std::move(file.cases[at]));
      files.back().repetition_indices.push_back(std::move(file.repetition_indices[at]));
    }
  }
  return files;
}

std::vector<double> values_if_passed(const case_result& result, const std::string& column) {
  return has_failed(result) ? std::vector<double>{} : values_of(result, column);
}

std::string first_failure(const case_result& result) {
  for (const auto& row : result.repetitions)
    if (row.verdict.failed()) return row.verdict.failure;
  return {};
}

bool precedes(const benchmark_case& one, const benchmark_case& other) {
  const auto rank = [](const benchmark_case& parameters) {
    const auto clients = probe_clients();
    return std::ranges::find(clients, parameters.strategy, &client_info::name) - clients.begin();
  };
  const auto key = [&](const benchmark_case& of) {
    return std::tuple{rank(of), of.label(), of.workers, of.latency.mean(), of.name()};
  };
  return key(one) < key(other);
}

std::string point_id(const benchmark_case& parameters) {
  auto id = fmt::format("latency:{}/page_kb:{}", format_latency(parameters.latency), parameters.page_kb);
  if (!parameters.latency.is_fixed()) id += fmt::format("/seed:{}", parameters.seed);
  if (parameters.engine != engine_kind::cpp_httplib)
    id += fmt::format("/engine:{}", to_string(parameters.engine));
  if (parameters.task != task_kind::scrape) id += fmt::format("/task:{}", to_string(parameters.task));
  if (parameters.connections != connection_mode::kept)
    id += fmt::format("/connections:{}", to_string(parameters.connections));
  if (parameters.warm_up != 0) id += fmt::format("/warm_up:{}", parameters.warm_up);
  return id;
}

std::string point_title(const benchmark_case& parameters) {
  const auto& latency = parameters.latency;
  const auto in_ms = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>{time}.count();
  };
  const double first = in_ms(latency.first());
  const double second = in_ms(latency.second());
  std::string title;
  if (parameters.task != task_kind::scrape) title = fmt::format("{}: ", to_string(parameters.task));
  if (parameters.kind != point_kind::plain) title += fmt::format("{}: ", to_string(parameters.kind));
  switch (latency.kind()) {
    case latency_model::shape::fixed:
      if (first == 0) {
        title += "no latency";
      } else {
        title += first < 1000 ? fmt::format("{} ms per response", first)
                              : fmt::format("{} s per response", first / 1000);
      }
      break;
    case latency_model::shape::uniform:
      title += fmt::format("{} to {} ms per response, uniform, seed {}", first, second, parameters.seed);
      break;
    case latency_model::shape::lognormal:
      title += fmt::format("{} ms per response, log-normal, 99th percentile {} ms, seed {}", first, second,
                           parameters.seed);
  }
  title += fmt::format(", {} KiB pages", parameters.page_kb);
  if (parameters.engine != engine_kind::cpp_httplib)
    title += fmt::format(", engine {}", to_string(parameters.engine));
  if (parameters.connections != connection_mode::kept)
    title += fmt::format(", {} connections", to_string(parameters.connections));
  if (parameters.warm_up != 0)
    title += fmt::format(", warm-up of {} item{}", parameters.warm_up, parameters.warm_up == 1 ? "" : "s");
  return title;
}

std::filesystem::path timeline_path(const std::filesystem::path& result) {
  auto path = result;
  if (path.extension() == ".json") path.replace_extension();
  return path += ".timeline.json";
}

namespace {

void check_points(const ordered_json& points, const std::string& where) {
  double latest = -HUGE_VAL;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto& point = points[i];
    const bool is_pair =
        point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number();
    const auto place = fmt::format("{}: point {}", where, i + 1);
    if (!is_pair || !std::isfinite(point[0].get<double>()) || !(point[1].get<double>() >= 0))
      throw track_error{fmt::format("{} is not a pair [ms, KiB]: {}", place, quoted(point))};
    if (point[0].get<double>() < latest)
      throw track_error{fmt::format("{} is earlier than the one before: {}", place, quoted(point))};
    latest = point[0].get<double>();
  }
}

}  // namespace

timeline read_timeline(const std::filesystem::path& path, const result_file& result) {
  const auto source = path.string();
  const auto whole = parse_strictly(read_input_file(path), source);
  if (count_member(whole, "timeline", source) != 1)
    throw track_error{fmt::format("{}: timeline version {} is unknown: this track reads version 1", source,
                                  quoted(whole["timeline"]))};
  timeline curves{.sample_every_ms = number_member(whole, "sample_every_ms", source), .curves = {}};
  std::set<std::string> names;
  for (const auto& one : result.cases) names.insert(one.parameters.name());
  for (const auto& curve : list_member(whole, "curves", source)) {
    const auto where = fmt::format("{}: curve {}", source, curves.curves.size() + 1);
    timeline_curve read{.case_name = text_member(curve, "name", where),
                        .repetition = count_member(curve, "repetition", where),
                        .phases_ms = required_member(curve, "phases_ms", where),
                        .points = list_member(curve, "points", where)};
    if (!names.contains(read.case_name))
      throw track_error{fmt::format("{}: '{}' is no case of the result: are both files of one run?", where,
                                    read.case_name)};
    if (!read.phases_ms.is_object())
      throw track_error{fmt::format("{}: 'phases_ms' is not an object: {}", where, quoted(read.phases_ms))};
    for (const auto& [phase, at] : read.phases_ms.items()) number_member(read.phases_ms, phase, where);
    check_points(read.points, where);
    curves.curves.push_back(std::move(read));
  }
  return curves;
}

}  // namespace farebench::track
