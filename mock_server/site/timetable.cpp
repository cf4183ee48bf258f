#include "mock_server/site/timetable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <stdexcept>
#include <string>

#include "farebench/date.hpp"
#include "lib/system/fnv1a.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {
namespace {

constexpr std::array<printed_word, 7> types{{
    {"Standard", {"Standard", "Standard"}},
    {"Relax", {"Relax", "Rela&#120;"}},
    {"Business", {"Business", "Business"}},
    {"Komfort+", {"Komfort&#43;", "Komfort&#x2B;"}},
    {"Élan", {"&Eacute;lan", "Élan"}},
    {"Žlutý", {"Žlutý", "&#x17d;lut&yacute;"}},
    {"Fun&Relax", {"Fun&amp;Relax", "Fun&#38;Relax"}},
}};

constexpr std::array<printed_word, 3> money{{
    {"CZK", {"CZK", "CZK"}},
    {"Kč", {"Kč", "K&#269;"}},
    {"€", {"&euro;", "€"}},
}};

// Buses depart from 04:00 to 24:00.
constexpr std::uint32_t first_departure_min = 4 * 60;
constexpr std::uint32_t service_span_min = 20 * 60;
constexpr std::uint32_t day_min = 24 * 60;

// Returns 12 for 3 KiB, 64 for 94 KiB, and in proportion above. Small pages are limited by the space: the
// frame takes 1,100 bytes, a compact row at most 160.
std::uint32_t max_rows(std::size_t page_kb) {
  const std::size_t fitting = (page_kb * 1024 - 1100) / 160;
  return static_cast<std::uint32_t>(std::max(std::min<std::size_t>(12, fitting), page_kb * 64 / 94));
}

std::string_view draw_word(std::span<const printed_word> words, random_stream& random) {
  return words[random.below(static_cast<std::uint32_t>(words.size()))].text;
}

std::int64_t draw_price_hundredths(random_stream& random, bool in_euro) {
  const std::int64_t whole = in_euro ? 4 + random.below(76) : 49 + random.below(1'450);
  constexpr std::int64_t fractions[] = {0, 0, 0, 50, 90, 5};
  return whole * 100 + fractions[random.below(std::size(fractions))];
}

}  // namespace

void check_page_kb(std::size_t page_kb) {
  if (page_kb >= min_page_kb && page_kb <= max_page_kb) return;
  throw std::invalid_argument(
      fmt::format("page size of {} KiB: choose {} to {} KiB", page_kb, min_page_kb, max_page_kb));
}

std::span<const printed_word> service_types() { return types; }
std::span<const printed_word> currencies() { return money; }

std::uint64_t timetable_seed(const query& search, std::size_t page_kb) {
  return fnv1a_64(fmt::format("{}|{}|{}|{}", search.from, search.to, format_iso_date(search.date), page_kb));
}

std::vector<fare> timetable(const query& search, std::size_t page_kb) {
  check_page_kb(page_kb);
  random_stream random{timetable_seed(search, page_kb)};
  const std::uint32_t max_count = max_rows(page_kb);
  const std::uint32_t min_count = (max_count * 5 + 7) / 8;
  const std::uint32_t count = min_count + random.below(max_count - min_count + 1);

  std::vector<fare> fares;
  fares.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t departure =
        first_departure_min + (i * service_span_min + random.below(service_span_min)) / count;
    const std::uint32_t arrival = (departure + 45 + random.below(360)) % day_min;
    const std::string_view type = draw_word(types, random);
    const std::string_view currency = draw_word(money, random);
    const auto seats = static_cast<std::int32_t>(random.below(57));
    fares.push_back({.departure = std::chrono::minutes{departure},
                     .arrival = std::chrono::minutes{arrival},
                     .type = std::string{type},
                     .free_seats = seats,
                     .price_hundredths = draw_price_hundredths(random, currency == "€"),
                     .currency = std::string{currency}});
  }
  return fares;
}

}  // namespace farebench
