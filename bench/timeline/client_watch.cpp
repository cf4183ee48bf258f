#include "bench/timeline/client_watch.hpp"

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

constexpr std::chrono::nanoseconds status_every = 8ms;

/// So many times what looking has cost must have passed before the next look: 0.8 % of a core.
constexpr int looking_pays_back = 125;

/// From here on VmHWM is the batch's peak and not that of starting up. Where the kernel refuses, it
/// stays the process's, which is never smaller.
void restart_peak_of(pid_t pid) { std::ofstream{fmt::format("/proc/{}/clear_refs", pid)} << "5\n"; }

std::chrono::nanoseconds cpu_of_this_thread() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds{spent.tv_sec} + std::chrono::nanoseconds{spent.tv_nsec};
}

/// A moment that the client told, in seconds of the clock that all processes share; nothing when it lies
/// outside of where it must have been.
std::optional<clock::time_point> moment(double at_s, clock::time_point earliest, clock::time_point latest) {
  using seconds = std::chrono::duration<double>;
  const seconds since_earliest{at_s - seconds{earliest.time_since_epoch()}.count()};
  // A double has room for a tenth of a microsecond here.
  if (!(since_earliest >= -1us && since_earliest <= latest - earliest)) return std::nullopt;
  return earliest + std::max(clock::duration{0}, std::chrono::duration_cast<clock::duration>(since_earliest));
}

}  // namespace

client_watch::client_watch(pid_t client, std::chrono::nanoseconds sample_every)
    : status_{client}, statm_{client}, recorder_{sample_every} {
  const auto now = clock::now();
  seen_.curve.phases.ready = now;
  sample(now);
  restart_peak_of(client);
  seen_.baseline = snapshot("before its batch");
}

void client_watch::go() {
  seen_.curve.phases.go = last_look_ = next_status_ = clock::now();
  cpu_at_go_ = cpu_of_this_thread();
}

clock::time_point client_watch::look() {
  const auto now = clock::now();
  const auto resident_bytes = sample(now);
  if (now >= next_status_ || resident_bytes >= next_status_at_bytes_) {
    if (const auto all = status_.read()) note(*all);
    next_status_at_bytes_ = std::max(next_status_at_bytes_, resident_bytes + resident_bytes / 100);
    next_status_ = now + std::min(status_every, now - seen_.curve.phases.go);
  }
  cpu_spent_ = cpu_of_this_thread() - cpu_at_go_;
  last_look_ = now;
  return seen_.curve.phases.go + cpu_spent_ * looking_pays_back;
}

void client_watch::end() {
  seen_.end = snapshot("after its batch");
  note(seen_.end);
  // A peak between two samples: file pages only ever grow, so at the peak of RSS there were no more of them
  // than now.
  seen_.anon_peak_bytes =
      std::max(seen_.anon_peak_bytes,
               seen_.end.rss_peak_bytes - std::min(seen_.end.rss_peak_bytes, seen_.end.file_bytes));
}

void client_watch::exit() {
  sample(clock::now());
  seen_.curve.phases.exit = clock::now();
}

watched_memory client_watch::told(const batch_report& report) const {
  watched_memory out = seen_;
  out.curve.points = recorder_.points();
  out.curve.samples = recorder_.samples();
  auto& phases = out.curve.phases;
  if (last_look_ > phases.go)
    out.curve.sampler_cpu_share = std::chrono::duration<double>{cpu_spent_} / (last_look_ - phases.go);
  if (report.first_scrape_at_s) {
    const auto at = [&](double ms) {
      return moment(*report.first_scrape_at_s + ms / 1e3, phases.go, phases.exit);
    };
    if (report.half_done_ms) phases.half_done = at(*report.half_done_ms);
    phases.last_outcome = at(report.wall_ms);
  }
  return out;
}

memory_snapshot client_watch::snapshot(const char* when) const {
  const auto seen = status_.read();
  if (!seen)
    throw std::runtime_error{
        fmt::format("the client's memory cannot be read {}: {}", when, to_string(seen.error()))};
  return *seen;
}

void client_watch::note(const memory_snapshot& now) {
  seen_.anon_peak_bytes = std::max(seen_.anon_peak_bytes, now.anon_bytes);
  seen_.page_table_peak_bytes = std::max(seen_.page_table_peak_bytes, now.page_table_bytes);
  seen_.threads_peak = std::max<std::uint64_t>(seen_.threads_peak, now.threads);
}

std::uint64_t client_watch::sample(clock::time_point now) {
  const auto resident = statm_.read();
  if (!resident) return 0;
  seen_.anon_peak_bytes = std::max(seen_.anon_peak_bytes, resident->anon_bytes);
  recorder_.add({.at = now, .resident_bytes = resident->rss_bytes});
  return resident->rss_bytes;
}

}  // namespace farebench
