#include "scrape/row_scanner.hpp"

#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "scrape/html_elements.hpp"

namespace farebench::html {

const char* tag_name_reader::read(const char* at, const char* end) {
  std::size_t size = size_;
  std::uint64_t number = number_;
  for (; at != end && size < longest_tag_name; ++at) {
    const char lower = name_character(*at);
    if (lower == 0) break;
    text_[size++] = lower;
    number = append_to_number(number, lower);
  }
  size_ = static_cast<std::uint8_t>(size);
  number_ = number;
  return at;
}

tag_name tag_name_reader::name() const {
  return {text(), size_ > longest_element_name ? element::unknown : find_element(number_)};
}

element tag_name_reader::early_id(const tag_name& name) {
  if (name.id != element::unknown) return name.id;  // no name in the table has a full stop
  const auto stop = name.text.find('.');
  return stop == std::string_view::npos ? name.id : find_element(name.text.substr(0, stop));
}

template <const std::string_view& token>
void class_token_finder<token>::begin() {
  matched_ = 0;
  found_ = false;
  ended_ = false;
}

template <const std::string_view& token>
void class_token_finder<token>::value(std::string_view text) {
  for (auto at = text.find(token); at != std::string_view::npos && !found_; at = text.find(token, at + 1)) {
    const auto after = at + token.size();
    found_ = (at == 0 || is_blank(text[at - 1])) && (after == text.size() || is_blank(text[after]));
  }
}

template <const std::string_view& token>
void class_token_finder<token>::raw(char c) {
  if (ended_) return;
  if (is_blank(c)) {
    found_ = found_ || matched_ == token.size();
    matched_ = 0;
  } else if (matched_ < token.size() && token[matched_] == c) {
    ++matched_;
  } else {
    matched_ = mismatch;
  }
}

template <const std::string_view& token>
void class_token_finder<token>::decoded(char32_t c) {
  if (c == 0) {
    end();  // to libxml2, whose values are C strings, the value ends here
  } else {
    raw(c < 0x80 ? static_cast<char>(c) : '\x7F');  // neither is in a token
  }
}

template <const std::string_view& token>
void class_token_finder<token>::end() {
  raw(' ');
  ended_ = true;
}

template class class_token_finder<row_class>;
template class class_token_finder<results_class>;

namespace {

constexpr std::string_view class_attribute = "class";
constexpr std::uint8_t longest_attribute_name = 100;  // libxml2's; the rest is the next attribute's name

bool is_class_attribute(std::string_view name) {
  if (name.size() != class_attribute.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (name_character(name[i]) != class_attribute[i]) return false;
  return true;
}

}  // namespace

void attribute_reader::begin() {
  row_.begin();
  if (!saw_results_) results_.begin();
  at_ = place::between;
  had_class_ = false;
  self_closing_ = false;
}

// In the order of a tag, so that an attribute within the piece takes one look at the place.
const char* attribute_reader::read(const char* at, const char* end) {
  while (at != end) {
    switch (at_) {
      case place::between:
        while (at != end && is_blank(*at)) ++at;
        if (at == end) return at;
        if (*at == '>') {
          at_ = place::done;
          return at + 1;
        }
        if (!begins_name(*at)) {
          at_ = *at == '/' ? place::slash : place::nonsense;
          if (at_ == place::slash) ++at;
          break;
        }
        at_ = place::attribute_name;
        attribute_size_ = 0;
        is_class_ = true;
        [[fallthrough]];
      case place::attribute_name:
        at = attribute_name(at, end);
        if (at_ == place::attribute_name) return at;
        [[fallthrough]];
      case place::after_attribute_name:
        while (at != end && is_blank(*at)) ++at;
        if (at == end) return at;
        if (*at != '=') {
          at_ = place::between;
          break;
        }
        at_ = place::before_value;
        ++at;
        [[fallthrough]];
      case place::before_value:
        while (at != end && is_blank(*at)) ++at;
        if (at == end) return at;
        at = begin_value(at, end);
        if (at_ != place::quoted_value) break;
        [[fallthrough]];
      case place::quoted_value: {
        const void* const found = std::memchr(at, quote_, static_cast<std::size_t>(end - at));
        if (found == nullptr) return end;
        at = static_cast<const char*>(found) + 1;
        at_ = place::between;
        break;
      }
      case place::slash:
        self_closing_ = *at == '>';
        at_ = self_closing_ ? place::between : place::nonsense;
        break;
      case place::nonsense:
        while (at != end && !is_blank(*at) && *at != '>' && *at != '/') ++at;
        if (at == end) return at;
        if (*at == '/') {
          at_ = place::slash;
          ++at;
        } else {
          at_ = place::between;
        }
        break;
      case place::unquoted_value:
        while (at != end && !is_blank(*at) && *at != '>') ++at;
        if (at == end) return at;
        at_ = place::between;
        break;
      case place::class_value:
        at = class_value(at, end);
        break;
      case place::class_reference: {
        const auto progress = reference_.next(*at);
        if (progress != character_reference::progress::ended_here) ++at;
        if (progress != character_reference::progress::reading) take_reference();
        break;
      }
      case place::done:
        return at;
    }
  }
  return at;
}

const char* attribute_reader::begin_value(const char* at, const char* end) {
  quote_ = *at == '"' || *at == '\'' ? *at++ : '\0';
  at_ = is_class_ ? place::class_value : quote_ != 0 ? place::quoted_value : place::unquoted_value;
  if (!is_class_ || quote_ == 0) return at;
  // Nearly every class is quoted, whole, and without references.
  const auto rest = static_cast<std::size_t>(end - at);
  const void* const found = std::memchr(at, quote_, rest);
  if (found == nullptr) return at;
  const std::string_view value{at, static_cast<std::size_t>(static_cast<const char*>(found) - at)};
  if (value.find('&') != std::string_view::npos) return at;
  row_.value(value);
  if (!saw_results_) {
    results_.value(value);
    saw_results_ = results_.found();
  }
  at_ = place::between;
  return at + value.size() + 1;
}

const char* attribute_reader::attribute_name(const char* at, const char* end) {
  if (attribute_size_ == 0) {
    // Nearly every name is whole, and short.
    const char* const stop = end - at > longest_attribute_name ? at + longest_attribute_name : end;
    const char* name_end = at;
    while (name_end != stop && name_character(*name_end) != 0) ++name_end;
    if (name_end != stop) {
      attribute_size_ = static_cast<std::uint8_t>(name_end - at);
      is_class_ = is_class_attribute({at, attribute_size_});
      return end_attribute_name(name_end);
    }
  }
  for (; at != end && attribute_size_ < longest_attribute_name; ++at, ++attribute_size_) {
    const char lower = name_character(*at);
    if (lower == 0) break;
    if (attribute_size_ >= class_attribute.size() || lower != class_attribute[attribute_size_])
      is_class_ = false;
  }
  if (at == end && attribute_size_ < longest_attribute_name) return at;
  return end_attribute_name(at);
}

const char* attribute_reader::end_attribute_name(const char* at) {
  // Of two attributes of one name, the first counts, even without a value.
  is_class_ = is_class_ && attribute_size_ == class_attribute.size() && !had_class_;
  had_class_ = had_class_ || is_class_;
  at_ = place::after_attribute_name;
  return at;
}

const char* attribute_reader::class_value(const char* at, const char* end) {
  for (; at != end; ++at) {
    const char c = *at;
    if (c == '&') {
      reference_.begin();
      at_ = place::class_reference;
      return at + 1;
    }
    if (quote_ != 0 && c == quote_) {
      end_class();
      return at + 1;
    }
    if (quote_ == 0 && (is_blank(c) || c == '>')) {
      end_class();
      return at;
    }
    take_class(c);
  }
  return at;
}

void attribute_reader::take_class(char c) {
  row_.raw(c);
  if (!saw_results_) results_.raw(c);
}

void attribute_reader::end_class() {
  row_.end();
  if (!saw_results_) {
    results_.end();
    saw_results_ = results_.found();
  }
  at_ = place::between;
}

void attribute_reader::take_reference() {
  for (const char c : reference_.literal()) take_class(c);
  if (reference_.literal().empty()) {
    row_.decoded(reference_.character());
    if (!saw_results_) results_.decoded(reference_.character());
  }
  at_ = place::class_value;
}

}  // namespace farebench::html

namespace farebench {
namespace {

using html::character_reference;
using html::is_ascii_letter;

// libxml2 reads text in runs of this many bytes, and takes for text a run that white space fills.
constexpr std::uint16_t text_run_bytes = 1000;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view doctype_start = "!DOCTYPE";
constexpr std::string_view comment_start = "!--";

const char* find(const char* at, const char* end, char c) {
  if (at != end && *at == c) return at;  // as of the > of most end tags
  const void* const found = std::memchr(at, c, static_cast<std::size_t>(end - at));
  return found == nullptr ? end : static_cast<const char*>(found);
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_text_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_dropped_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 && !is_text_blank(c) && c != '\0';
}

}  // namespace

void row_scanner::feed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  // Nearly always text and a tag, for which `step` is a detour.
  while (at != end && problem_ == page_problem::none)
    at = place_ == place::content ? content(at, end) : step(at, end);
}

page_problem row_scanner::finish() {
  page_problem problem = problem_;
  if (problem == page_problem::none && row_) problem = page_problem::ends_in_row;
  if (problem == page_problem::none && place_ != place::content && place_ != place::reference) {
    problem = page_problem::ends_in_markup;
  }
  *this = row_scanner{*listener_};
  return problem;
}

const char* row_scanner::step(const char* at, const char* end) {
  switch (place_) {
    case place::content:
      return content(at, end);
    case place::reference:
      return reference(at);
    case place::markup:
      return markup(at);
    case place::declaration:
      return declaration(at);
    case place::comment:
      return comment(at, end);
    case place::instruction_start:
      // Without a name, "<?" is dropped and what follows is content.
      is_end_tag_ = false;
      place_ = is_ascii_letter(*at) || *at == '_' || *at == ':' ? place::to_end : place::content;
      return at;
    case place::to_end:
      return to_end(at, end);
    case place::start_tag_name:
      return start_tag_name(at, end);
    case place::attributes:
      return attributes(at, end);
    case place::end_tag_start:
      return end_tag_start(at);
    case place::end_tag_name:
      return end_tag_name(at, end);
    case place::raw_start:
      place_ = *at == '<' ? place::raw_start_markup : place::raw;
      return at + 1;
    case place::raw_start_markup:
      if (*at == '/') {
        place_ = place::end_tag_start;
        return at + 1;
      }
      name_.clear();
      place_ = is_ascii_letter(*at) ? place::raw_start_name : place::raw;
      return at;
    case place::raw_start_name:
      return raw_start_name(at, end);
    case place::raw:
      at = find(at, end, '<');
      if (at == end) return at;
      place_ = place::raw_markup;
      return at + 1;
    case place::raw_markup:
      if (*at != '/') {
        place_ = place::raw;
        return at;
      }
      name_.clear();
      matched_ = 0;
      place_ = place::raw_end;
      return at + 1;
    case place::raw_end:
      return raw_end(at);
  }
  return end;
}

const char* row_scanner::content(const char* at, const char* end) {
  if (open_.text_implies()) return outer_text(at, end);
  const char* stop = at;
  if (row_) {
    stop = words_.text(at, end, *listener_);
    check_words();
    if (problem_ != page_problem::none) return stop;
  } else {
    stop = find(at, end, '<');  // only rows have text, so that & means nothing here
  }
  if (stop != at) after_doctype_ = false;
  if (stop == end) return stop;
  if (*stop == '&') {
    begin_reference();
    return stop + 1;
  }
  begin_markup();
  return tag(stop + 1, end);
}

// What follows a <, which is nearly always a tag, in one go as far as this piece has it: `step` would come to
// the same, a look at the place between the parts.
const char* row_scanner::tag(const char* at, const char* end) {
  if (at == end || problem_ != page_problem::none) return at;
  at = markup(at);
  if (place_ == place::start_tag_name) {
    at = start_tag_name(at, end);
    if (place_ == place::attributes) at = attributes(at, end);
  } else if (place_ == place::end_tag_start && at != end) {
    at = end_tag_start(at);
    if (place_ == place::end_tag_name) at = end_tag_name(at, end);
    if (place_ == place::to_end) at = to_end(at, end);
  }
  return at;
}

const char* row_scanner::outer_text(const char* at, const char* end) {
  for (; at != end; ++at) {
    const char c = *at;
    if (stage_ == stage::start) {
      if (c == byte_order_mark[matched_]) {
        if (++matched_ == byte_order_mark.size()) stage_ = stage::before_doctype;
        continue;
      }
      if (matched_ > 0) open_.text();
      stage_ = matched_ > 0 ? stage::content : stage::before_doctype;
      return at;
    }
    if (c == '<') {
      begin_markup();
      return at + 1;
    }
    if (is_text_blank(c)) {
      if (stage_ != stage::content) continue;
      after_doctype_ = false;
      if (row_) words_.text(at, at + 1, *listener_);
      if (++blanks_ < text_run_bytes) continue;
      imply_by_text();
      return at + 1;
    }
    stage_ = stage::content;
    if (is_dropped_control(c) && !row_) continue;
    if (c == '&' && blanks_ == 0) {
      begin_reference();
      return at + 1;
    }
    imply_by_text();
    return at;
  }
  return at;
}

const char* row_scanner::reference(const char* at) {
  const auto progress = reference_.next(*at);
  if (progress == character_reference::progress::reading) return at + 1;
  place_ = place::content;
  const std::string_view literal = reference_.literal();
  if (!literal.empty()) {
    take_text(literal);
  } else if (reference_.character() != 0) {
    imply_by_text();
    if (row_) words_.character(reference_.character(), *listener_);
    check_words();
  }
  return progress == character_reference::progress::ended ? at + 1 : at;
}

const char* row_scanner::markup(const char* at) {
  const bool after_doctype = std::exchange(after_doctype_, false);
  if (is_ascii_letter(*at)) {
    stage_ = stage::content;
    after_doctype_ = after_doctype;
    place_ = place::start_tag_name;
    name_.clear();
    return at;
  }
  if (*at == '!') {
    after_doctype_ = after_doctype;
    place_ = place::declaration;
    declared_[0] = '!';
    matched_ = 1;
    return at + 1;
  }
  if (*at == '?') {
    place_ = place::instruction_start;
    return at + 1;
  }
  stage_ = stage::content;
  // Right after a misplaced doctype, libxml2 does not look for end tags.
  if (*at == '/' && !after_doctype) {
    place_ = place::end_tag_start;
    return at + 1;
  }
  take_less_than();
  return at;
}

const char* row_scanner::declaration(const char* at) {
  const bool dash = matched_ > 1 && declared_[1] == '-';
  const bool comment = (matched_ == 1 || dash) && *at == comment_start[matched_];
  // Nor, right after a misplaced doctype, for another one.
  const bool doctype = !dash && !after_doctype_ && upper(*at) == doctype_start[matched_];
  if (!comment && !doctype) {
    after_doctype_ = false;
    stage_ = stage::content;
    take_less_than();
    take_text({declared_.data(), matched_});
    return at;
  }
  declared_[matched_++] = *at;
  if (comment && matched_ == comment_start.size()) {
    after_doctype_ = false;
    place_ = place::comment;
    matched_ = 0;
  } else if (doctype && matched_ == doctype_start.size()) {
    place_ = place::to_end;
    is_end_tag_ = false;
    after_doctype_ = stage_ != stage::before_doctype;
    stage_ = after_doctype_ ? stage::content : stage::after_doctype;
  }
  return at + 1;
}

// Ends at "-->" or "--!>". matched_ counts the dashes, and is 3 after "--!".
const char* row_scanner::comment(const char* at, const char* end) {
  if (matched_ == 0) {
    at = find(at, end, '-');
    if (at == end) return at;
    matched_ = 1;
    return at + 1;
  }
  const char c = *at;
  if (c == '>' && matched_ >= 2) {
    place_ = place::content;
  } else if (c == '-') {
    matched_ = matched_ == 3 ? 1 : 2;
  } else {
    matched_ = c == '!' && matched_ == 2 ? 3 : 0;
  }
  return at + 1;
}

const char* row_scanner::start_tag_name(const char* at, const char* end) {
  at = name_.read(at, end);
  if (at == end && !name_.full()) return at;
  place_ = place::attributes;
  attributes_.begin();
  return at;
}

const char* row_scanner::attributes(const char* at, const char* end) {
  at = attributes_.read(at, end);
  if (attributes_.done()) take_start_tag();
  return at;
}

const char* row_scanner::end_tag_start(const char* at) {
  if (html::begins_name(*at)) {
    name_.clear();
    place_ = place::end_tag_name;
  } else {
    after_tag();  // "</" is dropped
  }
  return at;
}

const char* row_scanner::to_end(const char* at, const char* end) {
  at = find(at, end, '>');
  if (at == end) return at;
  if (is_end_tag_) {
    take_end_tag();
  } else {
    place_ = place::content;
  }
  return at + 1;
}

const char* row_scanner::end_tag_name(const char* at, const char* end) {
  at = name_.read(at, end);
  if (at == end && !name_.full()) return at;
  place_ = place::to_end;
  is_end_tag_ = true;
  return at;
}

// A start tag that closes the script or style ends its raw text, if nothing came before it.
const char* row_scanner::raw_start_name(const char* at, const char* end) {
  at = name_.read(at, end);
  if (at == end && !name_.full()) return at;
  const html::element opening = html::tag_name_reader::early_id(name_.name());
  place_ = html::start_closes(opening, open_.innermost()) ? place::start_tag_name : place::raw;
  return at;
}

// The end tag's name need only begin like the element's: `</scripty>` is an end tag too, of no element.
const char* row_scanner::raw_end(const char* at) {
  const std::string_view name = open_.innermost() == html::well_known::script ? "script" : "style";
  if (html::name_character(*at) != name[matched_]) {
    place_ = place::raw;
    return at;
  }
  name_.read(at, at + 1);
  if (++matched_ == name.size()) place_ = place::end_tag_name;
  return at + 1;
}

void row_scanner::begin_reference() {
  after_doctype_ = false;
  reference_.begin();
  place_ = place::reference;
}

void row_scanner::begin_markup() {
  blanks_ = 0;
  place_ = place::markup;
  if (!row_) return;
  words_.at_markup();
  check_words();
}

void row_scanner::imply_by_text() {
  after_doctype_ = false;
  blanks_ = 0;
  open_.text();
  settle_row();
}

void row_scanner::take_text(std::string_view text) {
  imply_by_text();
  if (!row_) return;
  for (const char c : text) words_.character(static_cast<unsigned char>(c), *listener_);
  check_words();
}

// A < that begins no markup is text of whatever element is open, without opening one.
void row_scanner::take_less_than() {
  place_ = place::content;
  if (!row_) return;
  words_.character('<', *listener_);
  check_words();
}

void row_scanner::take_start_tag() {
  const html::tag_name name = name_.name();
  // Right after a misplaced doctype, libxml2 does not look ahead.
  if (!std::exchange(after_doctype_, false)) {
    const html::element early = html::tag_name_reader::early_id(name);
    if (early != name.id) open_.close_for(early);
  }
  const bool admitted = open_.admit(name);
  settle_row();
  if (problem_ != page_problem::none) return;
  const bool begins_row = admitted && attributes_.begins_row();
  if (begins_row && row_) return fail(page_problem::nested_row);
  // What follows its end tag would still be put into it: its end can't be told.
  if (begins_row && name.id == html::well_known::html) return fail(page_problem::page_as_row);
  if (admitted) open_.push(name);
  if (open_.overflowed()) return fail(page_problem::too_deep);
  if (begins_row) {
    open_.mark();
    row_ = true;
    words_.begin();
    listener_->row_begin();
  }
  // Of a dropped tag, libxml2 drops all but the "/>", which ends the element around it.
  if (attributes_.self_closing() || (admitted && html::is_void(name.id))) {
    open_.pop();
    settle_row();
  }
  after_tag();
}

void row_scanner::take_end_tag() {
  const html::tag_name name = name_.name();
  if (name.id == html::well_known::html) saw_end_ = true;
  open_.end(name);
  settle_row();
  after_tag();
}

void row_scanner::after_tag() { place_ = open_.raw() ? place::raw_start : place::content; }

void row_scanner::settle_row() {
  if (!row_ || open_.marked()) return;
  row_ = false;
  words_.end(*listener_);
  check_words();
}

void row_scanner::check_words() {
  using refusal = word_collector::refusal;
  if (words_.refused() == refusal::none) return;
  fail(words_.refused() == refusal::overlong_word ? page_problem::overlong_word : page_problem::invalid_text);
}

}  // namespace farebench
