#include "tests/bench/probe/preloaded_program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace farebench {

preloaded_program::preloaded_program(const std::vector<std::string>& command,
                                     const std::vector<std::pair<std::string, std::string>>& environment,
                                     int inherited) {
  int input[2];
  int output[2];
  if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe2");
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    if (inherited >= 0) ::fcntl(inherited, F_SETFD, 0);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  input_ = input[1];
  output_ = output[0];
}

preloaded_program::~preloaded_program() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
  finish();
}

void preloaded_program::send_byte() {
  if (::write(input_, "x", 1) != 1) throw std::system_error(errno, std::generic_category(), "write");
}

char preloaded_program::read_byte() {
  char byte;
  if (::read(output_, &byte, 1) != 1) throw std::runtime_error("the program ended too early");
  return byte;
}

std::string preloaded_program::read_line() {
  std::string line;
  for (char byte = read_byte(); byte != '\n'; byte = read_byte()) line += byte;
  return line;
}

int preloaded_program::finish() {
  if (pid_ <= 0) return -1;
  ::close(input_);
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  ::close(output_);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace farebench
