#include "site/row_scanner.hpp"

#include <cstddef>
#include <cstring>
#include <utility>

#include "site/html_characters.hpp"

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
