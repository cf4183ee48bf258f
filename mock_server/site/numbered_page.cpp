#include "mock_server/site/numbered_page.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <system_error>

#include "mock_server/site/random_stream.hpp"
#include "mock_server/site/timetable.hpp"

namespace farebench {
namespace {

constexpr std::uint32_t block_bytes = 64 * 1024;

// Returns pseudo-random lines, from which all pages are copied.
std::string make_block() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \n";
  random_stream random{0};
  std::string block(block_bytes, '\0');
  for (char& letter : block) letter = letters[random.below(letters.size())];
  return block;
}

}  // namespace

std::optional<std::uint32_t> parse_page_target(std::string_view target) {
  if (!target.starts_with(numbered_page_path)) return std::nullopt;
  target.remove_prefix(numbered_page_path.size());
  std::uint32_t number = 0;
  const char* const end = target.data() + target.size();
  const auto parsed = std::from_chars(target.data(), end, number);
  const bool has_leading_zero = target.starts_with('0') && target.size() > 1;
  if (parsed.ec != std::errc{} || parsed.ptr != end || has_leading_zero || number > max_page_number) {
    return std::nullopt;
  }
  return number;
}

std::string page_body(std::uint32_t number, std::size_t page_kb) {
  check_page_kb(page_kb);
  static const std::string block = make_block();
  const std::size_t size = page_kb * 1024;
  std::string body;
  body.reserve(size);
  fmt::format_to(std::back_inserter(body), "page {}\n", number);
  std::size_t offset = random_stream{number}.below(block_bytes);
  while (body.size() < size) {
    body.append(block, offset, size - body.size());
    offset = 0;
  }
  body.back() = '\n';
  return body;
}

}  // namespace farebench
