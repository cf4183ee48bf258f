#include "mock_server/process/spawn.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "posix/file_descriptor.hpp"

namespace farebench {
namespace {

// What the child has to say to its parent when it could not become the program.
struct failure {
  enum step_name { inherit, redirect, execute } step;
  int error;
};

[[noreturn]] void throw_failure(const failure& what, const std::filesystem::path& executable) {
  constexpr const char* steps[] = {"keep a descriptor for ", "redirect the standard streams of ", "exec "};
  throw std::system_error(what.error, std::generic_category(), steps[what.step] + executable.string());
}

std::vector<std::string> environment_of_child(const child_process::options& what) {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced =
        std::ranges::any_of(what.environment, [&](const auto& set) { return set.first == name; });
    if (!replaced) entries.emplace_back(text);
  }
  for (const auto& [name, value] : what.environment) entries.emplace_back(name).append("=").append(value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything between fork and exec: async-signal-safe calls only, since another thread of the parent may
// have held any lock at the fork. All signals are blocked here, so that no handler of the parent's runs.
[[noreturn]] void become_program(const char* path, char* const* arguments, char* const* environment,
                                 const child_process::options& what, int input, int output, int failures,
                                 pid_t parent) {
  const auto fail = [failures](failure::step_name step) {
    const failure what_failed{step, errno};
    const ssize_t told = ::write(failures, &what_failed, sizeof what_failed);
    ::_exit(told == sizeof what_failed ? 127 : 126);
  };
  // Ctrl-C is the parent's to answer, which ends its children: a terminal sends it to the whole group.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, what.death_signal);
  // A parent that died before the line above sends nothing any more.
  if (::getppid() != parent) ::_exit(127);
  for (const int descriptor : what.inherited_descriptors) {
    if (::fcntl(descriptor, F_SETFD, 0) != 0) fail(failure::inherit);
  }
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0) fail(failure::redirect);
  // Ignored signals stay ignored across exec: a child must not inherit a parent's ignored SIGPIPE.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(path, arguments, environment);
  fail(failure::execute);
  ::_exit(127);
}

}  // namespace

pid_t spawn(const child_process::options& what, int input, int output) {
  std::vector<std::string> argument_texts{what.executable.string()};
  argument_texts.insert(argument_texts.end(), what.arguments.begin(), what.arguments.end());
  std::vector<std::string> environment_texts = environment_of_child(what);
  const std::vector<char*> arguments = pointers_to(argument_texts);
  const std::vector<char*> environment = pointers_to(environment_texts);

  // Closed by a successful exec, and then read as end of file.
  int failures[2];
  if (::pipe2(failures, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  const file_descriptor failures_to_read{failures[0]};
  file_descriptor failures_to_write{failures[1]};

  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  const int fork_error = errno;
  if (child == 0) {
    become_program(arguments.front(), arguments.data(), environment.data(), what, input, output,
                   failures_to_write.get(), parent);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child < 0) {
    throw std::system_error(fork_error, std::generic_category(), "fork for " + what.executable.string());
  }

  failures_to_write.reset();
  failure found{};
  ssize_t got;
  do {
    got = ::read(failures_to_read.get(), &found, sizeof found);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof found) {
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw_failure(found, what.executable);
  }
  return child;
}

}  // namespace farebench
