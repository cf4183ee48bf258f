// bench_scanner: throughput of the fare scanner on pages of the mock site, in bytes per second. One row per
// page size and arrival: the whole page at once, or chunks as large as libcurl's receive buffer. The floor
// searches the same bytes for `<` with memchr of the C library.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "farebench/fare_scanner.hpp"
#include "mock_server/site/results_page.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

/// Number of pages: several, so that branch prediction cannot learn one.
constexpr int days = 8;

query query_of_day(int day) {
  using namespace std::chrono;
  return {
      .from = "ID10202003", .to = "ID10202002", .date = sys_days{2026y / March / 1} + std::chrono::days{day}};
}

std::vector<std::string> pages_of(std::size_t page_kb) {
  std::vector<std::string> pages;
  pages.reserve(days);
  for (int day = 0; day < days; ++day) pages.push_back(results_page(query_of_day(day), page_kb));
  return pages;
}

outcome scan(fare_scanner& scanner, std::string_view page, std::size_t chunk_bytes) {
  for (; page.size() > chunk_bytes; page.remove_prefix(chunk_bytes))
    scanner.feed(page.substr(0, chunk_bytes));
  scanner.feed(page);
  return scanner.finish();
}

/// Compares the scanner's fares with the timetable: a wrong scanner is not measured.
bool is_correct(std::size_t page_kb, std::size_t chunk_bytes) {
  fare_scanner scanner;
  for (int day = 0; day < days; ++day) {
    if (scan(scanner, results_page(query_of_day(day), page_kb), chunk_bytes) !=
        timetable(query_of_day(day), page_kb))
      return false;
  }
  return true;
}

void scan_pages(benchmark::State& state, std::size_t page_kb, std::size_t chunk_bytes) {
  const auto pages = pages_of(page_kb);
  fare_scanner scanner;
  std::int64_t bytes = 0;
  for (std::size_t at = 0; [[maybe_unused]] const auto iteration : state) {
    const auto& page = pages[at++ % pages.size()];
    benchmark::DoNotOptimize(scan(scanner, page, chunk_bytes));
    bytes += static_cast<std::int64_t>(page.size());
  }
  state.SetBytesProcessed(bytes);
}

void find_tags(benchmark::State& state, std::size_t page_kb) {
  const auto pages = pages_of(page_kb);
  std::int64_t bytes = 0;
  for (std::size_t at = 0; [[maybe_unused]] const auto iteration : state) {
    const auto& page = pages[at++ % pages.size()];
    std::size_t tags = 0;
    const char* const end = page.data() + page.size();
    for (const char* next = page.data();
         (next = static_cast<const char*>(std::memchr(next, '<', static_cast<std::size_t>(end - next))));
         ++next)
      ++tags;
    benchmark::DoNotOptimize(tags);
    bytes += static_cast<std::int64_t>(page.size());
  }
  state.SetBytesProcessed(bytes);
}

struct workload_page {
  const char* workload;
  std::size_t kb;
};

struct arrival {
  const char* name;
  std::size_t chunk_bytes;
};

/// The chunks are as large as libcurl's receive buffer: shared_http sets 4096 for few clients and 1024 for
/// many clients.
constexpr arrival arrivals[] = {
    {"whole", static_cast<std::size_t>(-1)}, {"pieces_of_4096", 4096}, {"pieces_of_1024", 1024}};

bool register_rows(workload_page page) {
  for (const auto& [name, chunk_bytes] : arrivals) {
    if (!is_correct(page.kb, chunk_bytes)) {
      std::fprintf(stderr, "bench_scanner: wrong fares from %zu KiB pages (%s)\n", page.kb, name);
      return false;
    }
    benchmark::RegisterBenchmark(
        (std::string{"scan/"} + page.workload + "/page_kb:" + std::to_string(page.kb) + "/" + name).c_str(),
        [page, chunk_bytes](benchmark::State& state) { scan_pages(state, page.kb, chunk_bytes); });
  }
  benchmark::RegisterBenchmark(
      (std::string{"floor/"} + page.workload + "/page_kb:" + std::to_string(page.kb)).c_str(),
      [page](benchmark::State& state) { find_tags(state, page.kb); });
  return true;
}

}  // namespace
}  // namespace farebench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  if (!farebench::register_rows({"article", 94}) || !farebench::register_rows({"light", 3})) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
