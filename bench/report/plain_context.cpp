#include <sstream>
#include <string>

#include "bench/report/row_format.hpp"

namespace farebench {

void put_plain_context(const benchmark::BenchmarkReporter::Context& context, std::ostream& output) {
  std::stringstream scratch;
  benchmark::BenchmarkReporter::PrintBasicContext(&scratch, context);
  for (std::string line; std::getline(scratch, line);)
    if (!line.starts_with("***WARNING*** Library was built")) output << line << '\n';
}

}  // namespace farebench
