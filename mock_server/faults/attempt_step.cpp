#include "mock_server/faults/attempt_step.hpp"

#include <charconv>

#include "farebench/date.hpp"

namespace farebench {

std::optional<scrape_tag> parse_scrape_tag(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto date = parse_iso_date(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  std::uint32_t attempt = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), attempt);
  const bool is_number = wrong == std::errc{} && end == digits.data() + digits.size();
  if (!date || !is_number || attempt == 0 || attempt > scrape_tag::most_attempts) return std::nullopt;
  return scrape_tag{*date, attempt};
}

}  // namespace farebench
