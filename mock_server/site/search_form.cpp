#include "mock_server/site/search_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "farebench/date.hpp"
#include "mock_server/site/form_decoding.hpp"

namespace farebench {
namespace {

std::expected<std::string, std::string> only_field(const form_fields& fields, std::string_view name) {
  const auto is_it = [name](const auto& field) { return field.first == name; };
  const auto found = std::ranges::find_if(fields, is_it);
  if (found == fields.end()) return std::unexpected(fmt::format("form field {} is missing", name));
  if (std::any_of(found + 1, fields.end(), is_it)) {
    return std::unexpected(fmt::format("form field {} is given more than once", name));
  }
  return found->second;
}

bool is_station_id(std::string_view text) {
  constexpr std::size_t most_digits = 18;
  if (!text.starts_with("ID")) return false;
  text.remove_prefix(2);
  return !text.empty() && text.size() <= most_digits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::expected<std::string, std::string> station_field(const form_fields& fields, std::string_view name) {
  auto value = only_field(fields, name);
  if (value && !is_station_id(*value)) {
    return std::unexpected(fmt::format("form field {} is not a station: ID and 1 to 18 digits", name));
  }
  return value;
}

}  // namespace

std::expected<query, std::string> read_search_form(std::string_view body) {
  const auto fields = decode_form(body);
  if (!fields) return std::unexpected(fields.error());
  auto from = station_field(*fields, "fromStation");
  if (!from) return std::unexpected(std::move(from).error());
  auto to = station_field(*fields, "toStation");
  if (!to) return std::unexpected(std::move(to).error());
  const auto departure = only_field(*fields, "departure");
  if (!departure) return std::unexpected(departure.error());
  const auto date = parse_form_date(*departure);
  if (!date) return std::unexpected("form field departure is not a date that exists, as dd.mm.yy");
  return query{.from = *std::move(from), .to = *std::move(to), .date = *date};
}

}  // namespace farebench
