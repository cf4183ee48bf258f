#include "mock_server/site/timetable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "farebench/date.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {

void check_page_kb(std::size_t page_kb) {
  if (page_kb >= min_page_kb && page_kb <= max_page_kb) return;
  throw std::invalid_argument(
      fmt::format("a page of {} KiB: choose {} to {} KiB", page_kb, min_page_kb, max_page_kb));
}

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

constexpr std::array<std::string_view, 12> stations{
    "Praha–Florenc", "Brno, Zvonařka",   "Ústřední hřbitov", "Zličín",
    "Plzeň, CAN",    "Olomouc",          "Liberec",          "České Budějovice",
    "M&uuml;nchen",  "Bratislava, Nivy", "Ostrava, ÚAN",     "Wien &amp; okolí"};

}  // namespace

std::span<const printed_word> service_types() { return types; }
std::span<const printed_word> currencies() { return money; }

const printed_word& spelling_of(std::span<const printed_word> words, std::string_view text) {
  return *std::ranges::find(words, text, &printed_word::text);
}

std::span<const std::string_view> station_names() { return stations; }

std::string_view station_name(std::string_view station_id) {
  if (station_id == "ID10202003") return stations[0];
  if (station_id == "ID10202002") return stations[1];
  return stations[fnv1a_64(station_id) % stations.size()];
}

namespace {

constexpr std::uint32_t first_departure_min = 4 * 60;  // the day's buses leave from 04:00 to 24:00
constexpr std::uint32_t service_span_min = 20 * 60;
constexpr std::uint32_t day_min = 24 * 60;

// 8 to 12 rows on 3 KiB, 40 to 64 on 94 KiB, and on in proportion. The first bound is what surely
// fits: 1,100 bytes of page around the rows, at most 160 bytes for a compact row.
std::uint32_t most_rows(std::size_t page_kb) {
  const std::size_t that_fit = (page_kb * 1024 - 1100) / 160;
  return static_cast<std::uint32_t>(std::max(std::min<std::size_t>(12, that_fit), page_kb * 64 / 94));
}

std::int64_t price_hundredths(random_stream& random, bool in_euro) {
  const std::int64_t whole = in_euro ? 4 + random.below(76) : 49 + random.below(1'450);
  constexpr std::int64_t parts[] = {0, 0, 0, 50, 90, 5};
  return whole * 100 + parts[random.below(std::size(parts))];
}

}  // namespace

std::uint64_t timetable_seed(const query& asked, std::size_t page_kb) {
  std::uint64_t seed = fnv1a_64(asked.from);
  seed = fnv1a_64("|", seed);
  seed = fnv1a_64(asked.to, seed);
  seed = fnv1a_64("|", seed);
  seed = fnv1a_64(format_iso_date(asked.date), seed);
  seed = fnv1a_64("|", seed);
  return fnv1a_64(std::to_string(page_kb), seed);
}

std::vector<fare> timetable(const query& asked, std::size_t page_kb) {
  check_page_kb(page_kb);
  random_stream random{timetable_seed(asked, page_kb)};
  const std::uint32_t most = most_rows(page_kb);
  const std::uint32_t least = (most * 5 + 7) / 8;
  const std::uint32_t count = least + random.below(most - least + 1);

  std::vector<fare> fares;
  fares.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t leaves =
        first_departure_min + (i * service_span_min + random.below(service_span_min)) / count;
    const std::uint32_t arrives = (leaves + 45 + random.below(360)) % day_min;
    const std::string_view type = service_types()[random.below(std::uint32_t(service_types().size()))].text;
    const std::string_view currency = currencies()[random.below(std::uint32_t(currencies().size()))].text;
    const auto seats = static_cast<std::int32_t>(random.below(57));
    fares.push_back({.departure = std::chrono::minutes{leaves},
                     .arrival = std::chrono::minutes{arrives},
                     .type = std::string{type},
                     .free_seats = seats,
                     .price_hundredths = price_hundredths(random, currency == "€"),
                     .currency = std::string{currency}});
  }
  return fares;
}

}  // namespace farebench
