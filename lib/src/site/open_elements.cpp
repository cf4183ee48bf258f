#include "site/open_elements.hpp"

#include <algorithm>

namespace farebench::html {
namespace {

bool belongs_in_head(element e) {
  return e == well_known::script || e == well_known::style || e == well_known::meta ||
         e == well_known::link || e == well_known::title || e == well_known::base;
}

bool belongs_outside_body(element e) {
  return e == well_known::noframes || e == well_known::frame || e == well_known::frameset;
}

}  // namespace

bool open_elements::admit(const tag_name& name) {
  close_for(name.id);
  imply(name);
  const bool dropped = (name.id == well_known::html && size_ > 0) ||
                       (name.id == well_known::head && size_ != 1) ||
                       (name.id == well_known::body && holds(well_known::body));
  if (dropped) ++dropped_;
  return !dropped;
}

void open_elements::push(const tag_name& name) {
  const bool unknown = name.id == element::unknown;
  if (size_ == max_depth || (unknown && names_size_ + name.text.size() + 1 > max_unknown_bytes)) {
    overflowed_ = true;
    return;
  }
  if (name.id == well_known::head) had_head_ = true;
  if (name.id == well_known::body) had_head_ = had_body_ = true;
  stack_[size_++] = name.id;
  if (!unknown) return;
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
  if (size_ < mark_) mark_ = 0;
}

void open_elements::end(const tag_name& name) {
  if (dropped_ > 0 &&
      (name.id == well_known::html || name.id == well_known::body || name.id == well_known::head)) {
    --dropped_;
    return;
  }
  const int priority = end_priority(name.id);
  std::size_t names_end = names_size_;
  for (std::size_t i = size_; i-- > 0;) {
    bool same = stack_[i] == name.id;
    if (stack_[i] == element::unknown) {
      const std::string_view open = unknown_name(names_end);
      names_end -= open.size() + 1;
      same = same && open == name.text;
    }
    if (same) {
      while (size_ > i) pop();
      return;
    }
    if (end_priority(stack_[i]) > priority) return;
  }
}

void open_elements::close_for(element opening) {
  while (size_ > 0 && start_closes(opening, innermost())) pop();
}

void open_elements::text() {
  if (!text_implies()) return;
  const tag_name paragraph{"p", well_known::p};
  close_for(paragraph.id);
  imply(paragraph);
  push(paragraph);
}

void open_elements::imply(const tag_name& name) {
  if (had_body_ && size_ != 0) return;  // nor a head, which a body ends
  if (name.id == well_known::html) return;
  if (size_ == 0) push({"html", well_known::html});
  if (name.id == well_known::body || name.id == well_known::head) return;
  if (size_ <= 1 && belongs_in_head(name.id)) {
    if (!had_head_) push({"head", well_known::head});
  } else if (!belongs_outside_body(name.id) && !had_body_ && !holds(well_known::body) &&
             !holds(well_known::head)) {
    push({"body", well_known::body});
  }
}

bool open_elements::holds(element e) const {
  return std::find(stack_.begin(), stack_.begin() + size_, e) != stack_.begin() + size_;
}

std::string_view open_elements::unknown_name(std::size_t names_end) const {
  const std::size_t length = static_cast<unsigned char>(names_[names_end - 1]);
  return {names_.data() + names_end - 1 - length, length};
}

}  // namespace farebench::html
