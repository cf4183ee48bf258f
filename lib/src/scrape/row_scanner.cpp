#include "scrape/row_scanner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace farebench::html {
namespace {

bool belongs_in_head(element id) {
  return id == well_known::script || id == well_known::style || id == well_known::meta ||
         id == well_known::link || id == well_known::title || id == well_known::base;
}

bool belongs_outside_body(element id) {
  return id == well_known::noframes || id == well_known::frame || id == well_known::frameset;
}

}  // namespace

bool open_elements::admit(const tag_name& name) {
  close_for(name.id);
  imply(name);
  const bool is_ignored = (name.id == well_known::html && size_ > 0) ||
                          (name.id == well_known::head && size_ != 1) ||
                          (name.id == well_known::body && contains(well_known::body));
  if (is_ignored) ++ignored_tags_;
  return !is_ignored;
}

void open_elements::push(const tag_name& name) {
  const bool is_unknown = name.id == element::unknown;
  if (size_ == max_depth || (is_unknown && names_size_ + name.text.size() + 1 > max_unknown_bytes)) {
    has_overflowed_ = true;
    return;
  }
  if (name.id == well_known::head) had_head_ = true;
  if (name.id == well_known::body) had_head_ = had_body_ = true;
  stack_[size_++] = name.id;
  if (!is_unknown) return;
  std::ranges::copy(name.text, names_.begin() + names_size_);
  names_size_ = static_cast<std::uint8_t>(names_size_ + name.text.size() + 1);
  names_[names_size_ - 1U] = static_cast<char>(name.text.size());
}

void open_elements::pop() {
  if (size_ == 0) return;
  --size_;
  if (stack_[size_] == element::unknown) {
    names_size_ = static_cast<std::uint8_t>(names_size_ - unknown_name(names_size_).size() - 1);
  }
  if (size_ < marked_size_) marked_size_ = 0;
}

void open_elements::end(const tag_name& name) {
  if (ignored_tags_ > 0 &&
      (name.id == well_known::html || name.id == well_known::body || name.id == well_known::head)) {
    --ignored_tags_;
    return;
  }
  const int priority = rules_of(name.id).end_tag_priority;
  std::size_t names_end = names_size_;
  for (std::size_t i = size_; i-- > 0;) {
    bool is_same = stack_[i] == name.id;
    if (stack_[i] == element::unknown) {
      const std::string_view open = unknown_name(names_end);
      names_end -= open.size() + 1;
      is_same = is_same && open == name.text;
    }
    if (is_same) {
      while (size_ > i) pop();
      return;
    }
    if (rules_of(stack_[i]).end_tag_priority > priority) return;
  }
}

void open_elements::close_for(element opening) {
  while (size_ > 0 && start_tag_closes(opening, innermost())) pop();
}

void open_elements::admit_text() {
  if (!text_implies_element()) return;
  const tag_name paragraph{"p", well_known::p};
  close_for(paragraph.id);
  imply(paragraph);
  push(paragraph);
}

void open_elements::imply(const tag_name& name) {
  // After a body, neither head nor body is implied.
  if (had_body_ && size_ != 0) return;
  if (name.id == well_known::html) return;
  if (size_ == 0) push({"html", well_known::html});
  if (name.id == well_known::body || name.id == well_known::head) return;
  if (size_ <= 1 && belongs_in_head(name.id)) {
    if (!had_head_) push({"head", well_known::head});
  } else if (!belongs_outside_body(name.id) && !had_body_ && !contains(well_known::body) &&
             !contains(well_known::head)) {
    push({"body", well_known::body});
  }
}

bool open_elements::contains(element id) const {
  return std::find(stack_.begin(), stack_.begin() + size_, id) != stack_.begin() + size_;
}

std::string_view open_elements::unknown_name(std::size_t names_end) const {
  const std::size_t length = static_cast<unsigned char>(names_[names_end - 1]);
  return {names_.data() + names_end - 1 - length, length};
}

}  // namespace farebench::html

namespace farebench {
namespace {

using html::character_reference;
using html::is_ascii_letter;

// libxml2 reads text in runs of this size. A run of white space counts as text.
constexpr std::uint16_t text_run_bytes = 1000;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view doctype_start = "!DOCTYPE";
constexpr std::string_view comment_start = "!--";

/// Returns the first `c`, or `end`.
const char* find(const char* pos, const char* end, char c) {
  // Fast path for the `>` of an end tag.
  if (pos != end && *pos == c) return pos;
  const void* const found = std::memchr(pos, c, static_cast<std::size_t>(end - pos));
  return found == nullptr ? end : static_cast<const char*>(found);
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_text_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Returns true for control characters that libxml2 drops.
bool is_dropped_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 && !is_text_blank(c) && c != '\0';
}

}  // namespace

void row_scanner::feed(std::string_view chunk) {
  const char* pos = chunk.data();
  const char* const end = pos + chunk.size();
  // Content is tested first, because it is the most frequent state between two steps.
  while (pos != end && problem_ == page_problem::none)
    pos = state_ == state::content ? read_content(pos, end) : step(pos, end);
}

page_problem row_scanner::finish() {
  page_problem problem = problem_;
  if (problem == page_problem::none && in_row_) problem = page_problem::ends_in_row;
  if (problem == page_problem::none && state_ != state::content && state_ != state::reference) {
    problem = page_problem::ends_in_markup;
  }
  *this = row_scanner{*listener_};
  return problem;
}

const char* row_scanner::step(const char* pos, const char* end) {
  switch (state_) {
    case state::content:
      return read_content(pos, end);
    case state::reference:
      return read_reference(pos);
    case state::markup:
      return read_markup(pos);
    case state::declaration:
      return read_declaration(pos);
    case state::comment:
      return read_comment(pos, end);
    case state::instruction:
      // Without a name, "<?" is dropped and content follows.
      is_end_tag_ = false;
      state_ = is_ascii_letter(*pos) || *pos == '_' || *pos == ':' ? state::before_tag_end : state::content;
      return pos;
    case state::before_tag_end:
      return read_to_tag_end(pos, end);
    case state::start_tag_name:
      return read_start_tag_name(pos, end);
    case state::attributes:
      return read_attributes(pos, end);
    case state::end_tag:
      return read_end_tag(pos);
    case state::end_tag_name:
      return read_end_tag_name(pos, end);
    case state::raw_start:
      state_ = *pos == '<' ? state::raw_start_markup : state::raw;
      return pos + 1;
    case state::raw_start_markup:
      if (*pos == '/') {
        state_ = state::end_tag;
        return pos + 1;
      }
      name_.reset();
      state_ = is_ascii_letter(*pos) ? state::raw_start_name : state::raw;
      return pos;
    case state::raw_start_name:
      return read_raw_start_name(pos, end);
    case state::raw:
      pos = find(pos, end, '<');
      if (pos == end) return pos;
      state_ = state::raw_markup;
      return pos + 1;
    case state::raw_markup:
      if (*pos != '/') {
        state_ = state::raw;
        return pos;
      }
      name_.reset();
      matched_bytes_ = 0;
      state_ = state::raw_end_tag;
      return pos + 1;
    case state::raw_end_tag:
      return read_raw_end_tag(pos);
  }
  return end;
}

const char* row_scanner::read_content(const char* pos, const char* end) {
  if (open_.text_implies_element()) return read_text_outside_body(pos, end);
  const char* stop = pos;
  if (in_row_) {
    stop = text_.read(pos, end, *listener_);
    check_text();
    if (problem_ != page_problem::none) return stop;
  } else {
    // Text outside rows is skipped, including its references.
    stop = find(pos, end, '<');
  }
  if (stop != pos) after_misplaced_doctype_ = false;
  if (stop == end) return stop;
  if (*stop == '&') {
    begin_reference();
    return stop + 1;
  }
  begin_markup();
  return read_tag(stop + 1, end);
}

// Reads a tag as far as the chunk has it. Equals several calls of `step`, without dispatching on the state
// for each part of the tag.
const char* row_scanner::read_tag(const char* pos, const char* end) {
  if (pos == end || problem_ != page_problem::none) return pos;
  pos = read_markup(pos);
  if (state_ == state::start_tag_name) {
    pos = read_start_tag_name(pos, end);
    if (state_ == state::attributes) pos = read_attributes(pos, end);
  } else if (state_ == state::end_tag && pos != end) {
    pos = read_end_tag(pos);
    if (state_ == state::end_tag_name) pos = read_end_tag_name(pos, end);
    if (state_ == state::before_tag_end) pos = read_to_tag_end(pos, end);
  }
  return pos;
}

const char* row_scanner::read_text_outside_body(const char* pos, const char* end) {
  for (; pos != end; ++pos) {
    const char c = *pos;
    if (part_ == page_part::start) {
      if (c == byte_order_mark[matched_bytes_]) {
        if (++matched_bytes_ == byte_order_mark.size()) part_ = page_part::before_doctype;
        continue;
      }
      if (matched_bytes_ > 0) open_.admit_text();
      part_ = matched_bytes_ > 0 ? page_part::content : page_part::before_doctype;
      return pos;
    }
    if (c == '<') {
      begin_markup();
      return pos + 1;
    }
    if (is_text_blank(c)) {
      if (part_ != page_part::content) continue;
      after_misplaced_doctype_ = false;
      if (in_row_) text_.read(pos, pos + 1, *listener_);
      if (++blanks_ < text_run_bytes) continue;
      admit_text();
      return pos + 1;
    }
    part_ = page_part::content;
    if (is_dropped_control(c) && !in_row_) continue;
    if (c == '&' && blanks_ == 0) {
      begin_reference();
      return pos + 1;
    }
    admit_text();
    return pos;
  }
  return pos;
}

const char* row_scanner::read_reference(const char* pos) {
  const auto progress = reference_.read(*pos);
  if (progress == character_reference::progress::reading) return pos + 1;
  state_ = state::content;
  const std::string_view literal = reference_.literal();
  if (!literal.empty()) {
    append_text(literal);
  } else if (reference_.character() != 0) {
    admit_text();
    if (in_row_) text_.append(reference_.character(), *listener_);
    check_text();
  }
  return progress == character_reference::progress::ended ? pos + 1 : pos;
}

const char* row_scanner::read_markup(const char* pos) {
  const bool after_misplaced_doctype = std::exchange(after_misplaced_doctype_, false);
  if (is_ascii_letter(*pos)) {
    part_ = page_part::content;
    after_misplaced_doctype_ = after_misplaced_doctype;
    state_ = state::start_tag_name;
    name_.reset();
    return pos;
  }
  if (*pos == '!') {
    after_misplaced_doctype_ = after_misplaced_doctype;
    state_ = state::declaration;
    declaration_[0] = '!';
    matched_bytes_ = 1;
    return pos + 1;
  }
  if (*pos == '?') {
    state_ = state::instruction;
    return pos + 1;
  }
  part_ = page_part::content;
  // Directly after a misplaced doctype, libxml2 does not recognise an end tag.
  if (*pos == '/' && !after_misplaced_doctype) {
    state_ = state::end_tag;
    return pos + 1;
  }
  append_less_than();
  return pos;
}

const char* row_scanner::read_declaration(const char* pos) {
  const bool has_dash = matched_bytes_ > 1 && declaration_[1] == '-';
  const bool is_comment = (matched_bytes_ == 1 || has_dash) && *pos == comment_start[matched_bytes_];
  // Directly after a misplaced doctype, libxml2 does not recognise another one.
  const bool is_doctype =
      !has_dash && !after_misplaced_doctype_ && upper(*pos) == doctype_start[matched_bytes_];
  if (!is_comment && !is_doctype) {
    after_misplaced_doctype_ = false;
    part_ = page_part::content;
    append_less_than();
    append_text({declaration_.data(), matched_bytes_});
    return pos;
  }
  declaration_[matched_bytes_++] = *pos;
  if (is_comment && matched_bytes_ == comment_start.size()) {
    after_misplaced_doctype_ = false;
    state_ = state::comment;
    matched_bytes_ = 0;
  } else if (is_doctype && matched_bytes_ == doctype_start.size()) {
    state_ = state::before_tag_end;
    is_end_tag_ = false;
    after_misplaced_doctype_ = part_ != page_part::before_doctype;
    part_ = after_misplaced_doctype_ ? page_part::content : page_part::after_doctype;
  }
  return pos + 1;
}

// A comment ends at "-->" or "--!>". `matched_bytes_` counts the dashes, and is 3 after "--!".
const char* row_scanner::read_comment(const char* pos, const char* end) {
  if (matched_bytes_ == 0) {
    pos = find(pos, end, '-');
    if (pos == end) return pos;
    matched_bytes_ = 1;
    return pos + 1;
  }
  const char c = *pos;
  if (c == '>' && matched_bytes_ >= 2) {
    state_ = state::content;
  } else if (c == '-') {
    matched_bytes_ = matched_bytes_ == 3 ? 1 : 2;
  } else {
    matched_bytes_ = c == '!' && matched_bytes_ == 2 ? 3 : 0;
  }
  return pos + 1;
}

const char* row_scanner::read_to_tag_end(const char* pos, const char* end) {
  pos = find(pos, end, '>');
  if (pos == end) return pos;
  if (is_end_tag_) {
    finish_end_tag();
  } else {
    state_ = state::content;
  }
  return pos + 1;
}

const char* row_scanner::read_start_tag_name(const char* pos, const char* end) {
  pos = name_.read(pos, end);
  if (pos == end && !name_.is_full()) return pos;
  state_ = state::attributes;
  attributes_.begin_tag();
  return pos;
}

const char* row_scanner::read_attributes(const char* pos, const char* end) {
  pos = attributes_.read(pos, end);
  if (attributes_.is_done()) finish_start_tag();
  return pos;
}

const char* row_scanner::read_end_tag(const char* pos) {
  if (html::begins_name(*pos)) {
    name_.reset();
    state_ = state::end_tag_name;
  } else {
    // Without a name, "</" is dropped.
    begin_content();
  }
  return pos;
}

const char* row_scanner::read_end_tag_name(const char* pos, const char* end) {
  pos = name_.read(pos, end);
  if (pos == end && !name_.is_full()) return pos;
  state_ = state::before_tag_end;
  is_end_tag_ = true;
  return pos;
}

// A start tag at the start of the raw text ends it if it closes the script or style.
const char* row_scanner::read_raw_start_name(const char* pos, const char* end) {
  pos = name_.read(pos, end);
  if (pos == end && !name_.is_full()) return pos;
  const html::element opening = html::look_ahead_element(name_.name());
  state_ = html::start_tag_closes(opening, open_.innermost()) ? state::start_tag_name : state::raw;
  return pos;
}

// The name of the end tag need only begin with the element's name: `</scripty>` is an end tag, too, but of
// another element.
const char* row_scanner::read_raw_end_tag(const char* pos) {
  const std::string_view name = open_.innermost() == html::well_known::script ? "script" : "style";
  if (html::lower_name_byte(*pos) != name[matched_bytes_]) {
    state_ = state::raw;
    return pos;
  }
  name_.read(pos, pos + 1);
  if (++matched_bytes_ == name.size()) state_ = state::end_tag_name;
  return pos + 1;
}

void row_scanner::begin_reference() {
  after_misplaced_doctype_ = false;
  reference_.begin();
  state_ = state::reference;
}

void row_scanner::begin_markup() {
  blanks_ = 0;
  state_ = state::markup;
  if (!in_row_) return;
  text_.begin_markup();
  check_text();
}

void row_scanner::begin_content() { state_ = open_.is_raw() ? state::raw_start : state::content; }

void row_scanner::admit_text() {
  after_misplaced_doctype_ = false;
  blanks_ = 0;
  open_.admit_text();
  finish_closed_row();
}

void row_scanner::append_text(std::string_view text) {
  admit_text();
  if (!in_row_) return;
  for (const char c : text) text_.append(static_cast<unsigned char>(c), *listener_);
  check_text();
}

// A `<` that begins no markup is text, but implies no element.
void row_scanner::append_less_than() {
  state_ = state::content;
  if (!in_row_) return;
  text_.append('<', *listener_);
  check_text();
}

void row_scanner::finish_start_tag() {
  const html::tag_name name = name_.name();
  // Directly after a misplaced doctype, libxml2 does not look ahead.
  if (!std::exchange(after_misplaced_doctype_, false)) {
    const html::element look_ahead = html::look_ahead_element(name);
    if (look_ahead != name.id) open_.close_for(look_ahead);
  }
  const bool is_admitted = open_.admit(name);
  finish_closed_row();
  if (problem_ != page_problem::none) return;
  const bool begins_row = is_admitted && attributes_.begins_row();
  if (begins_row && in_row_) return fail(page_problem::nested_row);
  // The row would have no end, because content after </html> still belongs to html.
  if (begins_row && name.id == html::well_known::html) return fail(page_problem::page_as_row);
  if (is_admitted) open_.push(name);
  if (open_.has_overflowed()) return fail(page_problem::too_deep);
  if (begins_row) {
    open_.mark();
    in_row_ = true;
    text_.begin_row();
    listener_->on_row_begin();
  }
  // The "/>" of an ignored tag ends the innermost element.
  if (attributes_.is_self_closing() || (is_admitted && html::rules_of(name.id).is_void)) {
    open_.pop();
    finish_closed_row();
  }
  begin_content();
}

void row_scanner::finish_end_tag() {
  const html::tag_name name = name_.name();
  if (name.id == html::well_known::html) saw_end_ = true;
  open_.end(name);
  finish_closed_row();
  begin_content();
}

void row_scanner::finish_closed_row() {
  if (!in_row_ || open_.has_mark()) return;
  in_row_ = false;
  text_.end_row(*listener_);
  check_text();
}

void row_scanner::check_text() {
  using text_error = word_collector::text_error;
  if (text_.error() == text_error::none) return;
  fail(text_.error() == text_error::overlong_word ? page_problem::overlong_word : page_problem::invalid_text);
}

}  // namespace farebench
