#include "bench/timeline/client_sampler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::chrono::nanoseconds max_status_interval = 8ms;

/// Time between samples / CPU time of a sample, on average: sampling takes at most 0.8 % of a core.
constexpr int min_interval_per_cost = 125;

/// Resets VmHWM to the resident size. If the kernel refuses, VmHWM stays the peak since exec, which is not
/// smaller.
void reset_peak(pid_t pid) { std::ofstream{fmt::format("/proc/{}/clear_refs", pid)} << "5\n"; }

std::chrono::nanoseconds cpu_time_of_this_thread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// Converts a time of CLOCK_MONOTONIC. Returns nullopt if it is outside of its valid range.
std::optional<clock::time_point> checked_time(double at_s, clock::time_point min, clock::time_point max) {
  using seconds = std::chrono::duration<double>;
  const seconds since_min{at_s - seconds{min.time_since_epoch()}.count()};
  // A double resolves a tenth of a microsecond here.
  if (!(since_min >= -1us && since_min <= max - min)) return std::nullopt;
  return min + std::max(clock::duration{0}, std::chrono::duration_cast<clock::duration>(since_min));
}

}  // namespace

client_sampler::client_sampler(pid_t client, std::chrono::nanoseconds sample_every, watched what)
    : client_{client}, what_{what}, status_{client}, statm_{client}, recorder_{sample_every} {
  memory_.curve.phases.ready = clock::now();
  read_children(memory_.curve.phases.ready);
  add_point(memory_.curve.phases.ready);
  reset_peak(client);
  memory_.baseline = read_snapshot("before its batch");
}

void client_sampler::begin() {
  memory_.curve.phases.go = last_sample_ = next_status_ = clock::now();
  cpu_at_begin_ = cpu_time_of_this_thread();
}

clock::time_point client_sampler::sample() {
  const auto now = clock::now();
  const auto resident_bytes = add_point(now);
  if (now >= next_status_ || resident_bytes >= next_status_at_bytes_) {
    if (now >= next_children_) read_children(now);
    if (const auto snapshot = status_.read()) update_peaks(*snapshot);
    next_status_at_bytes_ = std::max(next_status_at_bytes_, resident_bytes + resident_bytes / 100);
    next_status_ = now + std::min(max_status_interval, now - memory_.curve.phases.go);
  }
  cpu_spent_ = cpu_time_of_this_thread() - cpu_at_begin_;
  last_sample_ = now;
  return memory_.curve.phases.go + cpu_spent_ * min_interval_per_cost;
}

void client_sampler::end() {
  read_children(clock::now());
  memory_.end = read_snapshot("after its batch");
  update_peaks(memory_.end);
  // The samples may have missed the peak of RSS. File pages are never freed, so that the peak had no more of
  // them than the end.
  memory_.anon_peak_bytes =
      std::max(memory_.anon_peak_bytes,
               memory_.end.rss_peak_bytes - std::min(memory_.end.rss_peak_bytes, memory_.end.file_bytes));
}

void client_sampler::exit() {
  add_point(clock::now());
  memory_.curve.phases.exit = clock::now();
}

client_memory client_sampler::result(const batch_report& report) const {
  client_memory result = memory_;
  auto& [phases, points, samples, sampler_cpu_share] = result.curve;
  points = recorder_.points();
  samples = recorder_.samples();
  if (last_sample_ > phases.go)
    sampler_cpu_share = std::chrono::duration<double>{cpu_spent_} / (last_sample_ - phases.go);
  if (report.first_item_at_s) {
    const auto time_after = [&](double ms) {
      return checked_time(*report.first_item_at_s + ms / 1e3, phases.go, phases.exit);
    };
    if (report.half_done_ms) phases.half_done = time_after(*report.half_done_ms);
    if (report.wall_ms) phases.last_outcome = time_after(*report.wall_ms);
  }
  return result;
}

memory_snapshot client_sampler::read_snapshot(const char* when) {
  auto snapshot = status_.read();
  if (!snapshot) {
    throw std::runtime_error{
        fmt::format("the client's memory cannot be read {}: {}", when, to_string(snapshot.error()))};
  }
  snapshot->rss_bytes += children_.rss_bytes;
  // The peaks of several processes need not be at one time.
  snapshot->rss_peak_bytes = std::max({snapshot->rss_peak_bytes, snapshot->rss_bytes, rss_peak_bytes_});
  snapshot->file_bytes += children_.file_bytes;
  return *snapshot;
}

void client_sampler::read_children(clock::time_point now) {
  if (what_ == watched::process) return;
  const auto began = cpu_time_of_this_thread();
  children_ = {};
  for (const pid_t child : descendants(client_)) {
    const auto snapshot = read_memory_snapshot(child);
    if (!snapshot) continue;
    memory_.has_children = true;
    children_.rss_bytes += snapshot->rss_bytes;
    children_.anon_bytes += snapshot->anon_bytes;
    children_.file_bytes += snapshot->file_bytes;
    children_.page_table_bytes += snapshot->page_table_bytes;
    children_.threads += snapshot->threads;
  }
  // At most a quarter of what sampling may take.
  next_children_ = now + (cpu_time_of_this_thread() - began) * 4 * min_interval_per_cost;
}

void client_sampler::update_peaks(const memory_snapshot& snapshot) {
  memory_.anon_peak_bytes = std::max(memory_.anon_peak_bytes, snapshot.anon_bytes + children_.anon_bytes);
  memory_.page_table_peak_bytes =
      std::max(memory_.page_table_peak_bytes, snapshot.page_table_bytes + children_.page_table_bytes);
  memory_.threads_peak = std::max<std::uint64_t>(memory_.threads_peak, snapshot.threads + children_.threads);
}

std::uint64_t client_sampler::add_point(clock::time_point now) {
  const auto resident = statm_.read();
  if (!resident) return 0;
  memory_.anon_peak_bytes = std::max(memory_.anon_peak_bytes, resident->anon_bytes + children_.anon_bytes);
  const auto resident_bytes = resident->rss_bytes + children_.rss_bytes;
  if (memory_.has_children) rss_peak_bytes_ = std::max(rss_peak_bytes_, resident_bytes);
  recorder_.add({.at = now, .resident_bytes = resident_bytes});
  return resident_bytes;
}

}  // namespace farebench
