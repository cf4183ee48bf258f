#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "site/open_elements.hpp"

namespace farebench::html {

/// A tag's name as its bytes arrive. At `longest_tag_name` it ends, as libxml2's does. Part of a scanner's
/// state.
class tag_name_reader {
 public:
  void clear() {
    size_ = 0;
    number_ = 0;
  }
  /// Takes the name's bytes from [at, end) and returns where it stopped.
  const char* read(const char* at, const char* end);
  bool full() const { return size_ == longest_tag_name; }

  tag_name name() const;
  /// For a start tag, libxml2 first closes elements for the name up to its first full stop, then for the
  /// whole name. Seen in 2.9.14, whose look-ahead reads names by other rules.
  static element early_id(const tag_name& name);

 private:
  std::string_view text() const { return {text_.data(), size_}; }

  std::array<char, longest_tag_name> text_{};
  std::uint8_t size_ = 0;
  std::uint64_t number_ = 0;  // as append_to_number makes it; means nothing of a name too long for an element
};

}  // namespace farebench::html
