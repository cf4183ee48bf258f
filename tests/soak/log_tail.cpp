#include "tests/soak/log_tail.hpp"

#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/soak/log_line.hpp"

namespace farebench::soak {

std::filesystem::path log_tail::path_of(pid_t process) {
  return std::filesystem::temp_directory_path() / ("farebench-soak-" + std::to_string(process) + ".jsonl");
}

log_tail::log_tail() : path_{path_of(::getpid())} { std::filesystem::remove(path_); }

log_tail::~log_tail() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::vector<logged_exchange> log_tail::read_new() {
  std::vector<logged_exchange> found;
  std::ifstream file{path_, std::ios::binary};
  file.seekg(read_bytes_);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    read_bytes_ += static_cast<std::streamoff>(line.size() + 1);
    found.push_back(read_log_line(line));
  }
  return found;
}

}  // namespace farebench::soak
