#include "bench/timeline/client_sampler.hpp"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>

namespace farebench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::size_t mapped_bytes = 64U << 20;

std::chrono::nanoseconds cpu_time_of_thread() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds{spent.tv_sec} + std::chrono::nanoseconds{spent.tv_nsec};
}

/// The client is this process: what it does between two looks is known.
class watched_self {
 public:
  explicit watched_self(int looks = 3) {
    watch_.begin();
    begin_s_ = seconds_now();
    for (int i = 0; i < looks; ++i) look();
  }

  void look() {
    std::this_thread::sleep_for(1ms);
    watch_.sample();
  }
  void look_with_more_memory() {
    void* block = ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::runtime_error{"mmap"};
    std::memset(block, 1, mapped_bytes);
    look();
    ::munmap(block, mapped_bytes);
  }
  client_memory end(const batch_report& report = {}) {
    watch_.end();
    watch_.exit();
    return watch_.result(report);
  }
  double begin_s() const { return begin_s_; }

 private:
  static double seconds_now() {
    return std::chrono::duration<double>{clock::now().time_since_epoch()}.count();
  }

  client_sampler watch_{::getpid(), 2ms};
  double begin_s_ = 0;
};

TEST(client_sampler, sampled_peak_is_reported) {
  watched_self self;
  self.look_with_more_memory();
  self.look();
  const auto seen = self.end();
  const auto& points = seen.curve.points;
  ASSERT_GE(points.size(), 5u);
  const auto peak = std::ranges::max(points, {}, &curve_point::resident_bytes);
  EXPECT_GE(peak.resident_bytes, points.front().resident_bytes + mapped_bytes / 2);
  EXPECT_GE(peak.resident_bytes, points.back().resident_bytes + mapped_bytes / 2);
  EXPECT_GE(seen.anon_peak_bytes, seen.baseline.anon_bytes + mapped_bytes / 2);
  EXPECT_GE(seen.end.rss_peak_bytes, seen.baseline.rss_bytes + mapped_bytes / 2);
  EXPECT_GE(seen.threads_peak, 1u);
  EXPECT_GT(seen.page_table_peak_bytes, 0u);
}

TEST(client_sampler, curve_runs_from_ready_to_exit) {
  watched_self self{20};
  const auto curve = self.end().curve;
  EXPECT_EQ(curve.samples, 1u + 20 + 1) << "at ready, each look, at exit";
  EXPECT_EQ(curve.points.size(), curve.samples);
  EXPECT_LE(curve.phases.ready, curve.phases.go);
  EXPECT_LE(curve.phases.go, curve.phases.exit);
  EXPECT_EQ(curve.points.front().at, curve.phases.ready);
  EXPECT_LE(curve.points.back().at, curve.phases.exit);
  EXPECT_TRUE(std::ranges::is_sorted(curve.points, {}, &curve_point::at));
}

TEST(client_sampler, threads_of_short_batch_are_counted) {
  watched_self self{0};
  const auto before = self.end().threads_peak;
  watched_self busy{0};
  {
    const auto wait = [](const std::stop_token& stop) {
      while (!stop.stop_requested()) std::this_thread::yield();
    };
    const std::jthread first{wait};
    const std::jthread second{wait};
    busy.look();
  }
  busy.look();
  EXPECT_GE(busy.end().threads_peak, before + 2);
}

TEST(client_sampler, next_sample_limits_cpu_to_1_percent_of_core) {
  client_sampler watch{::getpid(), 2ms};
  watch.begin();
  const auto begin = cpu_time_of_thread();
  clock::time_point next;
  for (int i = 0; i < 100; ++i) next = watch.sample();
  const auto spent = cpu_time_of_thread() - begin;
  watch.exit();
  const auto curve = watch.result({}).curve;
  EXPECT_GT(curve.sampler_cpu_share, 0);
  EXPECT_GT((next - curve.phases.go) * 0.01, spent);
}

TEST(client_sampler, reported_phases_are_in_curve) {
  watched_self self;
  batch_report report;
  report.wall_ms = 2;
  report.first_item_at_s = self.begin_s();
  report.half_done_ms = 0.5;
  const auto phases = self.end(report).curve.phases;
  ASSERT_TRUE(phases.half_done && phases.last_outcome);
  EXPECT_LE(phases.go, *phases.half_done);
  EXPECT_NEAR(std::chrono::duration<double>(*phases.last_outcome - *phases.half_done) / 1ms, 1.5, 0.001);
  EXPECT_LE(*phases.last_outcome, phases.exit);
}

TEST(client_sampler, phases_of_older_client_are_absent) {
  watched_self self;
  batch_report report;
  report.wall_ms = 2;
  auto phases = self.end(report).curve.phases;
  EXPECT_FALSE(phases.half_done);
  EXPECT_FALSE(phases.last_outcome);
  report.first_item_at_s = self.begin_s();
  phases = self.end(report).curve.phases;
  EXPECT_FALSE(phases.half_done);
  EXPECT_TRUE(phases.last_outcome);
}

TEST(client_sampler, phases_outside_of_batch_are_absent) {
  watched_self self;
  for (const double off_s : {-1e300, -10.0, 10.0, 1e300}) {
    batch_report report;
    report.wall_ms = 1;
    report.half_done_ms = 1;
    report.first_item_at_s = self.begin_s() + off_s;
    const auto phases = self.end(report).curve.phases;
    EXPECT_FALSE(phases.half_done) << off_s;
    EXPECT_FALSE(phases.last_outcome) << off_s;
  }
}

TEST(client_sampler, memory_of_child_processes_counts) {
  client_sampler watch{::getpid(), 2ms, client_sampler::watched::process_tree};
  watch.begin();
  watch.sample();
  std::array<int, 2> is_ready{};
  std::array<int, 2> may_end{};
  ASSERT_EQ(::pipe(is_ready.data()), 0);
  ASSERT_EQ(::pipe(may_end.data()), 0);
  char byte = 0;
  const pid_t child = ::fork();
  if (child == 0) {
    void* block = ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) ::_exit(1);
    std::memset(block, 1, mapped_bytes);
    if (::write(is_ready[1], "x", 1) != 1 || ::read(may_end[0], &byte, 1) != 1) ::_exit(2);
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  ASSERT_EQ(::read(is_ready[0], &byte, 1), 1);
  watch.end();
  ASSERT_EQ(::write(may_end[1], "x", 1), 1);
  ::waitpid(child, nullptr, 0);
  for (const int descriptor : {is_ready[0], is_ready[1], may_end[0], may_end[1]}) ::close(descriptor);
  watch.exit();
  const auto memory = watch.result({});
  EXPECT_TRUE(memory.has_children);
  EXPECT_GE(memory.end.rss_peak_bytes, memory.baseline.rss_bytes + mapped_bytes);
  EXPECT_GE(memory.anon_peak_bytes, mapped_bytes);
}

TEST(client_sampler, cpu_share_of_sampling_is_reported) {
  watched_self self{0};
  EXPECT_EQ(self.end().curve.sampler_cpu_share, 0) << "nothing is sampled yet";
  // Bounds from outside and inside of the sampled time hold however busy the machine is.
  const auto outer_wall = clock::now();
  const auto outer_cpu = cpu_time_of_thread();
  watched_self busy{0};
  const auto inner_wall = clock::now();
  const auto inner_cpu = cpu_time_of_thread();
  for (int i = 0; i < 5; ++i) busy.look_with_more_memory();
  const std::chrono::duration<double> inner_cpu_used = cpu_time_of_thread() - inner_cpu;
  const std::chrono::duration<double> inner_wall_used = clock::now() - inner_wall;
  busy.look();
  const auto share = busy.end().curve.sampler_cpu_share;
  EXPECT_GE(share, inner_cpu_used / (clock::now() - outer_wall));
  EXPECT_LE(share, (cpu_time_of_thread() - outer_cpu) / inner_wall_used);
}

TEST(client_sampler, missing_client_throws_at_begin_and_end) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  client_sampler watch{child, 2ms};
  watch.begin();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  watch.sample();
  EXPECT_THAT([&] { watch.end(); }, ThrowsMessage<std::runtime_error>(HasSubstr("after its batch")));
  EXPECT_THAT([&] { (client_sampler{child, 2ms}); },
              ThrowsMessage<std::runtime_error>(HasSubstr("before its batch")));
}

}  // namespace
}  // namespace farebench
