#include "lib/cli/fares/output.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "farebench/date.hpp"

namespace farebench {
namespace {

std::string clock_time(std::chrono::minutes time) {
  return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
}

std::string price(const fare& one) {
  return fmt::format("{}.{:02}", one.price_hundredths / 100, one.price_hundredths % 100);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted += '"';
}

std::string table_row(std::string_view date, const fare& one) {
  return fmt::format("{:<10}  {:<9}  {:<7}  {:<12}  {:>5}  {:>9}  {}\n", date, clock_time(one.departure),
                     clock_time(one.arrival), printable(one.type), one.free_seats, price(one),
                     printable(one.currency));
}

std::string csv_row(std::string_view date, const fare& one) {
  return fmt::format("{},{},{},{},{},{},{}\r\n", date, clock_time(one.departure), clock_time(one.arrival),
                     csv_field(one.type), one.free_seats, price(one), csv_field(one.currency));
}

nlohmann::ordered_json json_day(std::string_view date, const outcome& result) {
  nlohmann::ordered_json day{{"date", date}};
  if (!result) {
    day["error"] = {{"kind", to_string(result.error().kind)}, {"detail", result.error().detail}};
    return day;
  }
  auto& fares = day["fares"] = nlohmann::ordered_json::array();
  for (const fare& one : *result) {
    fares.push_back({{"departure", clock_time(one.departure)},
                     {"arrival", clock_time(one.arrival)},
                     {"type", one.type},
                     {"free_seats", one.free_seats},
                     {"price_hundredths", one.price_hundredths},
                     {"currency", one.currency}});
  }
  return day;
}

}  // namespace

std::string opening(fares_format format) {
  switch (format) {
    case fares_format::table:
      return fmt::format("{:<10}  {:<9}  {:<7}  {:<12}  {:>5}  {:>9}\n", "date", "departure", "arrival",
                         "type", "seats", "price");
    case fares_format::csv:
      return "date,departure,arrival,type,free_seats,price,currency\r\n";
    case fares_format::json:
      return "[";
  }
  return {};
}

std::string day_text(fares_format format, bool first, std::chrono::year_month_day date,
                     const outcome& result) {
  const std::string day = format_iso_date(date);
  if (format == fares_format::json) {
    const auto text = json_day(day, result).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return (first ? "\n" : ",\n") + text;
  }
  std::string rows;
  if (!result) return rows;
  for (const fare& one : *result)
    rows += format == fares_format::csv ? csv_row(day, one) : table_row(day, one);
  return rows;
}

std::string closing(fares_format format) { return format == fares_format::json ? "\n]\n" : ""; }

std::string printable(std::string_view text) {
  std::string safe;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", byte);
    } else if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {  // U+0080 to U+009F: the C1 controls
      fmt::format_to(std::back_inserter(safe), "\\x{:02x}", next);
      ++i;
    } else {
      safe += text[i];
    }
  }
  return safe;
}

}  // namespace farebench
