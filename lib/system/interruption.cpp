#include "lib/system/interruption.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace farebench {
namespace {

file_descriptor made(int descriptor, const char* call) {
  if (descriptor < 0) throw std::system_error{errno, std::generic_category(), call};
  return file_descriptor{descriptor};
}

bool is_ignored(int signal) {
  struct sigaction now{};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// Takes a signal that has come out of the descriptor; false when none had.
bool take_signal(int descriptor) {
  signalfd_siginfo taken{};
  return read(descriptor, &taken, sizeof taken) == sizeof taken;
}

}  // namespace

interruption::interruption(std::chrono::milliseconds grace, std::function<void()> say) {
  if (is_ignored(SIGINT)) return;
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  signals_ = made(signalfd(-1, &interrupt, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  end_ = made(eventfd(0, EFD_CLOEXEC), "eventfd");
  pthread_sigmask(SIG_BLOCK, &interrupt, &before_);
  watcher_ = std::thread{[this, grace, say = std::move(say)] { watch(grace, say); }};
}

interruption::~interruption() {
  if (!watcher_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(end_.get(), &one, sizeof one);
  watcher_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void interruption::watch(std::chrono::milliseconds grace, const std::function<void()>& say) {
  int wait_ms = -1;
  while (true) {
    std::array<pollfd, 2> watched{pollfd{signals_.get(), POLLIN, 0}, pollfd{end_.get(), POLLIN, 0}};
    const int ready = poll(watched.data(), watched.size(), wait_ms);
    if (watched[1].revents != 0) return;
    if (ready == 0) {
      stop_.request_stop();
      wait_ms = -1;
    }
    if (ready <= 0 || !take_signal(signals_.get())) continue;
    // At once: nothing is flushed, as what it would be flushed to may be what hangs.
    if (has_happened()) _exit(exit_interrupted);
    say();
    drain_.request_stop();
    wait_ms = static_cast<int>(grace.count());
  }
}

}  // namespace farebench
