#include "tests/support/waiting.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

/// State letter of a thread, as in proc(5). A thread that has ended counts as sleeping.
char state_of(const std::filesystem::path& task) {
  std::ifstream file{task / "stat"};
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');  // the name may contain spaces
  return name_end == std::string::npos ? 'S' : text.at(name_end + 2);
}

bool threads_sleep() {
  const auto own = std::to_string(gettid());
  return std::ranges::all_of(std::filesystem::directory_iterator{"/proc/self/task"}, [&](const auto& task) {
    return task.path().filename() == own || state_of(task.path()) == 'S';
  });
}

}  // namespace

bool wait_until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + hang_deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

void event_count::add() {
  const std::lock_guard lock{mutex_};
  ++count_;
  added_.notify_all();
}

bool event_count::wait_for(std::size_t count) {
  std::unique_lock lock{mutex_};
  return added_.wait_for(lock, hang_deadline, [&] { return count_ >= count; });
}

bool wait_until_threads_sleep() {
  // The threads are read one after the other, so one may wake another in between: hence two rounds.
  return wait_until([] { return threads_sleep() && threads_sleep(); });
}

}  // namespace farebench::test
