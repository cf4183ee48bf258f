#pragma once

#include <cstdint>

#include "site/character_reference.hpp"
#include "site/class_token_finder.hpp"

namespace farebench::html {

/// Reads what follows a start tag's name, up to its `>`, as its bytes arrive: whether the tag closes
/// itself, whether it begins a row, and whether a tag so far began the results. Of the attributes, only the
/// first `class` is looked at. Part of a scanner's state.
class attribute_reader {
 public:
  /// A start tag's name was read.
  void begin();

  /// Takes the tag's bytes from [at, end) and returns where it stopped; the tag is complete if `done()`.
  const char* read(const char* at, const char* end);
  bool done() const { return at_ == place::done; }

  // Once done:
  bool self_closing() const { return self_closing_; }
  bool begins_row() const { return row_.found(); }
  /// This tag or one before it.
  bool saw_results() const { return saw_results_; }

 private:
  enum class place : std::uint8_t {
    between,
    attribute_name,
    after_attribute_name,
    before_value,
    quoted_value,
    slash,  // a / was read: it ends the tag if a > follows, else begins nonsense
    nonsense,
    unquoted_value,
    class_value,
    class_reference,
    done
  };

  const char* begin_value(const char* at, const char* end);
  const char* attribute_name(const char* at, const char* end);
  const char* end_attribute_name(const char* at);
  const char* class_value(const char* at, const char* end);
  void take_class(char c);
  void end_class();
  void take_reference();

  character_reference reference_;
  class_token_finder<row_class> row_;
  class_token_finder<results_class> results_;  // not asked any more once it was seen
  place at_ = place::between;
  std::uint8_t attribute_size_ = 0;
  char quote_ = 0;  // 0 for an unquoted value
  bool is_class_ = false;
  bool had_class_ = false;
  bool self_closing_ = false;
  bool saw_results_ = false;
};

}  // namespace farebench::html
