// The main program of all fuzz targets. The environment variable FAREBENCH_FUZZ_TARGET chooses the target.

#include "tests/fuzz/fuzzer.hpp"

#include <algorithm>
#include <cstdint>

namespace {

struct fuzz_target {
  std::string_view name;
  void (*run)(std::string_view input);
};

using namespace farebench::fuzz;
constexpr fuzz_target targets[] = {{"flags", fuzz_flags},
                                   {"headers", fuzz_headers},
                                   {"native_request", fuzz_native_request},
                                   {"native_response", fuzz_native_response},
                                   {"response", fuzz_response},
                                   {"results", fuzz_results},
                                   {"scanner", fuzz_scanner}};
const fuzz_target* target = nullptr;

}  // namespace

std::vector<std::string> farebench::fuzz::lines_of(std::string_view text) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      lines.emplace_back();
    } else if (text.substr(at, 2) == "\\n") {
      lines.back() += '\n';
      ++at;
    } else {
      lines.back() += text[at];
    }
  }
  return lines;
}

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const variable = std::getenv("FAREBENCH_FUZZ_TARGET");
  const std::string_view name{variable ? variable : ""};
  target = std::ranges::find(targets, name, &fuzz_target::name);
  if (target != std::end(targets)) return 0;
  std::fprintf(stderr, "fuzzer: FAREBENCH_FUZZ_TARGET is '%.*s': set it to one of\n",
               static_cast<int>(name.size()), name.data());
  for (const auto& known : targets)
    std::fprintf(stderr, "  %.*s\n", static_cast<int>(known.name.size()), known.name.data());
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  target->run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
