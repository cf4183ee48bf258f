#include "bench/track/selftest/kills.hpp"

#include <signal.h>

#include <chrono>
#include <random>
#include <thread>

#include "bench/track/files/recorded_run.hpp"
#include "bench/track/track_error.hpp"
#include "lib/system/child_process.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr auto patience = 60s;

/// In the shell's place, with nothing to say.
child_process recording(const fs::path& track, const fs::path& folder) {
  return child_process{
      {.executable = "/bin/sh",
       .arguments = {"-c", "exec \"$@\" >/dev/null 2>&1", "sh", track.string(), "record", "--into",
                     folder.string(), "--", "--smoke", "--strategies", "coroutines", "--workers", "2",
                     "--journal", (folder / "journal").string()}}};
}

bool is_part(const fs::path& path) { return path.extension() == ".partial"; }

template <typename Visit>
void for_each_file(const fs::path& folder, Visit visit) {
  std::error_code ignored;  // files come and go
  for (fs::recursive_directory_iterator at{folder, ignored}, end; at != end; at.increment(ignored)) {
    if (ignored) return;
    visit(at->path());
  }
}

bool has_part(const fs::path& folder) {
  bool found = false;
  for_each_file(folder, [&](const fs::path& path) { found = found || is_part(path); });
  return found;
}

/// Until there is a part, or the recording has ended.
void wait_for_part(child_process& running, const fs::path& folder) {
  const auto deadline = clock::now() + patience;
  while (!has_part(folder) && !running.wait(0ms) && clock::now() < deadline)
    std::this_thread::sleep_for(50us);
}

}  // namespace

kill_report kill_recordings(const fs::path& track, const fs::path& folder, int kills) {
  fs::create_directories(folder);
  std::mt19937_64 random{std::random_device{}()};
  const auto begin = clock::now();
  if (const auto first = recording(track, folder).wait(patience); first != 0)
    throw track_error{"a recording that nobody killed did not end well"};
  const auto whole_time = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - begin);
  std::uniform_int_distribution<std::int64_t> moment{0, whole_time.count()};
  std::uniform_int_distribution<std::int64_t> moment_of_writing{
      0, 3'000};  // microseconds; a write takes about as long

  kill_report report;
  for (; report.kills < kills; ++report.kills) {
    auto running = recording(track, folder);
    if (report.kills % 2 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds{moment(random)});
    } else {
      wait_for_part(running, folder);
      std::this_thread::sleep_for(std::chrono::microseconds{moment_of_writing(random)});
    }
    ::kill(running.pid(), SIGKILL);
    if (!running.wait(patience)) throw track_error{"a recording did not die"};
    if (has_part(folder)) ++report.killed_while_writing;
  }

  if (const auto last = recording(track, folder).wait(patience); last != 0)
    throw track_error{"a recording that nobody killed did not end well"};
  for_each_file(folder, [&](const fs::path& path) {
    if (is_part(path)) ++report.abandoned_parts;
    if (path.extension() != ".json") return;
    try {
      read_recorded_run(path);
      ++report.whole;
    } catch (const track_error& fault) {
      ++report.broken;
      if (report.first_complaint.empty()) report.first_complaint = fault.what();
    }
  });
  return report;
}

}  // namespace farebench::track
