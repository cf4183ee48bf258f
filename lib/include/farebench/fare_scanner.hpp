#pragma once

#include <memory>
#include <string_view>

#include "farebench/fare.hpp"

namespace farebench {

/// Reads the fares of a results page while its bytes arrive, without storing the page. A scanner reads one
/// page after another. It holds under 1 KB from a page's first byte to its end, and nothing between pages.
/// Not thread-safe.
///
/// Every element whose class list has the token `select-line` is a fare. The words of its text are departure
/// (hh:mm), arrival (hh:mm), type, free seats, price and currency. If a row has other words, the whole page
/// is `malformed_page`; no field is guessed. Text of svg, and of script, style, textarea, title, xmp, iframe,
/// noembed and noframes, is not part of a row.
///
/// Tags, comments and character references are read as the HTML standard requires, without scripting. No tree
/// is built. A page is `malformed_page` if only a tree could decide its rows:
/// - a row whose elements lack their end tags or close each other. Void elements need none; in a row that is
///   a block or a part of a table, formatting elements such as b need none either;
/// - a row in another row, in select, template, svg or math, or directly in a table, unless it is a part of
/// it;
/// - a row whose element is html, body, option, noscript or another that a browser may ignore or move;
/// - frameset, plaintext, and HTML or CDATA in svg or math, anywhere on the page.
///
/// A page is complete if it has an element of class `results`, the end tag `</html>`, and does not end within
/// a row or markup. An incomplete page is a `bad_response`, even if it holds fares: the connection was closed
/// early, or the site sent an apology. Unlike a malformed page, it is worth a retry.
///
/// A moved-from scanner is as good as a new one.
class fare_scanner {
 public:
  fare_scanner();
  ~fare_scanner();
  /// Moves the page read so far.
  fare_scanner(fare_scanner&&) noexcept;
  /// Moves the page read so far.
  fare_scanner& operator=(fare_scanner&&) noexcept;

  /// Reads the next chunk of the page, in UTF-8. Chunks may end anywhere, even within a character or a tag.
  void feed(std::string_view chunk);

  /// Ends the page and returns its fares in page order, `malformed_page` or `bad_response`. The next `feed`
  /// begins a new page.
  outcome finish();

 private:
  struct state;
  // Null between pages.
  std::unique_ptr<state> state_;
};

}  // namespace farebench
