#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "farebench/fare.hpp"

namespace farebench {

/// Reads the fares out of a results page as its bytes arrive, holding under 1 KB of state, from the first
/// byte of a page to its end, and never the page. One scanner reads one page after another; not shared
/// between threads.
///
/// Every element whose class list holds the token `select-line` is one bus connection; the words of
/// its text are departure (hh:mm), arrival (hh:mm), type, free seats, price and currency. A row that
/// reads otherwise makes the whole page `malformed_page`: a price is never guessed.
///
/// A page without the end tag `</html>`, without an element of class `results`, or that breaks off within a
/// row or within markup is no answer to a search, however many fares it holds: it is a `bad_response`. That
/// is what becomes of a page whose connection was closed too early, or of an apology sent in its place:
/// unlike a row that is none, the next attempt may bring it whole. A moved-from scanner is as new.
class fare_scanner {
 public:
  fare_scanner();
  ~fare_scanner();
  fare_scanner(fare_scanner&&) noexcept;
  fare_scanner& operator=(fare_scanner&&) noexcept;

  /// The next bytes of the page, UTF-8, split anywhere, even inside a character or a tag.
  void feed(std::string_view piece);

  /// The page has ended: its fares in page order, `malformed_page` or `bad_response`. The scanner is then as
  /// new.
  outcome finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace farebench
