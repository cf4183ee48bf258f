#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/gate.hpp"
#include "bench/track/judge.hpp"
#include "bench/track/recordings.hpp"

namespace farebench::track {

// History of the rows over commits, from recordings. Pure functions.
//
// A row's figure is divided by a reference of the same recording, so that a slower machine moves both. The
// reference is raw_epoll unless another one is asked for. See default_reference().

/// Median of a figure over the repetitions with its order-statistics interval of 97.5 %, so that two of them
/// hold with 95 %. With too few repetitions the interval is the range.
struct figure_interval {
  double low;
  double median;
  double high;
  bool has_confidence;
  std::vector<double> samples;
};

/// Returns nullopt without values. Exact figures are counted once per recording: the first value counts.
std::optional<figure_interval> summarize(std::vector<double> values, const metric& of);

/// One row of a recording.
struct history_row {
  benchmark_case parameters;
  /// Reason of the first failed repetition. A failed row has no figures.
  std::string failure = {};
  /// Time that the latency alone takes.
  std::optional<double> ideal_ms = {};
  /// By metric.
  std::map<std::string_view, figure_interval> figures = {};
};

struct history_recording {
  recording_facts facts;
  /// By name of the case.
  std::map<std::string, history_row> rows;
};

history_recording history_of(const recorded_run& run);

/// Sorts recordings by commit: after recorded parents, else by the commit's date, else by the first
/// recording. Recordings of one commit stand together: clean ones first, then in the order in which they were
/// recorded.
std::vector<history_recording> commit_order(std::vector<history_recording> recordings);

/// References besides the names of rows.
inline constexpr std::string_view canary_reference = "canary";
inline constexpr std::string_view ideal_reference = "ideal";

/// Returns the reference of a row: raw_epoll under the same conditions with as many workers, or the nearest
/// number; else the first row that has the figure. The time of raw_epoll is compared with the ideal, and its
/// CPU with the canary. The same for all recordings. Returns "" if there is none.
std::string default_reference(std::span<const history_recording> recordings, const std::string& row,
                              const metric& of);
/// Returns all references of a row, the default one first: rows of the same conditions and workers, the ideal
/// for times that wait, the canary for times.
std::vector<std::string> references_of(std::span<const history_recording> recordings, const std::string& row,
                                       const metric& of);

/// A row in one recording. Ratios are figures over the reference; low and high are the outer ends of both
/// intervals.
struct history_point {
  /// Index of the recording.
  std::size_t at;
  double figure;
  double reference;
  double ratio;
  double low;
  double high;
  /// Both intervals have the confidence.
  bool has_confidence;
};

/// Share up to which a difference is no change.
struct history_band {
  enum class source_of { recordings, repetitions, limit };

  double size;
  source_of source;
  /// Number of pairs of recordings of one program, or of recordings.
  std::size_t count;
};

struct history_change {
  /// Index of the point that starts the new level.
  std::size_t at;
  /// New level over the one before; infinite after a count of zero.
  double factor;
  bool is_worse;
  /// The next recording shows it too, or the figure is exact.
  bool is_confirmed;
  /// The client is byte for byte the one before.
  bool is_same_program;
};

/// Points from first to last with their median ratio.
struct history_level {
  std::size_t first;
  std::size_t last;
  double ratio;
};

struct history_failure {
  std::size_t at;
  std::string reason;
};

struct history_acceptance {
  /// Index of the first point of its commit, if there is one.
  std::optional<std::size_t> at;
  accepted_regression accepted;
};

/// One metric of one row over the recordings.
struct history_series {
  std::string row;
  const metric* of;
  std::string reference;
  /// True for the row's default reference, set by make_history().
  bool is_default = false;
  std::vector<history_point> points = {};
  std::vector<history_failure> failed = {};
  history_band band = {};
  std::vector<history_change> changes = {};
  std::vector<history_level> levels = {};
  std::vector<history_acceptance> accepted = {};
};

/// Computes a series over recordings of one machine and setting, in commit order.
///
/// Band of a noisy figure: the share that nine in ten repeated recordings of one program stayed within, at
/// least the metric's floor. Without repeated recordings: the median half width of the points' intervals.
/// Change of a noisy figure: a point whose interval lies beyond that of the level before it by more than the
/// band (by more than the floor if the band is made of intervals), and so does the next point, to the same
/// side. The last point has no next one: its change is not confirmed. Change of an exact figure: a count that
/// differs from the level's first one by more than the metric's limit and by more than repeated recordings of
/// one program do.
history_series make_series(std::span<const history_recording> recordings, const std::string& row,
                           const metric& of, const std::string& reference,
                           std::span<const accepted_regression> accepted = {});

/// Recordings of one machine and setting, in commit order.
struct history_group {
  std::string id;
  std::string title;
  std::vector<history_recording> recordings;
  /// In display order.
  std::vector<benchmark_case> rows;
  /// By row and metric; the series of a row's default reference first.
  std::vector<history_series> series;
};

/// Groups recordings, the group with the latest recording first.
std::vector<history_group> make_history(const std::vector<recorded_run>& runs,
                                        std::span<const accepted_regression> accepted);

/// "worse: +12 % (confirmed by the next recording)".
std::string change_text(const history_change& change, const metric& of);
std::string band_text(const history_series& series);
/// "raw_epoll 100", "the canary", "the ideal".
std::string reference_title(const std::string& reference);

/// {"metrics": […], "groups": […]}.
nlohmann::ordered_json history_json(const std::vector<history_group>& groups);
/// A table of the changes of each group, the latest last, and then of the failed rows. Text from files is
/// escaped.
std::string history_table(const std::vector<history_group>& groups);

}  // namespace farebench::track
