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

namespace farebench::track {

/// A figure that commits are judged by; more is worse in each of them.
struct metric {
  enum class kind_of { exact, noisy };

  std::string_view name;   ///< of the column; the wall time is "real_time"
  std::string_view label;  ///< for tables
  kind_of kind;
  /// Of an exact one, a change up to max(share · base, absolute) is none.
  double share = 0;
  double absolute = 0;
  /// Of a noisy one, the stated minimum of its floor: a smaller change, as a share of the base, is of no
  /// interest even where it could be seen.
  double least_floor = 0;

  bool is_exact() const { return kind == kind_of::exact; }
};

/// All of them, in the order of the tables.
std::span<const metric> metrics();
/// nullptr when there is none of that name.
const metric* find_metric(std::string_view name);

/// A metric's figure for people: "46.1 ms", "2.31 MiB", "62.6".
std::string figure_text(const metric& of, double value);

/// An interval of ranks, from 1: the `low`-th smallest value to the `high`-th.
struct rank_interval {
  std::size_t low;
  std::size_t high;
  double confidence;  ///< that the median lies between them: what is kept, at least what was asked for
};

/// The ranks between which the median of what `count` independent values were drawn from lies with at least
/// that confidence, whatever the distribution: as many of them are below the median as a fair coin shows
/// heads (David and Nagaraja, Order Statistics, 3rd ed., 7.1). The narrowest that is symmetric; nullopt when
/// the values are too few for any.
std::optional<rank_interval> median_ranks(std::size_t count, double confidence);

/// The fewest values with such an interval that leaves out `spared` at each end.
std::size_t fewest_for(double confidence, std::size_t spared);

/// The values at those ranks, and the values' median.
struct median_interval {
  double low;
  double median;
  double high;
  double confidence;

  double half_width() const { return (high - low) / 2; }
};
std::optional<median_interval> interval_of_median(std::vector<double> values, double confidence);

enum class verdict { same, improvement, regression, cannot_tell };
/// "same", "improvement", "regression", "cannot tell".
std::string_view to_string(verdict what);

/// A metric's figures of one series: base[i] and head[i] were measured side by side.
struct metric_samples {
  std::vector<double> base;
  std::vector<double> head;
};

/// One side of a finding.
struct side_summary {
  double median;
  double spread;  ///< ±, as a share of the median: half of its 95 % interval, or of the range of too few
};

/// What was found of one metric of one series. Changes are shares of the base: 0.15 is 15 % more.
struct finding {
  std::string series;
  std::string_view metric;
  verdict what = verdict::cannot_tell;
  std::optional<side_summary> base = {};  ///< absent: that side has no figure
  std::optional<side_summary> head = {};
  std::optional<double> change = {};
  std::optional<double> low = {};  ///< the interval of the change, of a noisy metric
  std::optional<double> high = {};
  double confidence = 0;  ///< of that interval
  double floor = 0;       ///< up to here a change is none
  /// Of "cannot tell": the smallest change that could have been seen, where any could.
  std::optional<double> smallest_seen = {};
  std::string why;            ///< in a few words
  std::string accepted = {};  ///< the reason for which a regression is accepted; empty: it is not
};

/// An exact metric: its medians differ by more than the greatest of max(share · base, absolute) and of what
/// either side varied by. Where it varied by more than the former, it cannot tell of less. Pure; neither side
/// empty.
finding judge_exact(const std::string& series, const metric& of, const metric_samples& samples);

/// A noisy metric: the median of the pairs' log-ratios with its exact interval of that confidence. Beyond the
/// floor as a whole it is a regression or an improvement, inside it the same, anything else cannot tell.
/// `floor` is a share, 0.02 for 2 %. Pure; both sides of one length, values above zero.
finding judge_noisy(const std::string& series, const metric& of, const metric_samples& samples, double floor,
                    double confidence);

/// Whether it says that something changed.
bool is_flagged(const finding& one);

/// What comparisons of a program with itself (A/A) have shown on one machine: by how much the median of a
/// metric's log-ratios was off nothing. Bounded: the latest of each series and metric count. A value.
class noise {
 public:
  static constexpr std::size_t most_kept = 40;

  /// One A/A more. A shift is of logarithms, its sign of no account; not finite is left out.
  void add(const std::string& series, std::string_view metric, double shift);

  /// The share up to which a change is none: what nine in ten of the A/As stayed within (nearest rank), and
  /// at least the metric's stated minimum.
  double floor(const std::string& series, const metric& of) const;
  /// How many A/As that rests upon.
  std::size_t known(const std::string& series, std::string_view metric) const;

  /// One JSON text, and back. Throws track_error naming `source` and what is wrong.
  std::string to_text() const;
  static noise parse(std::string_view text, const std::string& source);
  /// Nothing is known where there is no such file.
  static noise read(const std::filesystem::path& path);

 private:
  std::map<std::pair<std::string, std::string>, std::vector<double>> shifts_;
};

/// The A/A that every interleaved comparison has inside: its samples come in fours, A B B A, so that two
/// runs of one program stand beside two of the other. The median log-ratio, later over earlier, over all such
/// pairs; nullopt of fewer than three fours.
std::optional<double> inner_shift(const metric_samples& samples);

/// The median log-ratio of head over base; nullopt of none.
std::optional<double> shift_of(const metric_samples& samples);

/// One side of a comparison, for people.
struct compared_side {
  std::string name;            ///< as it was asked for: "HEAD~", "main", a path
  std::string commit;          ///< 40 hex digits, or several of a folder's files
  bool dirty = false;          ///< with changes that are not committed
  std::string program_sha256;  ///< of the client program, but for its commit's id
};

/// Everything that holding two sides against each other has shown.
struct comparison {
  compared_side base;
  compared_side head;
  std::string machine;
  bool is_from_files = false;
  std::vector<finding> findings;       ///< by series, then in the order of metrics()
  std::vector<std::string> base_only;  ///< series that only one side has
  std::vector<std::string> head_only;
  std::vector<std::string> notes;  ///< what to know when reading it, a line each

  bool is_of_one_program() const { return base.program_sha256 == head.program_sha256; }
};

std::size_t count(const comparison& of, verdict what);
/// Regressions that are not accepted.
std::size_t count_unaccepted(const comparison& of);

/// 1 with a regression that is not accepted; 3 under `strict` when something cannot be told; else 0.
int exit_code_of(const comparison& of, bool strict);

}  // namespace farebench::track
