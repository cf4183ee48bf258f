// Fuzzes the fare scanner with pages, and compares it with gumbo. Invariants:
// - Rows do not depend on the chunks in which a page arrives.
// - The rows are those of gumbo, or the page has the reported problem after them; see `disagreement`.
//   Excluded are pages on which gumbo deviates from the standard (`is_read_otherwise`).
// - There are as many fares as rows, or there is one error: one line of printable text.

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "farebench/fare_scanner.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/lib/scanned_rows.hpp"

namespace {

using namespace farebench;
using fuzz::expect;

/// Scans the page in chunks of 1 to 40 bytes. Equal pages have equal chunks.
test::scanned_rows scan_in_random_chunks(std::string_view page) {
  std::minstd_rand random{static_cast<unsigned>(std::hash<std::string_view>{}(page))};
  test::row_recorder recorder;
  row_scanner scanner{recorder};
  while (!page.empty()) {
    const auto chunk = page.substr(0, 1 + random() % 40);
    scanner.feed(chunk);
    page.remove_prefix(chunk.size());
  }
  const page_problem problem = scanner.finish();
  return {recorder.take(), problem};
}

void expect_fares(std::string_view page, const test::scanned_rows& rows) {
  fare_scanner scanner;
  scanner.feed(page);
  const outcome whole = scanner.finish();
  for (const char byte : page) scanner.feed({&byte, 1});
  const outcome in_bytes = scanner.finish();
  expect(whole == in_bytes, "a page's fares do not depend on its chunks");
  if (whole) {
    expect(rows.problem == page_problem::none, "a page with a problem has no fares");
    expect(whole->size() == rows.rows.size(), "each row is a fare");
    return;
  }
  const std::string& detail = whole.error().detail;
  expect(whole.error().kind == fetch_error_kind::malformed_page ||
             whole.error().kind == fetch_error_kind::bad_response,
         "a page without fares is malformed or incomplete");
  expect(!detail.empty() && std::ranges::all_of(detail, [](char c) { return c >= ' ' && c <= '~'; }),
         "an error is a line of printable text", detail);
}

}  // namespace

void farebench::fuzz::fuzz_scanner(std::string_view page) {
  const auto whole = test::scan(page);
  for (const std::size_t chunk_bytes : {1u, 3u})
    expect(test::scan_in_chunks(page, chunk_bytes) == whole, "rows do not depend on chunks");
  expect(scan_in_random_chunks(page) == whole, "rows do not depend on chunks");
  expect_fares(page, whole);
  // Few random pages are complete results pages, so this one is completed.
  const std::string results = "<div class=results>" + std::string{page} + "</div></html>";
  expect_fares(results, test::scan(results));

  if (test::is_read_otherwise(page)) return;
  const auto disagreement = test::disagreement(page, whole, test::rows_of_gumbo(page));
  expect(disagreement.empty(), "rows are those of gumbo", disagreement);
}
