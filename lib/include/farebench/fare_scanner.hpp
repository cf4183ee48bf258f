#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "farebench/outcome.hpp"

namespace farebench {

/// Reads the fares out of a results page as its bytes arrive, holding under 1 KB of state, from the first
/// byte of a page to its end, and never the page. One scanner reads one page after another; not shared
/// between threads.
///
/// Every element whose class list holds the token `select-line` is one bus connection; the words of
/// its text are departure (hh:mm), arrival (hh:mm), type, free seats, price and currency. A row that
/// reads otherwise makes the whole page an error: a price is never guessed. So does a page that breaks off
/// within a row or within markup. A moved-from scanner is as new.
class fare_scanner {
 public:
  fare_scanner();
  ~fare_scanner();
  fare_scanner(fare_scanner&&) noexcept;
  fare_scanner& operator=(fare_scanner&&) noexcept;

  /// The next bytes of the page, UTF-8, split anywhere, even inside a character or a tag.
  void feed(std::string_view piece);

  /// The page has ended: its fares in page order, or `malformed_page`. The scanner is then as new.
  outcome finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace farebench
