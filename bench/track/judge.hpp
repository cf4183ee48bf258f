#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Statistics and verdicts of track. Pure, except for reading the noise file.

namespace farebench::track {

/// A figure that commits are judged by; more is worse.
struct metric {
  enum class kind_of { exact, noisy };

  /// Column name; "real_time" is the wall time.
  std::string_view name;
  /// For tables.
  std::string_view label;
  kind_of kind;
  /// Exact metrics: changes up to max(tolerance_share · base, tolerance) do not count.
  double tolerance_share = 0;
  double tolerance = 0;
  /// Noisy metrics: minimum of the floor, as a share of the base. Smaller changes are of no interest.
  double min_floor = 0;

  bool is_exact() const { return kind == kind_of::exact; }
};

/// All metrics, in the order of the tables.
std::span<const metric> metrics();

/// Returns nullptr if there is none of that name.
const metric* find_metric(std::string_view name);

/// Formats a figure for people: "46.1 ms", "2.31 MiB", "62.6".
std::string figure_text(const metric& of, double value);

/// Ranks of sorted values, from 1.
struct rank_interval {
  std::size_t low;
  std::size_t high;
  /// Probability that the median lies between the values of these ranks.
  double confidence;
};

/// Returns the narrowest symmetric interval that contains the median of the values' distribution with at
/// least that confidence. The number of `count` independent values below the median is binomial, whatever the
/// distribution (David and Nagaraja, Order Statistics, 3rd ed., 7.1). nullopt if the values are too few.
std::optional<rank_interval> median_ranks(std::size_t count, double confidence);

/// Returns the minimum number of values whose interval leaves out `outliers` at each end.
std::size_t min_values(double confidence, std::size_t outliers);

/// The values of a rank_interval, and the median of all values.
struct median_interval {
  double low;
  double median;
  double high;
  /// 0 if the values were too few and the interval is their range.
  double confidence;

  double half_width() const { return (high - low) / 2; }
};

std::optional<median_interval> interval_of_median(std::vector<double> values, double confidence);

/// Returns the same, or the range of the values if they are too few. There is at least one.
median_interval interval_or_range(std::vector<double> values, double confidence);

enum class verdict { same, improvement, regression, cannot_tell };

/// Returns "same", "improvement", "regression" or "cannot tell".
std::string_view to_string(verdict value);

/// A metric's figures of one series. For noisy metrics, base[i] and head[i] are a pair.
struct metric_samples {
  std::vector<double> base;
  std::vector<double> head;
};

struct side_summary {
  double median;
  /// Half of the median's 95 % interval, or of the range if there are too few values; as a share of the
  /// median.
  double spread;
};

/// Result of judging one metric of one series. Changes are shares of the base: 0.15 is 15 % more.
struct finding {
  std::string series;
  std::string_view metric;
  track::verdict verdict = track::verdict::cannot_tell;
  /// Absent if that side has no figure.
  std::optional<side_summary> base = {};
  std::optional<side_summary> head = {};
  /// Absent if it is infinite: from zero to more.
  std::optional<double> change = {};
  /// Interval of the change and its confidence, for noisy metrics. An infinite end is absent.
  std::optional<double> low = {};
  std::optional<double> high = {};
  double confidence = 0;
  /// Changes up to this one do not count.
  double floor = 0;
  /// For "cannot tell": the smallest change that would have been detected.
  std::optional<double> min_detectable = {};
  /// Reason of the verdict, in a few words.
  std::string reason = {};
  /// Reason for which a regression is accepted. Empty: it is not.
  std::string acceptance = {};
};

/// Judges an exact metric. A change of the median counts if it exceeds the tolerance and the range of each
/// side. A range above the tolerance hides smaller changes: "cannot tell". No side is empty.
finding judge_exact(const std::string& series, const metric& of, const metric_samples& samples);

/// Judges a noisy metric by the median of the pairs' log-ratios and its exact interval of that confidence. An
/// interval beyond the floor is a regression or an improvement, within it "same", any other "cannot tell".
/// `floor` is a share: 0.02 for 2 %. Both sides have the same size and no negative values. From a figure to
/// zero is −100 %, from zero to zero no change.
finding judge_noisy(const std::string& series, const metric& of, const metric_samples& samples, double floor,
                    double confidence);

/// Sides whose runs of a series all failed, or whose clients did.
enum class failed_sides { base, head, both };

/// Judges a series without figures: a head that fails where the base works is a regression, the reverse an
/// improvement. Anything else cannot be told. It stands for all metrics, under the first one's name.
finding judge_failure(const std::string& series, const metric& of, failed_sides failed, std::string reason);

/// Returns the finding about a metric that only one side has: it cannot be told.
finding judge_missing(const std::string& series, const metric& of, bool is_in_base, bool is_in_head);

/// Returns true for regressions and improvements.
bool is_flagged(const finding& found);

/// Shifts seen in comparisons of a program with itself (A/A) on one machine: medians of log-ratios, whose
/// expectation is 0. Keeps the latest shifts of each series and metric.
class noise {
 public:
  static constexpr std::size_t max_shifts = 40;

  /// Adds the shift of one A/A. Its sign does not matter; infinity and NaN are ignored.
  void add(const std::string& series, std::string_view metric, double shift);

  /// Returns the share up to which changes do not count: the 90th percentile of the shifts (nearest rank),
  /// and at least the metric's `min_floor`.
  double floor(const std::string& series, const metric& of) const;

  /// Returns the number of shifts kept.
  std::size_t count(const std::string& series, std::string_view metric) const;

  std::string to_json() const;
  /// Throws track_error naming `source` and what is invalid.
  static noise parse(std::string_view text, const std::string& source);
  /// Returns an empty object if there is no such file.
  static noise read(const std::filesystem::path& path);

 private:
  std::map<std::pair<std::string, std::string>, std::vector<double>> shifts_;
};

/// Returns the shift of the A/A inside a comparison: in samples in the order A B B A, two runs of one program
/// are adjacent. It is the median log-ratio, later over earlier, of all such pairs. nullopt for fewer than 12
/// samples.
std::optional<double> inner_shift(const metric_samples& samples);

/// Returns the median log-ratio of head over base. nullopt without samples.
std::optional<double> shift_of(const metric_samples& samples);

/// One side of a comparison: a commit, a recording of one, or a command.
struct compared_side {
  /// As given by the user: "HEAD~", "main", a path, the name of a client.
  std::string name;
  /// 40 hex digits; of a result file, also "unknown". Empty for a command.
  std::string commit = {};
  /// True if tracked files differed from the commit.
  bool dirty = false;
  /// See program_hash(). Empty for a command and if unknown.
  std::string program_sha256 = {};
  /// Command of a client, as given by the user. Empty for a commit.
  std::string command = {};
  /// HTTP library and language that the client reported. Empty if it reported none.
  std::string version = {};
};

/// Duration of a part of a comparison: "build base", "screening".
struct step_time {
  std::string name;
  double seconds;
};

struct comparison {
  compared_side base;
  compared_side head;
  std::string machine = {};
  bool is_from_files = false;
  /// By series, then in the order of metrics().
  std::vector<finding> findings = {};
  /// Series that only one side has.
  std::vector<std::string> base_only = {};
  std::vector<std::string> head_only = {};
  /// Remarks for readers, one line each.
  std::vector<std::string> notes = {};
  std::vector<step_time> steps = {};

  /// False if the programs are unknown.
  bool is_of_one_program() const {
    return (!base.program_sha256.empty() || !base.command.empty()) &&
           base.program_sha256 == head.program_sha256 && base.command == head.command;
  }
};

std::size_t count(const comparison& of, verdict value);

/// Returns the number of regressions that are not accepted.
std::size_t count_unaccepted(const comparison& of);

/// Returns 1 for a regression that is not accepted, 3 if `strict` and a metric cannot be told, else 0.
int exit_code_of(const comparison& of, bool strict);

}  // namespace farebench::track
