#include "scrape/html_elements.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>

namespace farebench::html {
namespace {

// HTML 4's elements, and HTML 5's so that they need no room for their names when open.
// An element's number is its place here, plus one.
constexpr std::array names = std::to_array<std::string_view>({
    "a",        "abbr",     "acronym",  "address",  "applet",  "area",     "article",    "aside",
    "audio",    "b",        "base",     "basefont", "bdo",     "big",      "blockquote", "body",
    "br",       "button",   "canvas",   "caption",  "center",  "cite",     "code",       "col",
    "colgroup", "data",     "datalist", "dd",       "del",     "details",  "dfn",        "dialog",
    "dir",      "div",      "dl",       "dt",       "em",      "embed",    "fieldset",   "figcaption",
    "figure",   "font",     "footer",   "form",     "frame",   "frameset", "h1",         "h2",
    "h3",       "h4",       "h5",       "h6",       "head",    "header",   "hgroup",     "hr",
    "html",     "i",        "iframe",   "img",      "input",   "ins",      "isindex",    "kbd",
    "label",    "legend",   "li",       "link",     "listing", "main",     "map",        "mark",
    "math",     "menu",     "meta",     "meter",    "nav",     "noframes", "noscript",   "object",
    "ol",       "optgroup", "option",   "output",   "p",       "param",    "picture",    "pre",
    "progress", "q",        "rp",       "rt",       "ruby",    "s",        "samp",       "script",
    "section",  "select",   "small",    "source",   "span",    "strike",   "strong",     "style",
    "sub",      "summary",  "sup",      "svg",      "table",   "tbody",    "td",         "template",
    "textarea", "tfoot",    "th",       "thead",    "time",    "title",    "tr",         "track",
    "tt",       "u",        "ul",       "var",      "video",   "wbr",      "xmp",
});

static_assert(names.size() < 255, "an element's number is one byte");

constexpr std::uint64_t number_of(std::string_view name) {
  std::uint64_t number = 0;
  for (const char c : name) number = append_to_number(number, c);
  return number;
}

// By element; 0, which is no name's, for the unknown one.
constexpr auto numbers = [] {
  std::array<std::uint64_t, names.size() + 1> table{};
  for (std::size_t i = 0; i < names.size(); ++i) table[i + 1] = number_of(names[i]);
  return table;
}();

constexpr int slot_bits = 10;

// The factor was found by trial: it gives every name above a slot of its own.
constexpr std::size_t slot_of(std::uint64_t number) {
  return number * 0xC778C7DE815FC059 >> (64 - slot_bits);
}

constexpr auto element_by_slot = [] {
  std::array<std::uint8_t, std::size_t{1} << slot_bits> table{};
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    auto& slot = table[slot_of(numbers[i])];
    if (slot != 0 || names[i - 1].size() > longest_element_name) throw "two names have one slot";
    slot = static_cast<std::uint8_t>(i);
  }
  return table;
}();

constexpr element find(std::uint64_t number) {
  const std::uint8_t candidate = element_by_slot[slot_of(number)];
  return numbers[candidate] == number ? element{candidate} : element::unknown;
}
constexpr element find(std::string_view name) {
  return name.size() > longest_element_name ? element::unknown : find(number_of(name));
}

constexpr std::size_t index(element e) { return static_cast<std::size_t>(e); }

struct closing_rule {
  std::string_view open;
  std::string_view openings;  // separated by single spaces
};

// "Start tags that imply the end of the current element", as libxml2 2.9.14 has them.
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

constexpr std::size_t element_count = names.size() + 1;
using element_set = std::array<std::uint64_t, (element_count + 63) / 64>;

constexpr void insert(element_set& set, element e) {
  set[index(e) / 64] |= std::uint64_t{1} << (index(e) % 64);
}
constexpr bool contains(const element_set& set, element e) {
  return (set[index(e) / 64] >> (index(e) % 64) & 1U) != 0;
}

// closed_by[open] holds the start tags that close `open`.
constexpr auto closed_by = [] {
  std::array<element_set, element_count> table{};
  for (const auto& rule : closing_rules) {
    std::string_view rest = rule.openings;
    while (!rest.empty()) {
      const auto length = rest.find(' ') == std::string_view::npos ? rest.size() : rest.find(' ');
      const element opening = find(rest.substr(0, length));
      if (opening == element::unknown) throw "a rule names an element that is not in the table";
      insert(table[index(find(rule.open))], opening);
      rest.remove_prefix(length == rest.size() ? length : length + 1);
    }
  }
  return table;
}();

constexpr auto void_elements = [] {
  element_set set{};
  for (const std::string_view name : {"area", "base", "basefont", "br", "col", "frame", "hr", "img", "input",
                                      "isindex", "link", "meta", "param"}) {
    insert(set, find(name));
  }
  return set;
}();

constexpr auto priorities = [] {
  std::array<std::uint8_t, element_count> table{};
  table.fill(100);
  const auto set = [&](std::string_view name, std::uint8_t priority) { table[index(find(name))] = priority; };
  set("div", 150);
  set("td", 160);
  set("th", 160);
  set("tr", 170);
  set("thead", 180);
  set("tbody", 180);
  set("tfoot", 180);
  set("table", 190);
  set("head", 200);
  set("body", 200);
  set("html", 220);
  return table;
}();

}  // namespace

element find_element(std::string_view name) { return find(name); }
element find_element(std::uint64_t number) { return find(number); }
bool start_closes(element opening, element open) { return contains(closed_by[index(open)], opening); }
int end_priority(element of) { return priorities[index(of)]; }
bool is_void(element of) { return contains(void_elements, of); }

constexpr element well_known::html = find("html");
constexpr element well_known::head = find("head");
constexpr element well_known::body = find("body");
constexpr element well_known::p = find("p");
constexpr element well_known::script = find("script");
constexpr element well_known::style = find("style");
constexpr element well_known::title = find("title");
constexpr element well_known::meta = find("meta");
constexpr element well_known::link = find("link");
constexpr element well_known::base = find("base");
constexpr element well_known::noframes = find("noframes");
constexpr element well_known::frame = find("frame");
constexpr element well_known::frameset = find("frameset");

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
