#include "mock_server/site/vocabulary.hpp"

#include <algorithm>

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

}  // namespace farebench
