#include "mock_server/site/row_markup.hpp"

#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "mock_server/site/row_layouts.hpp"
#include "mock_server/site/vocabulary.hpp"

namespace farebench {
namespace {

using namespace row_layouts;

void append_number(std::string& page, std::int64_t number) {
  std::array<char, 20> digits;
  const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  page.append(digits.data(), end);
}

void append_two_digits(std::string& page, std::int64_t number) {
  page += static_cast<char>('0' + number / 10);
  page += static_cast<char>('0' + number % 10);
}

void append_time(std::string& page, std::chrono::minutes of_day) {
  append_two_digits(page, of_day.count() / 60);
  page += ':';
  append_two_digits(page, of_day.count() % 60);
}

void append_price(std::string& page, std::int64_t hundredths, random_stream& random) {
  append_number(page, hundredths / 100);
  if (hundredths % 100 == 0) return;
  page += random.below(2) == 0 ? '.' : ',';
  append_two_digits(page, hundredths % 100);
}

void append_word(std::string& page, std::span<const printed_word> words, std::string_view text,
                 random_stream& random) {
  page += spelling_of(words, text).html[random.below(2)];
}

void append_type(std::string& page, const fare& offer, random_stream& random) {
  append_word(page, service_types(), offer.type, random);
}

void append_currency(std::string& page, const fare& offer, random_stream& random) {
  append_word(page, currencies(), offer.currency, random);
}

void append_words(std::string& page, const fare& offer, const separators& between, random_stream& random) {
  page += between[0];
  append_time(page, offer.departure);
  page += between[1];
  append_time(page, offer.arrival);
  page += between[2];
  append_type(page, offer, random);
  page += between[3];
  append_number(page, offer.free_seats);
  page += between[4];
  append_price(page, offer.price_hundredths, random);
  page += between[5];
  append_currency(page, offer, random);
  page += between[6];
}

constexpr std::size_t verbose_share_bytes = 1'000;  // no verbose row is longer

}  // namespace

void append_bus_row(std::string& page, const fare& offer, std::size_t share_bytes, random_stream& random) {
  if (share_bytes >= verbose_share_bytes && random.below(6) == 0) {
    page += table_row.open;
    append_words(page, offer, table_words, random);
    page += table_row.close;
    return;
  }
  const element& row = compact_rows[random.below(compact_rows.size())];
  const separators& words =
      share_bytes >= verbose_share_bytes ? verbose_words : compact_words[random.below(compact_words.size())];
  page += row.open;
  append_words(page, offer, words, random);
  page += row.close;
}

void append_bus_details(std::string& page, const fare& offer, std::size_t share_bytes,
                        random_stream& random) {
  constexpr std::string_view open = "<div class=\"select-line-detail\" hidden>\n  <ul class=\"stops\">\n";
  constexpr std::string_view close = "  </ul>\n</div>\n";
  constexpr std::size_t stop_bytes_at_most = 130;
  const std::size_t end = page.size() + share_bytes;
  if (page.size() + open.size() + close.size() + stop_bytes_at_most > end) return;
  page += open;
  std::chrono::minutes at = offer.departure;
  while (page.size() + stop_bytes_at_most + close.size() <= end) {
    page += R"(    <li class="stop"><time>)";
    append_time(page, at);
    page += R"(</time> <a href="/m/stop?id=)";
    append_number(page, 10'202'000 + random.below(1'000));
    page += R"(&amp;lang=cs">)";
    page += station_names()[random.below(static_cast<std::uint32_t>(station_names().size()))];
    page += "</a></li>\n";
    at = (at + std::chrono::minutes{1 + random.below(30)}) % std::chrono::hours{24};
  }
  page += close;
}

void append_train_row(std::string& page, random_stream& random) {
  constexpr std::array<std::string_view, 5> openings{
      R"(<div class="select-line-train">)", R"(<div class="train-line">)",
      R"(<div class='row preselect-line'>)", R"(<div data-class="select-line">)",
      R"(<div class="select_line" title="class='select-line'>">)"};
  page += openings[random.below(openings.size())];
  append_time(page, std::chrono::minutes{random.below(1'440)});
  page += " 23:59 <i>IC</i> ";
  append_number(page, random.below(90));
  page += " 199 CZK</div>\n";
}

}  // namespace farebench
