#include "scrape/row_scanner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace farebench {
namespace {

using html::character_reference;
using html::element_name;
using html::element_of;
using html::is_ascii_letter;
using html::is_blank;
using html::lower;
using html::traits;

/// Returns the first `c`, or `end`.
const char* find(const char* pos, const char* end, char c) {
  // Fast path for the `>` of an end tag.
  if (pos != end && *pos == c) return pos;
  const void* const found = std::memchr(pos, c, static_cast<std::size_t>(end - pos));
  return found == nullptr ? end : static_cast<const char*>(found);
}

constexpr bool is_one_of(element_name name, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names, [name](std::string_view other) { return element_of(other) == name; });
}

/// Returns the number of a name in `names` from 1, or 0.
template <std::size_t count>
constexpr std::uint8_t index_of(element_name name, const std::array<std::string_view, count>& names) {
  const auto* const found = std::ranges::find(names, name, element_of);
  return found == names.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(found - names.begin() + 1);
}
constexpr std::array<std::string_view, 3> cells = {"caption", "td", "th"};
constexpr std::uint8_t caption_cell = 1;
constexpr std::array<std::string_view, 3> sections = {"tbody", "thead", "tfoot"};
constexpr std::uint8_t body_section = 1;
constexpr traits is_in_table = html::is_table_part | html::is_table_structure;

bool has_html_content(element_name svg_element) {
  return svg_element == element_of("title") || svg_element == element_of("desc") ||
         svg_element == element_of("foreignobject");
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
    case state::end_tag:
      if (is_ascii_letter(*pos)) {
        begin_name(true);
        return pos;
      }
      state_ = *pos == '>' ? state::content : state::bogus_comment;
      return *pos == '>' ? pos + 1 : pos;
    case state::declaration:
      // CDATA in svg or math may hold a `>`.
      if (*pos == '[' && depth_ > 0 && is_foreign(depth_ - 1U)) fail(page_problem::unbalanced);
      state_ = *pos == '-' ? state::declaration_dash : state::bogus_comment;
      return *pos == '-' ? pos + 1 : pos;
    case state::declaration_dash:
      state_ = *pos == '-' ? state::comment : state::bogus_comment;
      comment_end_ = comment_end::start;
      return *pos == '-' ? pos + 1 : pos;
    case state::comment:
      return read_comment(pos, end);
    case state::bogus_comment:
      pos = find(pos, end, '>');
      if (pos == end) return pos;
      state_ = state::content;
      return pos + 1;
    case state::tag_name:
      return read_tag_name(pos, end);
    case state::attributes:
      return read_attributes(pos, end);
    case state::raw:
      return read_raw(pos, end);
    case state::raw_markup:
      return read_raw_markup(pos);
    case state::raw_declaration:
    case state::raw_declaration_dash: {
      const bool is_last = state_ == state::raw_declaration_dash;
      if (*pos != '-') {
        state_ = state::raw;
        return pos;
      }
      state_ = is_last ? state::raw : state::raw_declaration_dash;
      if (is_last) script_part_ = script_part::comment;
      matched_bytes_ = 2;
      return pos + 1;
    }
    case state::raw_name:
      return read_raw_name(pos);
  }
  return end;
}

const char* row_scanner::read_content(const char* pos, const char* end) {
  if (line_end_ != 0 && *pos != '&') {
    const bool is_skipped = *pos == '\n' || (*pos == '\r' && line_end_ == 1);
    line_end_ = *pos == '\r' && line_end_ == 1 ? 2 : 0;
    if (is_skipped) return pos + 1;
  }
  switch (text_use_) {
    case text_use::skip:
      // References are skipped, too.
      pos = find(pos, end, '<');
      break;
    case text_use::words:
      pos = text_.read(pos, end, *listener_);
      check_text();
      break;
    case text_use::blanks_only:
      if (is_blank(*pos)) text_.read(pos, pos + 1, *listener_);
      while (pos != end && is_blank(*pos)) ++pos;
      if (pos != end && *pos != '<') fail(page_problem::unbalanced);
      break;
  }
  if (pos == end || problem_ != page_problem::none) return pos;
  if (*pos == '&') {
    reference_.begin(false);
    state_ = state::reference;
    return pos + 1;
  }
  state_ = state::markup;
  if (in_row_) {
    text_.begin_markup();
    check_text();
  }
  return read_tag(pos + 1, end);
}

// Reads a tag as far as the chunk has it. Equals several calls of `step`, without dispatching on the state
// for each part of the tag.
const char* row_scanner::read_tag(const char* pos, const char* end) {
  if (pos == end || problem_ != page_problem::none) return pos;
  pos = read_markup(pos);
  if (state_ == state::end_tag && pos != end && is_ascii_letter(*pos)) begin_name(true);
  if (state_ == state::tag_name) pos = read_tag_name(pos, end);
  if (state_ == state::attributes) pos = read_attributes(pos, end);
  return pos;
}

const char* row_scanner::read_reference(const char* pos) {
  const auto progress = reference_.read(*pos);
  if (progress == character_reference::progress::reading) return pos + 1;
  state_ = state::content;
  const bool is_line_end =
      std::exchange(line_end_, std::uint8_t{0}) == 1 && reference_.characters()[0] == '\n';
  for (const char32_t c : reference_.characters())
    if (c != 0 && !is_line_end) append_text(c);
  for (const char c : reference_.literal()) append_text(static_cast<unsigned char>(c));
  return progress == character_reference::progress::ended ? pos + 1 : pos;
}

const char* row_scanner::read_markup(const char* pos) {
  switch (*pos) {
    case '/':
      state_ = state::end_tag;
      return pos + 1;
    case '!':
      state_ = state::declaration;
      return pos + 1;
    case '?':
      state_ = state::bogus_comment;
      return pos + 1;
    default:
      if (is_ascii_letter(*pos)) {
        begin_name(false);
      } else {
        state_ = state::content;
        append_text('<');
      }
      return pos;
  }
}

const char* row_scanner::read_comment(const char* pos, const char* end) {
  if (comment_end_ == comment_end::none) {
    pos = find(pos, end, '-');
    if (pos == end) return pos;
    comment_end_ = comment_end::dash;
    return pos + 1;
  }
  const char c = *pos;
  const comment_end before = comment_end_;
  if (c == '>' && before != comment_end::dash) {
    state_ = state::content;
  } else if (c == '-') {
    comment_end_ = before == comment_end::start  ? comment_end::start_dash
                   : before == comment_end::bang ? comment_end::dash
                                                 : comment_end::dashes;
  } else {
    comment_end_ = c == '!' && before == comment_end::dashes ? comment_end::bang : comment_end::none;
  }
  return pos + 1;
}

void row_scanner::begin_name(bool is_end_tag) {
  is_end_tag_ = is_end_tag;
  hash_ = 0;
  state_ = state::tag_name;
}

const char* row_scanner::read_tag_name(const char* pos, const char* end) {
  std::uint64_t hash = hash_;
  for (; pos != end && !is_blank(*pos) && *pos != '>' && *pos != '/'; ++pos)
    hash = html::append_to_hash(hash, *pos);
  hash_ = hash;
  if (pos == end) return pos;
  attributes_.begin_tag(is_end_tag_);
  state_ = state::attributes;
  return pos;
}

const char* row_scanner::read_attributes(const char* pos, const char* end) {
  pos = attributes_.read(pos, end);
  if (attributes_.is_done()) finish_tag();
  return pos;
}

void row_scanner::begin_raw(element_name name) {
  constexpr std::array<std::string_view, 8> names = {"script", "style",  "textarea", "title",
                                                     "xmp",    "iframe", "noembed",  "noframes"};
  raw_name_ = *std::ranges::find(names, name, element_of);
  script_part_ = script_part::code;
  matched_bytes_ = 0;
  in_raw_ = true;
  state_ = state::raw;
}

const char* row_scanner::read_raw(const char* pos, const char* end) {
  if (script_part_ == script_part::code) {
    pos = find(pos, end, '<');
  } else {
    for (; pos != end && *pos != '<'; ++pos) {
      if (*pos == '>' && matched_bytes_ == 2) {
        script_part_ = script_part::code;
        return pos + 1;
      }
      matched_bytes_ = *pos == '-' ? static_cast<std::uint8_t>(std::min(matched_bytes_ + 1, 2)) : 0;
    }
  }
  if (pos == end) return pos;
  state_ = state::raw_markup;
  return pos + 1;
}

const char* row_scanner::read_raw_markup(const char* pos) {
  matched_bytes_ = 0;
  is_end_tag_ = *pos == '/';
  if (is_end_tag_ || (script_part_ == script_part::comment && is_ascii_letter(*pos))) {
    state_ = state::raw_name;
  } else {
    const bool is_declaration = *pos == '!' && raw_name_ == "script" && script_part_ == script_part::code;
    state_ = is_declaration ? state::raw_declaration : state::raw;
    return is_declaration ? pos + 1 : pos;
  }
  return is_end_tag_ ? pos + 1 : pos;
}

const char* row_scanner::read_raw_name(const char* pos) {
  if (matched_bytes_ < raw_name_.size() && lower(*pos) == raw_name_[matched_bytes_]) {
    ++matched_bytes_;
    return pos + 1;
  }
  const bool is_name = matched_bytes_ == raw_name_.size() && (is_blank(*pos) || *pos == '>' || *pos == '/');
  matched_bytes_ = 0;
  state_ = state::raw;
  if (!is_name) return pos;
  if (script_part_ == script_part::script_in_comment) {
    script_part_ = script_part::comment;
    return pos + 1;
  }
  if (!is_end_tag_) {
    script_part_ = script_part::script_in_comment;
    return pos + 1;
  }
  attributes_.begin_tag(true);
  state_ = state::attributes;
  return pos;
}

void row_scanner::append_text(char32_t c) {
  line_end_ = 0;
  if (text_use_ == text_use::skip) return;
  if (text_use_ == text_use::blanks_only) return fail(page_problem::unbalanced);
  text_.append(c, *listener_);
  check_text();
}

void row_scanner::finish_tag() {
  state_ = state::content;
  line_end_ = 0;
  if (std::exchange(in_raw_, false)) {
    // A row may be such an element.
    if (in_row_ && name_at(depth_ - 1U) == element_of(raw_name_)) pop();
    return;
  }
  const element_name name = html::element_of_hash(hash_);
  const traits traits = html::traits_of(name);
  if (!is_end_tag_) return finish_start_tag(name, traits);
  if (depth_ > 0) return end_in_region(name, traits);
  end_on_page(name, traits);
}

void row_scanner::finish_start_tag(element_name name, traits traits) {
  if (depth_ > 0) return admit_to_region(name, traits);
  if (attributes_.begins_row()) return begin_row(name, traits);
  admit_to_page(name, traits);
  if ((traits & html::is_raw) != 0 && problem_ == page_problem::none) begin_raw(name);
}

void row_scanner::begin_row(element_name name, traits traits) {
  const bool is_table_part = (traits & html::is_table_part) != 0;
  if (name == element_of("html") || name == element_of("body")) return fail(page_problem::page_as_row);
  const bool is_placed =
      !is_in_select_ && templates_ == 0 && (traits & html::is_refused) == 0 &&
      (is_table_part ? tables_ > 0 : is_in_cell()) &&
      !is_one_of(name, {"svg", "noscript", "rb", "rp", "rt", "rtc", "col", "colgroup", "keygen"}) &&
      !(name == element_of("form") && is_form_open_);
  if (!is_placed) return fail(page_problem::misplaced_row);
  if (is_table_part) {
    admit_to_table(name);
  } else if ((traits & html::is_block) != 0 && (outer_ & outer_button) == 0) {
    outer_ &= static_cast<std::uint8_t>(~outer_p);
  }
  if (name == element_of("form")) is_form_open_ = true;
  in_row_ = true;
  text_.begin_row();
  listener_->on_row_begin();
  push(name, false);
  if ((traits & html::is_void) != 0) return pop();
  if ((traits & html::is_raw) != 0) begin_raw(name);
}

void row_scanner::admit_to_page(element_name name, traits traits) {
  constexpr html::traits watched = html::is_context | html::is_block | is_in_table;
  // Fast path.
  if ((traits & watched) == 0 && !is_in_select_ && is_in_cell()) return;
  if (name == element_of("svg") || name == element_of("math")) {
    if (is_in_select_) return fail(page_problem::unbalanced);
    if (!attributes_.is_self_closing()) push(name, true);
    return;
  }
  if (is_in_select_) {
    if (is_one_of(name, {"select", "input", "keygen", "textarea"})) {
      is_in_select_ = false;
      if (name == element_of("select")) return;
    } else if ((traits & is_in_table) != 0 ||
               ((traits & html::is_raw) != 0 && name != element_of("script")) ||
               name == element_of("template")) {
      return fail(page_problem::unbalanced);
    }
  }
  if (name == element_of("frameset") || name == element_of("plaintext"))
    return fail(page_problem::unbalanced);
  if (name == element_of("select")) is_in_select_ = true;
  if (name == element_of("template")) ++templates_;
  if (templates_ > 0) {
    // In a template, other elements after col are ignored.
    if (name == element_of("col")) fail(page_problem::unbalanced);
    return;
  }
  if ((traits & is_in_table) != 0) return admit_to_table(name);
  if ((traits & html::is_block) != 0 && (outer_ & outer_button) == 0) {
    outer_ &= static_cast<std::uint8_t>(~outer_p);
  }
  if (name == element_of("p")) outer_ |= outer_p;
  if ((traits & html::is_context) != 0) {
    if (name == element_of("a") || name == element_of("nobr")) outer_ |= outer_a;
    if (name == element_of("form")) is_form_open_ = true;
    if ((traits & html::is_barrier) != 0 && outer_ != 0 && name != element_of("button"))
      outer_ |= outer_unknown;
    if (name == element_of("button")) outer_ |= outer_button;
  }
  // An element directly in a table is moved before it, and may be open after it.
  if (tables_ > 0 && !is_in_cell()) open_tables_[tables_ - 1U].outer |= outer_unknown;
}

void row_scanner::admit_to_table(element_name name) {
  if (name == element_of("table")) {
    // A table directly in a table closes it.
    if (!is_in_cell()) end_in_table(name);
    if (tables_ == max_tables) return fail(page_problem::too_deep);
    open_tables_[tables_++] = {0, 0, std::exchange(outer_, std::uint8_t{0})};
    return;
  }
  if (tables_ == 0) return;
  open_table& table = open_tables_[tables_ - 1U];
  table.cell = index_of(name, cells);
  if (table.cell != 0) outer_ = 0;
  const bool is_row = name == element_of("tr") || table.cell > caption_cell;
  if (!is_row) table.section = index_of(name, sections);
  if (is_row && table.section == 0) table.section = body_section;
}

void row_scanner::end_on_page(element_name name, traits traits) {
  if ((traits & (html::is_context | is_in_table)) == 0) return;
  if (name == element_of("html")) saw_end_ = true;
  if (name == element_of("template") && templates_ > 0) {
    --templates_;
    is_in_select_ = false;
    return;
  }
  if (name == element_of("select")) is_in_select_ = false;
  if (is_in_select_ && (traits & is_in_table) != 0 && tables_ > 0) {
    return fail(page_problem::unbalanced);
  }
  if (is_in_select_ || templates_ > 0) return;
  if ((traits & is_in_table) != 0) return end_in_table(name);
  if (name == element_of("a")) outer_ &= static_cast<std::uint8_t>(~outer_a);
  if (name == element_of("button")) outer_ &= static_cast<std::uint8_t>(~outer_button);
  if (name == element_of("p") && (outer_ & outer_button) == 0) outer_ &= static_cast<std::uint8_t>(~outer_p);
  if (name == element_of("form")) is_form_open_ = false;
}

void row_scanner::end_in_table(element_name name) {
  if (tables_ == 0) return;
  open_table& table = open_tables_[tables_ - 1U];
  const bool is_caption_open = table.cell == caption_cell;
  if (name == element_of("table")) {
    outer_ = table.outer;
    --tables_;
  } else if (table.cell != 0 &&
             (index_of(name, cells) == table.cell || (name == element_of("tr") && !is_caption_open))) {
    table.cell = 0;
  } else if (table.section != 0 && index_of(name, sections) == table.section && !is_caption_open) {
    table.cell = 0;
    table.section = 0;
  }
}

void row_scanner::admit_to_region(element_name name, traits traits) {
  if (is_in_foreign_content()) {
    const bool is_math = name_at(0) == element_of("math");
    const bool may_hold_html =
        is_math && is_one_of(name_at(depth_ - 1U), {"mi", "mo", "mn", "ms", "mtext", "annotation-xml"});
    if ((traits & html::leaves_svg) != 0 || may_hold_html) return fail(page_problem::unbalanced);
    if (attributes_.begins_row()) return fail(page_problem::misplaced_row);
    if (!attributes_.is_self_closing()) push(name, true);
    return;
  }
  if (!fits_region(name, traits)) return fail(page_problem::unbalanced);
  if (attributes_.begins_row()) return fail(in_row_ ? page_problem::nested_row : page_problem::misplaced_row);
  if (name == element_of("svg")) {
    if (!attributes_.is_self_closing()) push(name, true);
    return;
  }
  if (name == element_of("form")) is_form_open_ = true;
  if ((traits & html::is_raw) != 0) return begin_raw(name);
  if ((traits & html::is_void) != 0) return;
  if ((traits & html::is_formatting) != 0 && (html::traits_of(name_at(0)) & html::is_block) != 0) return;
  push(name, false);
  if (name == element_of("pre") || name == element_of("listing")) line_end_ = 1;
}

bool row_scanner::fits_region(element_name name, traits traits) const {
  const element_name parent = name_at(depth_ - 1U);
  const html::traits parent_traits = is_foreign(depth_ - 1U) ? html::traits{0} : html::traits_of(parent);
  constexpr html::traits watched = html::is_context | html::is_refused | html::closes_p | html::is_table_part;
  // Fast path.
  if (((traits & watched) | (parent_traits & html::is_table_structure)) == 0) return true;
  if ((traits & html::is_refused) != 0 || is_one_of(name, {"rb", "rtc"})) return false;
  if ((parent_traits & html::is_table_structure) != 0) {
    if (name == element_of("script") || name == element_of("style")) return true;
    if (parent == element_of("table"))
      return index_of(name, sections) != 0 || is_one_of(name, {"caption", "colgroup", "tr"});
    if (parent == element_of("tr")) return index_of(name, cells) > caption_cell;
    return parent == element_of("colgroup") ? name == element_of("col") : name == element_of("tr");
  }
  if ((traits & html::is_table_part) != 0) return false;
  if (name == element_of("li")) return is_one_of(parent, {"ul", "ol", "menu", "dir"});
  if (name == element_of("dt") || name == element_of("dd")) return parent == element_of("dl");
  if (name == element_of("rp") || name == element_of("rt")) return parent == element_of("ruby");
  if ((traits & html::is_heading) != 0 && (parent_traits & html::is_heading) != 0) return false;
  if (name == element_of("form")) return !is_form_open_;
  if (name == element_of("a") || name == element_of("button")) return !is_open(name, 0);
  return (traits & html::closes_p) == 0 || !is_open(element_of("p"), html::closes_p);
}

bool row_scanner::is_open(element_name name, traits traits) const {
  for (std::size_t i = depth_; i-- > 0;) {
    const html::traits at = is_foreign(i) ? html::traits{0} : html::traits_of(name_at(i));
    if (!is_foreign(i) && name_at(i) == name) return true;
    if ((at & html::is_barrier) != 0 && (traits != 0 || name_at(i) != element_of("button"))) return false;
  }
  const bool is_block = !is_foreign(0) && (html::traits_of(name_at(0)) & html::is_block) != 0;
  const std::uint8_t around = name == element_of("a")   ? outer_a
                              : name == element_of("p") ? outer_p
                                                        : outer_button;
  // A block closes an outer p, and an outer a that closes does not close the block.
  if (is_block && name != element_of("button")) return false;
  return (outer_ & (around | outer_unknown)) != 0;
}

void row_scanner::end_in_region(element_name name, traits traits) {
  if (is_foreign(depth_ - 1U)) {
    while (depth_ > 0 && is_foreign(depth_ - 1U) && name_at(depth_ - 1U) != name) --depth_;
    if (depth_ == 0 || !is_foreign(depth_ - 1U)) return fail(page_problem::unbalanced);
    return pop();
  }
  if (name_at(depth_ - 1U) != name) {
    const bool is_in_structure = (html::traits_of(name_at(depth_ - 1U)) & html::is_table_structure) != 0;
    const bool is_ignored = !is_in_structure && (traits & html::is_formatting) != 0 &&
                            (html::traits_of(name_at(0)) & html::is_block) != 0;
    return is_ignored ? void() : fail(page_problem::unbalanced);
  }
  if (name == element_of("form")) is_form_open_ = false;
  pop();
}

void row_scanner::push(element_name name, bool is_foreign) {
  if (depth_ == max_depth) return fail(page_problem::too_deep);
  open_[depth_++] = name | (is_foreign ? 1U : 0U);
  choose_text_use();
}

void row_scanner::pop() {
  const element_name name = name_at(--depth_);
  choose_text_use();
  if (depth_ > 0 || !in_row_) return;
  in_row_ = false;
  end_in_table(name);
  text_.end_row(*listener_);
  check_text();
}

void row_scanner::choose_text_use() {
  text_use_ = text_use::skip;
  if (!in_row_ || depth_ == 0) return;
  for (std::size_t i = 0; i < depth_; ++i)
    if (is_foreign(i)) return;
  const bool is_structure = (html::traits_of(name_at(depth_ - 1U)) & html::is_table_structure) != 0;
  text_use_ = is_structure ? text_use::blanks_only : text_use::words;
}

bool row_scanner::is_in_foreign_content() const {
  if (!is_foreign(depth_ - 1U)) return false;
  return name_at(0) == element_of("math") || !has_html_content(name_at(depth_ - 1U));
}

void row_scanner::check_text() {
  using text_error = word_collector::text_error;
  if (text_.error() == text_error::none) return;
  fail(text_.error() == text_error::overlong_word ? page_problem::overlong_word : page_problem::invalid_text);
}

}  // namespace farebench
