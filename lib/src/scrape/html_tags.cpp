#include "scrape/html_tags.hpp"

#include <algorithm>
#include <cstring>

namespace farebench::html {
namespace {

constexpr std::uint64_t key_of(std::string_view name) {
  std::uint64_t key = 0;
  for (const char c : name) key = append_to_key(key, c);
  return key;
}

struct closing_rule {
  std::string_view open;
  // Elements whose start tags close `open`, separated by single spaces.
  std::string_view openings;
};

// "Start tags that imply the end of the current element" of libxml2 2.9.14.
constexpr std::array closing_rules = std::to_array<closing_rule>({
    {"a", "a fieldset table td th"},
    {"address", "dd dl dt form li ul"},
    {"b", "center p td th"},
    {"big", "p"},
    {"caption", "col colgroup tbody tfoot thead tr"},
    {"col", "col colgroup tbody tfoot thead tr"},
    {"colgroup", "colgroup tbody tfoot thead tr"},
    {"dd", "dt"},
    {"dir", "dd dl dt form ul"},
    {"dl", "form li"},
    {"dt", "dd dl"},
    {"font", "center td th"},
    {"form", "form"},
    {"h1", "fieldset form li p table"},
    {"h2", "fieldset form li p table"},
    {"h3", "fieldset form li p table"},
    {"h4", "fieldset form li p table"},
    {"h5", "fieldset form li p table"},
    {"h6", "fieldset form li p table"},
    {"head",
     "a abbr acronym address b bdo big blockquote body br center cite code dd dfn dir div dl dt em "
     "fieldset font form frameset h1 h2 h3 h4 h5 h6 hr i iframe img kbd li listing map menu ol p pre q s "
     "samp small span strike strong sub sup table tt u ul var xmp"},
    {"hr", "form"},
    {"i", "center p td th"},
    {"legend", "fieldset"},
    {"li", "li"},
    {"link", "body frameset"},
    {"listing", "dd dl dt fieldset form li table ul"},
    {"menu", "dd dl dt form ul"},
    {"ol", "form ul"},
    {"option", "optgroup option"},
    {"p",
     "address blockquote body caption center col colgroup dd dir div dl dt fieldset form frameset h1 h2 "
     "h3 h4 h5 h6 head hr li listing menu ol p pre table tbody td tfoot th title tr ul xmp"},
    {"pre", "dd dl dt fieldset form li table ul"},
    {"s", "p"},
    {"script", "noscript"},
    {"small", "p"},
    {"span", "td th"},
    {"strike", "p"},
    {"style", "body frameset"},
    {"tbody", "tbody tfoot"},
    {"td", "tbody td tfoot th tr"},
    {"tfoot", "tbody"},
    {"th", "tbody td tfoot th tr"},
    {"thead", "tbody tfoot"},
    {"title", "body frameset"},
    {"tr", "tbody tfoot tr"},
    {"tt", "p"},
    {"u", "p td th"},
    {"ul", "address form menu ol pre"},
    {"xmp", "dd dl dt fieldset form li table ul"},
});

constexpr auto void_elements =
    std::to_array<std::string_view>({"area", "base", "basefont", "br", "col", "frame", "hr", "img", "input",
                                     "isindex", "link", "meta", "param"});

struct priority_rule {
  std::string_view name;
  std::uint8_t end_tag_priority;
};
constexpr std::uint8_t default_priority = 100;
constexpr auto priority_rules = std::to_array<priority_rule>({
    {"div", 150},
    {"td", 160},
    {"th", 160},
    {"tr", 170},
    {"thead", 180},
    {"tbody", 180},
    {"tfoot", 180},
    {"table", 190},
    {"head", 200},
    {"body", 200},
    {"html", 220},
});

constexpr std::string_view class_attribute = "class";

// Limit of libxml2. The rest of a longer name is read as the next attribute's.
constexpr std::uint8_t max_attribute_name_bytes = 100;

bool is_class_attribute(std::string_view name) {
  if (name.size() != class_attribute.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (lower_name_byte(name[i]) != class_attribute[i]) return false;
  return true;
}

}  // namespace

constexpr element_table elements = [] {
  element_table table{};
  const auto rules = [&table](std::string_view name) -> element_rules& {
    return table[static_cast<std::size_t>(known_element(name))];
  };
  for (auto& element : table) element.end_tag_priority = default_priority;
  for (const auto name : element_names) rules(name).key = key_of(name);
  for (const auto name : void_elements) rules(name).is_void = true;
  for (const auto& [name, priority] : priority_rules) rules(name).end_tag_priority = priority;
  for (const auto& rule : closing_rules) {
    std::string_view rest = rule.openings;
    while (!rest.empty()) {
      const auto length = std::min(rest.find(' '), rest.size());
      const auto bit = static_cast<std::size_t>(known_element(rest.substr(0, length)));
      rules(rule.open).closed_by[bit / 64] |= std::uint64_t{1} << (bit % 64);
      rest.remove_prefix(std::min(length + 1, rest.size()));
    }
  }
  return table;
}();

constexpr std::array<element, std::size_t{1} << slot_bits> element_by_slot = [] {
  std::array<element, std::size_t{1} << slot_bits> slots{};
  for (const auto name : element_names) {
    auto& slot = slots[slot_of(key_of(name))];
    if (slot != element::unknown) throw "two names have the same slot";
    if (name.size() > max_known_name_bytes) throw "the name is too long for a key";
    slot = known_element(name);
  }
  return slots;
}();

element look_ahead_element(const tag_name& name) {
  // No known name has a full stop.
  if (name.id != element::unknown) return name.id;
  const auto stop = name.text.find('.');
  if (stop > max_known_name_bytes) return element::unknown;
  return find_element(key_of(name.text.substr(0, stop)));
}

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
void class_token_finder<token>::append_decoded(char32_t c) {
  if (c == 0) {
    // libxml2's values are C strings, which end here.
    finish();
  } else {
    // Tokens are ASCII, without U+007F.
    append(c < 0x80 ? static_cast<char>(c) : '\x7F');
  }
}

template <const std::string_view& token>
void class_token_finder<token>::finish() {
  append(' ');
  finished_ = true;
}

void attribute_reader::begin_tag() {
  row_.reset();
  if (!saw_results_) results_.reset();
  state_ = state::between_attributes;
  had_class_ = false;
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
        if (*pos == '>') {
          state_ = state::done;
          return pos + 1;
        }
        if (!begins_name(*pos)) {
          state_ = *pos == '/' ? state::slash : state::ignored;
          if (state_ == state::slash) ++pos;
          break;
        }
        state_ = state::attribute_name;
        attribute_name_bytes_ = 0;
        is_class_ = true;
        [[fallthrough]];
      case state::attribute_name:
        pos = read_attribute_name(pos, end);
        if (state_ == state::attribute_name) return pos;
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
        state_ = is_self_closing_ ? state::between_attributes : state::ignored;
        break;
      case state::ignored:
        while (pos != end && !is_blank(*pos) && *pos != '>' && *pos != '/') ++pos;
        if (pos == end) return pos;
        if (*pos == '/') {
          state_ = state::slash;
          ++pos;
        } else {
          state_ = state::between_attributes;
        }
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

const char* attribute_reader::read_attribute_name(const char* pos, const char* end) {
  if (attribute_name_bytes_ == 0) {
    // Fast path: a name that is complete and within the limit.
    const char* const stop = end - pos > max_attribute_name_bytes ? pos + max_attribute_name_bytes : end;
    const char* name_end = pos;
    while (name_end != stop && lower_name_byte(*name_end) != 0) ++name_end;
    if (name_end != stop) {
      attribute_name_bytes_ = static_cast<std::uint8_t>(name_end - pos);
      is_class_ = is_class_attribute({pos, attribute_name_bytes_});
      return finish_attribute_name(name_end);
    }
  }
  for (; pos != end && attribute_name_bytes_ < max_attribute_name_bytes; ++pos, ++attribute_name_bytes_) {
    const char lower = lower_name_byte(*pos);
    if (lower == 0) break;
    if (attribute_name_bytes_ >= class_attribute.size() || lower != class_attribute[attribute_name_bytes_])
      is_class_ = false;
  }
  if (pos == end && attribute_name_bytes_ < max_attribute_name_bytes) return pos;
  return finish_attribute_name(pos);
}

const char* attribute_reader::finish_attribute_name(const char* pos) {
  // If an attribute is repeated, the first one counts, even if it has no value.
  is_class_ = is_class_ && attribute_name_bytes_ == class_attribute.size() && !had_class_;
  had_class_ = had_class_ || is_class_;
  state_ = state::after_attribute_name;
  return pos;
}

const char* attribute_reader::read_class_value(const char* pos, const char* end) {
  for (; pos != end; ++pos) {
    const char c = *pos;
    if (c == '&') {
      reference_.begin();
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
  for (const char c : reference_.literal()) append_to_class(c);
  if (reference_.literal().empty()) {
    row_.append_decoded(reference_.character());
    if (!saw_results_) results_.append_decoded(reference_.character());
  }
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
