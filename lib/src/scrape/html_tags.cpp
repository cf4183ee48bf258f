#include "scrape/html_tags.hpp"

#include <algorithm>
#include <cstring>

namespace farebench::html {
namespace {

struct trait_list {
  traits value;
  std::string_view names;
};

// HTML standard, 13.1.2 (void and raw elements), 13.2.4.2 (scopes) and 13.2.6 (tree construction).
constexpr std::array trait_lists = std::to_array<trait_list>({
    {is_void,
     "area base basefont bgsound br col embed frame hr image img input keygen link meta param source "
     "track wbr"},
    {is_raw, "iframe noembed noframes script style textarea title xmp"},
    {closes_p | is_block,
     "address article aside blockquote center dd details dir div dl dt fieldset "
     "figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup li listing menu nav ol p "
     "pre section summary ul"},
    {closes_p, "dialog form hr main plaintext search table xmp"},
    {is_block | is_table_part, "caption tbody td tfoot th thead tr"},
    {is_table_part, "col colgroup"},
    {is_table_structure, "colgroup table tbody tfoot thead tr"},
    {is_formatting, "b big code em font i s small strike strong tt u"},
    {is_barrier, "applet button caption marquee object table td th"},
    {is_heading, "h1 h2 h3 h4 h5 h6"},
    {leaves_svg,
     "b big blockquote body br center code dd div dl dt em embed font h1 h2 h3 h4 h5 h6 head hr i "
     "img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u "
     "ul var"},
    {is_refused,
     "body frame frameset head html isindex math menuitem nobr optgroup option plaintext select "
     "template"},
    {is_context,
     "a applet button form frameset html input keygen marquee math nobr object p plaintext rb rp "
     "rt rtc select svg table template textarea"},
});

constexpr std::string_view class_attribute = "class";

}  // namespace

constexpr std::array<known_element, known_elements_size> known_elements = [] {
  std::array<known_element, known_elements_size> table{};
  for (auto [value, names] : trait_lists) {
    while (!names.empty()) {
      const auto length = std::min(names.find(' '), names.size());
      const element_name name = element_of(names.substr(0, length));
      std::size_t slot = name >> 55U;
      while (table[slot].name != name && table[slot].name != 0) slot = (slot + 1) % known_elements_size;
      table[slot] = {name, static_cast<traits>(table[slot].value | value)};
      names.remove_prefix(std::min(length + 1, names.size()));
    }
  }
  return table;
}();

template <const std::string_view& token>
void class_token_finder<token>::reset() {
  matched_bytes_ = 0;
  found_ = false;
  finished_ = false;
}

template <const std::string_view& token>
void class_token_finder<token>::search(std::string_view value) {
  for (auto pos = value.find(token); pos != std::string_view::npos && !found_;
       pos = value.find(token, pos + 1)) {
    const auto after = pos + token.size();
    found_ = (pos == 0 || is_blank(value[pos - 1])) && (after == value.size() || is_blank(value[after]));
  }
}

template <const std::string_view& token>
void class_token_finder<token>::append(char c) {
  if (finished_) return;
  if (is_blank(c)) {
    found_ = found_ || matched_bytes_ == token.size();
    matched_bytes_ = 0;
  } else if (matched_bytes_ < token.size() && token[matched_bytes_] == c) {
    ++matched_bytes_;
  } else {
    matched_bytes_ = mismatch;
  }
}

template <const std::string_view& token>
void class_token_finder<token>::finish() {
  append(' ');
  finished_ = true;
}

void attribute_reader::begin_tag(bool is_end_tag) {
  row_.reset();
  if (!saw_results_) results_.reset();
  state_ = state::between_attributes;
  had_class_ = is_end_tag;
  is_self_closing_ = false;
}

// An attribute's states follow each other in the order of its bytes, and fall through. So a complete
// attribute needs one dispatch, which saves 9 % of the time on article pages (docs/cpu.md).
const char* attribute_reader::read(const char* pos, const char* end) {
  while (pos != end) {
    switch (state_) {
      case state::between_attributes:
        while (pos != end && is_blank(*pos)) ++pos;
        if (pos == end) return pos;
        if (*pos == '>' || *pos == '/') {
          state_ = *pos == '>' ? state::done : state::slash;
          ++pos;
          if (state_ == state::done) return pos;
          break;
        }
        state_ = state::attribute_name;
        // The first byte may be a `=`.
        is_class_ = lower(*pos) == class_attribute[0];
        matched_bytes_ = 1;
        ++pos;
        [[fallthrough]];
      case state::attribute_name:
        for (; pos != end && !is_blank(*pos) && *pos != '=' && *pos != '>' && *pos != '/'; ++pos) {
          if (!is_class_) continue;
          is_class_ =
              matched_bytes_ < class_attribute.size() && lower(*pos) == class_attribute[matched_bytes_];
          ++matched_bytes_;
        }
        if (pos == end) return pos;
        // If an attribute is repeated, the first one counts, even if it has no value.
        is_class_ = is_class_ && matched_bytes_ == class_attribute.size() && !had_class_;
        had_class_ = had_class_ || is_class_;
        state_ = state::after_attribute_name;
        [[fallthrough]];
      case state::after_attribute_name:
        while (pos != end && is_blank(*pos)) ++pos;
        if (pos == end) return pos;
        if (*pos != '=') {
          state_ = state::between_attributes;
          break;
        }
        state_ = state::before_value;
        ++pos;
        [[fallthrough]];
      case state::before_value:
        while (pos != end && is_blank(*pos)) ++pos;
        if (pos == end) return pos;
        if (*pos == '>') {
          state_ = state::between_attributes;
          break;
        }
        pos = begin_value(pos, end);
        if (state_ != state::quoted_value) break;
        [[fallthrough]];
      case state::quoted_value: {
        const void* const quote = std::memchr(pos, quote_, static_cast<std::size_t>(end - pos));
        if (quote == nullptr) return end;
        pos = static_cast<const char*>(quote) + 1;
        state_ = state::between_attributes;
        break;
      }
      case state::unquoted_value:
        while (pos != end && !is_blank(*pos) && *pos != '>') ++pos;
        if (pos == end) return pos;
        state_ = state::between_attributes;
        break;
      case state::class_value:
        pos = read_class_value(pos, end);
        break;
      case state::class_reference: {
        const auto progress = reference_.read(*pos);
        if (progress != character_reference::progress::ended_before) ++pos;
        if (progress != character_reference::progress::reading) append_reference_to_class();
        break;
      }
      case state::slash:
        is_self_closing_ = *pos == '>';
        state_ = state::between_attributes;
        break;
      case state::done:
        return pos;
    }
  }
  return pos;
}

const char* attribute_reader::begin_value(const char* pos, const char* end) {
  quote_ = *pos == '"' || *pos == '\'' ? *pos++ : '\0';
  state_ = is_class_ ? state::class_value : quote_ != 0 ? state::quoted_value : state::unquoted_value;
  if (!is_class_ || quote_ == 0) return pos;
  // Fast path: a class that is quoted, complete and without references.
  const void* const quote = std::memchr(pos, quote_, static_cast<std::size_t>(end - pos));
  if (quote == nullptr) return pos;
  const std::string_view value{pos, static_cast<std::size_t>(static_cast<const char*>(quote) - pos)};
  if (value.find('&') != std::string_view::npos) return pos;
  row_.search(value);
  if (!saw_results_) {
    results_.search(value);
    saw_results_ = results_.found();
  }
  state_ = state::between_attributes;
  return pos + value.size() + 1;
}

const char* attribute_reader::read_class_value(const char* pos, const char* end) {
  for (; pos != end; ++pos) {
    const char c = *pos;
    if (c == '&') {
      reference_.begin(true);
      state_ = state::class_reference;
      return pos + 1;
    }
    if (quote_ != 0 && c == quote_) {
      finish_class();
      return pos + 1;
    }
    if (quote_ == 0 && (is_blank(c) || c == '>')) {
      finish_class();
      return pos;
    }
    append_to_class(c);
  }
  return pos;
}

void attribute_reader::append_to_class(char c) {
  row_.append(c);
  if (!saw_results_) results_.append(c);
}

void attribute_reader::append_reference_to_class() {
  // Tokens are ASCII, without U+007F.
  for (const char32_t c : reference_.characters())
    if (c != 0) append_to_class(c < 0x80 ? static_cast<char>(c) : '\x7F');
  for (const char c : reference_.literal()) append_to_class(c);
  state_ = state::class_value;
}

void attribute_reader::finish_class() {
  row_.finish();
  if (!saw_results_) {
    results_.finish();
    saw_results_ = results_.found();
  }
  state_ = state::between_attributes;
}

}  // namespace farebench::html
