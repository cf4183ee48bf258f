#include <algorithm>
#include <charconv>
#include <optional>

#include "farebench/resident_memory.hpp"

namespace farebench {

namespace {

/// The number that the text starts with, cut off it together with the blank behind.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.begin(), text.end(), number);
  if (error != std::errc{} || rest == text.end() || (*rest != ' ' && *rest != '\n')) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.begin()) + 1);
  return number;
}

}  // namespace

std::expected<resident_memory, memory_error> parse_statm(std::string_view text, std::uint64_t page_bytes) {
  const auto size = take_number(text);
  const auto resident = take_number(text);
  const auto shared = take_number(text);
  if (!size || !resident || !shared || *resident > UINT64_MAX / page_bytes)
    return std::unexpected(memory_error::malformed);
  if (*size == 0) return std::unexpected(memory_error::no_memory);
  // The two are counted one after the other, and a page may come between.
  return resident_memory{.rss_bytes = *resident * page_bytes,
                         .anon_bytes = (*resident - std::min(*resident, *shared)) * page_bytes};
}

}  // namespace farebench
