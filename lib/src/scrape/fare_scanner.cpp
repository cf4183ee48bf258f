#include "farebench/fare_scanner.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "scrape/fare_row.hpp"
#include "scrape/row_scanner.hpp"

namespace farebench {

struct fare_scanner::state final : row_listener {
  row_scanner rows{*this};
  fare_row row;
  std::vector<fare> fares;
  std::size_t row_number = 0;                                // 1 for the page's first row
  std::optional<std::string> wrong;                          // the first thing that was, for people
  fetch_error_kind kind = fetch_error_kind::malformed_page;  // of what was

  void row_begin() override {
    ++row_number;
    row.begin();
  }

  void word(std::string_view word) override {
    if (wrong) return;
    if (const auto misread = row.read(word)) refuse(*misread);
  }

  void row_end() override {
    if (wrong) return;
    if (row.words() == fare_row::word_count) {
      fares.push_back(row.value());
    } else {
      refuse(fmt::format("read {} words, expected {}", row.words(), fare_row::word_count));
    }
  }

  void refuse(std::string_view what) { wrong = fmt::format("row {}, {}", row_number, what); }

  void note(page_problem problem) {
    if (wrong) return;
    switch (problem) {
      case page_problem::none:
        return;
      case page_problem::overlong_word:
        return refuse(fmt::format("word {}: read {} and more, expected at most {} bytes", row.words() + 1,
                                  in_quotes(rows.unfinished_word()), word_collector::max_word_bytes));
      case page_problem::invalid_text:
        return refuse(fmt::format("word {}: read a byte that is no UTF-8 text after {}, expected UTF-8",
                                  row.words() + 1, in_quotes(rows.unfinished_word())));
      case page_problem::nested_row:
        return refuse("read a row within it, expected its end");
      case page_problem::page_as_row:
        wrong = "row 1, read the html element, expected an element of the page";
        return;
      case page_problem::too_deep:
        wrong = fmt::format("after row {}: read more than {} open elements, expected fewer", row_number,
                            html::open_elements::max_depth);
        return;
      case page_problem::ends_in_row:
        kind = fetch_error_kind::bad_response;
        return refuse(fmt::format("read the page's end after {} words, expected the row's end", row.words()));
      case page_problem::ends_in_markup:
        return note_not_whole("read the page's end within a tag, comment or script, expected its end");
    }
  }

  void note_not_whole(std::string_view what) {
    if (wrong) return;
    kind = fetch_error_kind::bad_response;
    wrong = fmt::format("after row {}: {}", row_number, what);
  }
};

fare_scanner::fare_scanner() = default;
fare_scanner::~fare_scanner() = default;
fare_scanner::fare_scanner(fare_scanner&&) noexcept = default;
fare_scanner& fare_scanner::operator=(fare_scanner&&) noexcept = default;

void fare_scanner::feed(std::string_view piece) {
  if (piece.empty()) return;  // no page has begun
  if (!state_) state_ = std::make_unique<state>();
  if (state_->wrong) return;
  state_->rows.feed(piece);
  state_->note(state_->rows.problem());
}

outcome fare_scanner::finish() {
  const auto page = std::exchange(state_, nullptr);
  if (!page) return std::unexpected(fetch_error{fetch_error_kind::bad_response, "the page is empty"});
  const bool has_end = page->rows.saw_end();
  const bool has_results = page->rows.saw_results();
  page->note(page->rows.finish());
  // A page cut between two rows reads as one with fewer fares, and an apology as one with none.
  if (!has_end) page->note_not_whole("read the page's end, expected </html> before it");
  if (!has_results) page->note_not_whole("read the whole page, expected an element of class results");
  if (page->wrong) return std::unexpected(fetch_error{page->kind, *std::move(page->wrong)});
  return std::move(page->fares);
}

}  // namespace farebench
