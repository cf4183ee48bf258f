#include "farebench/fare_scanner.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "scrape/row_scanner.hpp"
#include "scrape/row_text.hpp"

namespace farebench {
namespace {

/// Reads the words of a row into a fare: departure, arrival, type, free seats, price, currency.
class fare_row {
 public:
  static constexpr std::size_t word_count = 6;

  void begin() { words_ = 0; }

  /// Reads the row's next word. Returns an error's description if the word is invalid: one line of printable
  /// ASCII such as `price: read "free", expected …`.
  std::optional<std::string> read(std::string_view word) {
    switch (words_++) {
      case 0:
        return assign(fare_.departure, parse_time(word), "departure", word, time_format);
      case 1:
        return assign(fare_.arrival, parse_time(word), "arrival", word, time_format);
      case 2:
        fare_.type = word;
        return std::nullopt;
      case 3:
        return assign(fare_.free_seats, parse_seats(word), "free seats", word,
                      "decimal digits, at most 2147483647");
      case 4:
        return assign(fare_.price_hundredths, parse_price_hundredths(word), "price", word,
                      "digits, with at most two more after a point or comma");
      case 5:
        fare_.currency = word;
        return std::nullopt;
      default:
        return fmt::format("read a seventh word, {}, expected {} words", in_quotes(word), word_count);
    }
  }

  /// Returns the number of words read.
  std::size_t words() const { return words_; }
  /// Returns the fare, which is complete after `word_count` words.
  const fare& value() const { return fare_; }

 private:
  static constexpr std::string_view time_format = "a time of day, hh:mm";

  template <typename Field>
  static std::optional<std::string> assign(Field& field, std::optional<Field> value, std::string_view name,
                                           std::string_view word, std::string_view expected) {
    if (!value) return fmt::format("{}: read {}, expected {}", name, in_quotes(word), expected);
    field = *value;
    return std::nullopt;
  }

  fare fare_{};
  std::size_t words_ = 0;
};

}  // namespace

struct fare_scanner::state final : row_listener {
  // Saves the first three reallocations.
  static constexpr std::size_t usual_fares = 8;

  row_scanner rows{*this};
  fare_row row;
  std::vector<fare> fares;
  // Number of the current row, from 1; 0 before the first.
  std::size_t row_number = 0;
  // Kind and text of the page's first error.
  fetch_error_kind error_kind = fetch_error_kind::malformed_page;
  std::optional<std::string> error;

  void on_row_begin() override {
    ++row_number;
    row.begin();
  }

  void on_word(std::string_view word) override {
    if (error) return;
    if (const auto invalid = row.read(word)) fail_row(*invalid);
  }

  void on_row_end() override {
    if (error) return;
    if (row.words() == fare_row::word_count) {
      if (fares.empty()) fares.reserve(usual_fares);
      fares.push_back(row.value());
    } else {
      fail_row(fmt::format("read {} words, expected {}", row.words(), fare_row::word_count));
    }
  }

  void fail_row(std::string_view detail) { error = fmt::format("row {}, {}", row_number, detail); }

  void fail_incomplete(std::string_view detail) {
    if (error) return;
    error_kind = fetch_error_kind::bad_response;
    error = fmt::format("after row {}: {}", row_number, detail);
  }

  void check(page_problem problem) {
    if (error) return;
    switch (problem) {
      case page_problem::none:
        return;
      case page_problem::overlong_word:
        return fail_row(fmt::format("word {}: read {} and more, expected at most {} bytes", row.words() + 1,
                                    in_quotes(rows.partial_word()), word_collector::max_word_bytes));
      case page_problem::invalid_text:
        return fail_row(fmt::format("word {}: read a byte that is not UTF-8 text after {}, expected UTF-8",
                                    row.words() + 1, in_quotes(rows.partial_word())));
      case page_problem::nested_row:
        return fail_row("read a row within it, expected its end");
      case page_problem::page_as_row:
        error = "row 1, read the html or body element, expected an element of the page";
        return;
      case page_problem::too_deep:
        error = fmt::format("after row {}: read more than {} open elements or {} tables, expected fewer",
                            row_number, row_scanner::max_depth, row_scanner::max_tables);
        return;
      case page_problem::unbalanced:
        if (rows.in_row())
          return fail_row("read a tag or text that may end an element, expected its end tag");
        error = fmt::format(
            "after row {}: read an element that may hide rows (frameset, plaintext, or a tag in "
            "svg, math or select), expected none",
            row_number);
        return;
      case page_problem::misplaced_row:
        error = fmt::format(
            "after row {}: read a row in select, template, svg or math, or misplaced in a table, "
            "expected it elsewhere",
            row_number);
        return;
      case page_problem::ends_in_row:
        error_kind = fetch_error_kind::bad_response;
        return fail_row(
            fmt::format("read the page's end after {} words, expected the row's end", row.words()));
      case page_problem::ends_in_markup:
        return fail_incomplete("read the page's end within a tag, comment or script, expected its end");
    }
  }
};

fare_scanner::fare_scanner() = default;
fare_scanner::~fare_scanner() = default;
fare_scanner::fare_scanner(fare_scanner&&) noexcept = default;
fare_scanner& fare_scanner::operator=(fare_scanner&&) noexcept = default;

void fare_scanner::feed(std::string_view chunk) {
  // An empty chunk does not begin a page.
  if (chunk.empty()) return;
  if (!state_) state_ = std::make_unique<state>();
  if (state_->error) return;
  state_->rows.feed(chunk);
  state_->check(state_->rows.problem());
}

outcome fare_scanner::finish() {
  const auto page = std::exchange(state_, nullptr);
  if (!page) return std::unexpected(fetch_error{fetch_error_kind::bad_response, "the page is empty"});
  const bool saw_end = page->rows.saw_end();
  const bool saw_results = page->rows.saw_results();
  page->check(page->rows.finish());
  // Otherwise a page cut between two rows would give fewer fares, and an error page would give none.
  if (!saw_end) page->fail_incomplete("read the page's end, expected </html> before it");
  if (!saw_results) page->fail_incomplete("read the whole page, expected an element of class results");
  if (page->error) return std::unexpected(fetch_error{page->error_kind, *std::move(page->error)});
  return std::move(page->fares);
}

}  // namespace farebench
