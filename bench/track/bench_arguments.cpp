#include "bench/track/bench_arguments.hpp"

namespace farebench::track {

bench_flags parse_bench_arguments(std::vector<std::string> arguments) {
  std::string program = "bench";
  std::vector<char*> argv{program.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  return parse_flags(static_cast<int>(argv.size()), argv.data());
}

}  // namespace farebench::track
