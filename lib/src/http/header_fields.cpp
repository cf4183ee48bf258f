#include "http/header_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <system_error>
#include <utility>

#include "http/cookie_date.hpp"
#include "http/text.hpp"

namespace farebench {
namespace {

constexpr std::string_view blanks = " \t";

constexpr std::array<std::pair<std::string_view, field_name>, 7> interpreted_fields{{
    {"connection", field_name::connection},
    {"content-encoding", field_name::content_encoding},
    {"content-length", field_name::content_length},
    {"location", field_name::location},
    {"retry-after", field_name::retry_after},
    {"set-cookie", field_name::set_cookie},
    {"transfer-encoding", field_name::transfer_encoding},
}};

field_name name_of_field(std::string_view text) {
  for (const auto& [text_of_name, name] : interpreted_fields)
    if (equals_ignoring_case(text, text_of_name)) return name;
  return field_name::other;
}

bool delimits_body(field_name name) {
  return name == field_name::content_length || name == field_name::transfer_encoding;
}

/// Removes the first element of a comma-separated list and returns it.
std::string_view extract_element(std::string_view& list) {
  const auto element = text_before(list, ",");
  list.remove_prefix(std::min(element.size() + 1, list.size()));
  return trim(element);
}

/// Returns true if each element of a list is empty or one of `lower_case_names`.
bool contains_only(std::string_view list, std::initializer_list<std::string_view> lower_case_names) {
  while (!list.empty()) {
    const auto element = extract_element(list);
    if (!element.empty() && std::ranges::none_of(lower_case_names, [&](std::string_view name) {
          return equals_ignoring_case(element, name);
        }))
      return false;
  }
  return true;
}

}  // namespace

void header_field::clear() {
  name_ = field_name::other;
  is_ambiguous_ = false;
  // Unlike clear(), frees the memory: every worker that waits for a body would keep it.
  std::string{}.swap(value_);
}

void header_field::begin(std::string_view line) {
  clear();
  const auto text = text_before(line, ":");
  const auto last = text.find_last_not_of(blanks);
  is_ambiguous_ = last + 1 != text.size();
  name_ = text.size() == line.size() ? field_name::other : name_of_field(text.substr(0, last + 1));
  if (is_ambiguous_ && !delimits_body(name_)) name_ = field_name::other;
  if (name_ != field_name::other) value_ = trim(line.substr(text.size() + 1));
}

bool header_field::extend(std::string_view line) {
  if (!line.starts_with(' ') && !line.starts_with('\t')) return false;
  const auto text = trim(line);
  if (name_ == field_name::other || text.empty()) return true;
  is_ambiguous_ = true;
  if (!value_.empty()) value_ += ' ';
  value_ += text;
  return true;
}

int parse_status_line(std::string_view line) {
  constexpr std::string_view version = "HTTP/1.";
  constexpr int min_status = 100;
  if (!line.starts_with(version)) return 0;
  const auto rest = line.substr(version.size());
  if (rest.size() < 2 || (rest[0] != '0' && rest[0] != '1') || !blanks.contains(rest[1])) return 0;
  const auto text = text_before(trim(rest.substr(1)), blanks);
  if (text.size() != 3) return 0;
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  return is_number && status >= min_status ? status : 0;
}

bool list_contains(std::string_view list, std::string_view lower_case_name) {
  while (!list.empty())
    if (equals_ignoring_case(extract_element(list), lower_case_name)) return true;
  return false;
}

bool is_identity_coding(std::string_view codings) { return contains_only(codings, {"identity"}); }

bool is_known_content_coding(std::string_view codings) {
  return contains_only(codings, {"identity", "gzip", "x-gzip", "deflate", "br", "zstd"});
}

std::optional<std::size_t> count_gzip_codings(std::string_view codings) {
  std::size_t count = 0;
  while (!codings.empty()) {
    const auto coding = extract_element(codings);
    if (is_identity_coding(coding)) continue;
    if (!contains_only(coding, {"gzip", "x-gzip"})) return std::nullopt;
    ++count;
  }
  return count;
}

bool is_known_transfer_coding(std::string_view codings) {
  bool is_chunked = false;
  while (!codings.empty()) {
    const auto coding = extract_element(codings);
    if (coding.empty()) continue;
    if (is_chunked) return false;
    is_chunked = equals_ignoring_case(coding, "chunked");
    if (!is_chunked && !equals_ignoring_case(coding, "identity")) return false;
  }
  return true;
}

fetch_error::retry_after_seconds parse_retry_after(std::string_view value,
                                                   std::chrono::system_clock::time_point now) {
  using seconds = fetch_error::retry_after_seconds;
  if (value.empty()) return seconds::zero();
  if (value.find_first_not_of("0123456789") == value.npos) {
    seconds::rep count = 0;
    const auto error = std::from_chars(value.data(), value.data() + value.size(), count).ec;
    return error == std::errc::result_out_of_range ? seconds::max() : seconds{count};
  }
  const auto date = parse_cookie_date(value);
  if (!date) return seconds::zero();
  const auto delay = (*date - std::chrono::floor<std::chrono::seconds>(now)).count();
  return seconds{static_cast<seconds::rep>(std::clamp<std::int64_t>(delay, 0, seconds::max().count()))};
}

}  // namespace farebench
