#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <string_view>

#include "farebench/date.hpp"
#include "lib/system/command_line.hpp"
#include "tools/fares/fares.hpp"

namespace farebench {
namespace {

std::string clock_time(std::chrono::minutes time) {
  return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
}

std::string price(const fare& offer) {
  return fmt::format("{}.{:02}", offer.price_hundredths / 100, offer.price_hundredths % 100);
}

/// True if a spreadsheet would evaluate the text. A leading ' prevents that (OWASP, CSV Injection).
bool looks_like_formula(std::string_view text) {
  return !text.empty() && std::string_view{"=+-@"}.find(text.front()) != std::string_view::npos;
}

std::string csv_field(std::string_view page_text) {
  std::string text = printable(page_text);
  if (looks_like_formula(text)) text.insert(text.begin(), '\'');
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted += '"';
}

std::string table_stations(const route* stations) {
  if (stations == nullptr) return {};
  return fmt::format("{:<10}  {:<10}  ", printable(stations->from), printable(stations->to));
}

std::string csv_stations(const route* stations) {
  if (stations == nullptr) return {};
  return fmt::format("{},{},", csv_field(stations->from), csv_field(stations->to));
}

std::string table_row(std::string_view date, const fare& offer) {
  return fmt::format("{:<10}  {:<9}  {:<7}  {:<12}  {:>5}  {:>9}  {}\n", date, clock_time(offer.departure),
                     clock_time(offer.arrival), printable(offer.type), offer.free_seats, price(offer),
                     printable(offer.currency));
}

std::string csv_row(std::string_view date, const fare& offer) {
  return fmt::format("{},{},{},{},{},{},{}\r\n", date, clock_time(offer.departure), clock_time(offer.arrival),
                     csv_field(offer.type), offer.free_seats, price(offer), csv_field(offer.currency));
}

nlohmann::ordered_json json_day(std::string_view date, const outcome& result, const route* stations) {
  nlohmann::ordered_json day;
  if (stations != nullptr) day = {{"from", stations->from}, {"to", stations->to}};
  day["date"] = date;
  if (!result) {
    day["error"] = {{"kind", to_string(result.error().kind)}, {"detail", result.error().detail}};
    return day;
  }
  auto& fares = day["fares"] = nlohmann::ordered_json::array();
  for (const fare& offer : *result) {
    fares.push_back({{"departure", clock_time(offer.departure)},
                     {"arrival", clock_time(offer.arrival)},
                     {"type", offer.type},
                     {"free_seats", offer.free_seats},
                     {"price_hundredths", offer.price_hundredths},
                     {"currency", offer.currency}});
  }
  return day;
}

}  // namespace

std::string opening(fares_format format, bool has_routes) {
  const route names{"from", "to"};
  const route* const stations = has_routes ? &names : nullptr;
  switch (format) {
    case fares_format::table:
      return table_stations(stations) + fmt::format("{:<10}  {:<9}  {:<7}  {:<12}  {:>5}  {:>9}\n", "date",
                                                    "departure", "arrival", "type", "seats", "price");
    case fares_format::csv:
      return csv_stations(stations) + "date,departure,arrival,type,free_seats,price,currency\r\n";
    case fares_format::json:
      return "[";
  }
  return {};
}

std::string json_query(std::chrono::year_month_day date, const outcome& result, const route* stations) {
  // ASCII only, which escapes Unicode's control characters too.
  return json_day(format_iso_date(date), result, stations)
      .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string day_text(fares_format format, bool is_first, std::chrono::year_month_day date,
                     const outcome& result, const route* stations) {
  if (format == fares_format::json) return (is_first ? "\n" : ",\n") + json_query(date, result, stations);
  const std::string day = format_iso_date(date);
  std::string rows;
  if (!result) return rows;
  for (const fare& offer : *result) {
    rows += format == fares_format::csv ? csv_stations(stations) + csv_row(day, offer)
                                        : table_stations(stations) + table_row(day, offer);
  }
  return rows;
}

std::string closing(fares_format format, std::string_view remark) {
  if (format == fares_format::json) return "\n]\n";
  if (format == fares_format::table && !remark.empty()) return fmt::format("({})\n", remark);
  return {};
}

}  // namespace farebench
