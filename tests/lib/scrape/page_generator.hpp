#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace farebench::test {

/// Generates random HTML, valid and invalid: rows, tables, lists, unknown elements, comments, scripts,
/// doctypes, references, attributes with any quoting, missing and surplus tags. Equal seeds generate equal
/// pages.
class page_generator {
 public:
  explicit page_generator(std::uint64_t seed) : random_(seed) {}

  /// Returns a page of up to a few hundred fragments of markup; most pages have far fewer.
  std::string page();
  /// Returns the page with up to eight bytes changed, removed, repeated or moved.
  std::string mutated(std::string page);

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename Choices>
  std::string_view any_of(const Choices& choices) {
    return choices[below(choices.size())];
  }

  std::string row();
  std::string start_tag();
  std::string class_attribute();
  std::string blanks();
  std::string text();
  std::string raw_element();
  std::string fragment();

  std::mt19937_64 random_;
};

}  // namespace farebench::test
