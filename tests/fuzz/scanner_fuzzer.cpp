// The fare scanner on any page, against libxml2's parser. Its laws:
// - it reads a page in any pieces as it reads it whole;
// - its rows are those that libxml2 finds, or it names a problem that the page has, after the same rows up to
//   there (see `disagreement`). Left out are pages that it reads otherwise on purpose (`is_read_otherwise`)
//   and those with a NUL, where libxml2's page ends;
// - fares are as many as rows, or there is one error, one line of printable text.

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "farebench/fare_scanner.hpp"
#include "libxml2_oracle.hpp"
#include "scanned_rows.hpp"
#include "tests/fuzz/law.hpp"

namespace {

using namespace farebench;
using fuzz::expect;

/// Pieces of 1 to 40 bytes; the same ones for the same page.
test::scanned_rows scan_in_random_pieces(std::string_view page) {
  std::minstd_rand random{static_cast<unsigned>(std::hash<std::string_view>{}(page))};
  test::row_recorder recorder;
  row_scanner scanner{recorder};
  while (!page.empty()) {
    const auto piece = page.substr(0, 1 + random() % 40);
    scanner.feed(piece);
    page.remove_prefix(piece.size());
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
  expect(whole == in_bytes, "a page's fares do not depend on its pieces");
  if (whole) {
    expect(rows.problem == page_problem::none, "a page with a problem has no fares");
    expect(whole->size() == rows.rows.size(), "each row is a fare");
    return;
  }
  const std::string& detail = whole.error().detail;
  expect(whole.error().kind == fetch_error_kind::malformed_page ||
             whole.error().kind == fetch_error_kind::bad_response,
         "an unread page is malformed or not whole");
  expect(!detail.empty() && std::ranges::all_of(detail, [](char c) { return c >= ' ' && c <= '~'; }),
         "an error is a line of printable text", detail);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view page{reinterpret_cast<const char*>(bytes), size};
  const auto whole = test::scan(page);
  for (const std::size_t piece_bytes : {1u, 3u})
    expect(test::scan_in_pieces(page, piece_bytes) == whole, "rows do not depend on pieces");
  expect(scan_in_random_pieces(page) == whole, "rows do not depend on pieces");
  expect_fares(page, whole);
  // Few bytes that anybody made up are a whole page of results.
  const std::string results = "<div class=results>" + std::string{page} + "</div></html>";
  expect_fares(results, test::scan(results));

  if (page.find('\0') != std::string_view::npos || test::is_read_otherwise(page)) return 0;
  const auto disagreement = test::disagreement(page, whole, test::rows_of_libxml2(page));
  expect(disagreement.empty(), "rows are libxml2's", disagreement);
  return 0;
}
