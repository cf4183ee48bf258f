#include "lib/system/shard.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <optional>

#include "lib/system/command_line.hpp"

namespace farebench {
namespace {

constexpr const char* slurm_index = "SLURM_ARRAY_TASK_ID";
constexpr const char* slurm_count = "SLURM_ARRAY_TASK_COUNT";
constexpr const char* kubernetes_index = "JOB_COMPLETION_INDEX";

std::optional<std::size_t> parse_count(std::string_view text, std::size_t min) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < min || number > max_shards)
    return std::nullopt;
  return number;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string{} : value;
}

/// Returns the part of the environment, which must be one of `count` if there is a count.
std::expected<shard, std::string> shard_of_environment(std::optional<std::size_t> count) {
  const auto in_slurm = variable(slurm_index);
  const auto in_kubernetes = variable(kubernetes_index);
  if (in_slurm.empty() && in_kubernetes.empty()) {
    return std::unexpected{
        fmt::format("there is no {} (Slurm) and no {} (Kubernetes): write i/n, or run it in a job array",
                    slurm_index, kubernetes_index)};
  }
  if (!in_slurm.empty() && !in_kubernetes.empty())
    return std::unexpected{fmt::format("both {} and {} are set: write i/n", slurm_index, kubernetes_index)};
  if (in_slurm.empty()) {
    if (!count) {
      return std::unexpected{fmt::format(
          "{} has no number of completions: write auto/n, with the Job's completions", kubernetes_index)};
    }
    const auto index = parse_count(in_kubernetes, 0);
    if (!index || *index >= *count)
      return std::unexpected{fmt::format("{} is '{}': it must be 0 to {}", kubernetes_index,
                                         printable(in_kubernetes), *count - 1)};
    return shard{.index = *index + 1, .count = *count};
  }
  if (!count) {
    const auto tasks = variable(slurm_count);
    count = parse_count(tasks, 1);
    if (!count) {
      return std::unexpected{
          fmt::format("{} is '{}': it must be 1 to {}, or write auto/n with the number of shards",
                      slurm_count, printable(tasks), max_shards)};
    }
    // An array of a few tasks, or with steps, has another count than the job.
    const auto first = variable("SLURM_ARRAY_TASK_MIN");
    const auto last = variable("SLURM_ARRAY_TASK_MAX");
    if ((!first.empty() && first != "1") || (!last.empty() && last != std::to_string(*count))) {
      return std::unexpected{fmt::format(
          "the Slurm array has the tasks {} to {}, {} in all: submit it with --array=1-N, or write "
          "auto/n with the number of shards",
          printable(first), printable(last), *count)};
    }
  }
  const auto index = parse_count(in_slurm, 1);
  if (!index || *index > *count)
    return std::unexpected{
        fmt::format("{} is '{}': it must be 1 to {}", slurm_index, printable(in_slurm), *count)};
  return shard{.index = *index, .count = *count};
}

}  // namespace

std::string to_string(const shard& part) { return fmt::format("{}/{}", part.index, part.count); }

std::expected<shard, std::string> parse_shard(std::string_view text) {
  if (text == "auto") return shard_of_environment(std::nullopt);
  const auto slash = text.find('/');
  const auto count = slash == std::string_view::npos ? std::nullopt : parse_count(text.substr(slash + 1), 1);
  if (count && text.substr(0, slash) == "auto") return shard_of_environment(count);
  const auto index = count ? parse_count(text.substr(0, slash), 1) : std::nullopt;
  if (!index || *index > *count) {
    return std::unexpected{
        fmt::format("'{}' is invalid: write i/n with i from 1 to n and n up to {}, auto, or auto/n",
                    printable(text), max_shards)};
  }
  return shard{.index = *index, .count = *count};
}

}  // namespace farebench
