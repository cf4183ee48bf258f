#include "lib/system/interruption.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <utility>

#include "lib/system/output_file.hpp"

namespace farebench {
namespace {

bool is_ignored(int signal) {
  struct sigaction action{};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Reads a signal from the non-blocking descriptor. Returns 0 if none is pending.
int read_signal(int descriptor) {
  signalfd_siginfo signal{};
  return read(descriptor, &signal, sizeof signal) == sizeof signal ? static_cast<int>(signal.ssi_signo) : 0;
}

// Ends the process by a signal that is blocked.
[[noreturn]] void end_by(int signal) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, signal);
  std::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::raise(signal);
  _exit(128 + signal);
}

}  // namespace

interruption::interruption(std::chrono::milliseconds grace, std::function<void()> on_interrupt) {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(signal)) sigaddset(&handled, signal);
  signals_ = checked_descriptor(signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  end_ = checked_descriptor(eventfd(0, EFD_CLOEXEC), "eventfd");
  pthread_sigmask(SIG_BLOCK, &handled, &previous_mask_);
  watcher_ =
      std::thread{[this, grace, on_interrupt = std::move(on_interrupt)] { watch(grace, on_interrupt); }};
}

interruption::~interruption() {
  if (!watcher_.joinable()) return;
  const std::uint64_t increment = 1;
  [[maybe_unused]] const auto written = write(end_.get(), &increment, sizeof increment);
  watcher_.join();
  pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
}

void interruption::watch(std::chrono::milliseconds grace, const std::function<void()>& on_interrupt) {
  int timeout_ms = -1;
  while (true) {
    std::array<pollfd, 2> polled{pollfd{signals_.get(), POLLIN, 0}, pollfd{end_.get(), POLLIN, 0}};
    const int ready = poll(polled.data(), polled.size(), timeout_ms);
    if (polled[1].revents != 0) return;
    if (ready == 0) {
      stop_.request_stop();
      timeout_ms = -1;
    }
    const int signal = ready > 0 ? read_signal(signals_.get()) : 0;
    if (signal == 0) continue;
    if (signal != SIGINT) {
      remove_parts_before_exit();
      end_by(signal);
    }
    // Exits without flushing, since a blocked output may be the reason for the second SIGINT.
    if (has_happened()) {
      remove_parts_before_exit();
      _exit(exit_interrupted);
    }
    drain_.request_stop();
    on_interrupt();
    timeout_ms = static_cast<int>(grace.count());
  }
}

}  // namespace farebench
