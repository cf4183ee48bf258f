#include "mock_server/faults/fault_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <optional>
#include <string>

#include "farebench/date.hpp"

namespace farebench {
namespace {

constexpr std::uint32_t percent = fault_rates::max_rate / 100;
constexpr std::size_t most_decimals = 4;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "2.5%" in millionths, exactly; nothing for what is not such a text or above 100 %.
std::optional<std::uint32_t> parse_rate(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const std::size_t point = text.find('.');
  const std::string_view digits = text.substr(0, point);
  if (!is_digits(digits) || digits.size() > 3) return std::nullopt;
  std::uint32_t whole_percent = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), whole_percent);
  std::uint32_t millionths = whole_percent * percent;
  if (point != std::string_view::npos) {
    std::string_view decimals = text.substr(point + 1);
    if (!is_digits(decimals) || decimals.size() > most_decimals) return std::nullopt;
    std::uint32_t place = percent;
    for (const char digit : decimals) millionths += static_cast<std::uint32_t>(digit - '0') * (place /= 10);
  }
  return millionths <= fault_rates::max_rate ? std::optional{millionths} : std::nullopt;
}

std::string all_names() {
  std::string names;
  for (const fault_description& one : fault_table) {
    if (!names.empty()) names += ", ";
    names += one.name;
  }
  return names;
}

std::string_view words_for(fault_steps steps) {
  switch (steps) {
    case fault_steps::start:
      return "start";
    case fault_steps::search:
      return "search";
    case fault_steps::both:
      break;
  }
  return "both";
}

}  // namespace

std::expected<fault_rates, std::string> parse_faults(std::string_view text) {
  fault_rates rates;
  std::bitset<fault_table.size()> given;
  for (;;) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, end);
    const std::size_t colon = std::min(entry.find(':'), entry.size());
    const std::string_view name = entry.substr(0, colon);
    const auto kind = parse_fault_kind(name);
    if (!kind) return std::unexpected(fmt::format("there is no fault '{}'; there are {}", name, all_names()));
    if (given[static_cast<std::size_t>(*kind)])
      return std::unexpected(fmt::format("'{}' is given twice", name));
    given.set(static_cast<std::size_t>(*kind));
    const auto rate = parse_rate(entry.substr(std::min(colon + 1, entry.size())));
    if (!rate) {
      return std::unexpected(
          fmt::format("'{}' has no rate from 0% to 100%; write it as {}:2% or {}:0.5%", entry, name, name));
    }
    rates.set(*kind, *rate);
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  if (rates.sum() > fault_rates::max_rate) {
    return std::unexpected(fmt::format("the rates are {}% together, and can be 100% at most",
                                       static_cast<double>(rates.sum()) / percent));
  }
  return rates;
}

std::string describe_faults() {
  std::string lines;
  for (const fault_description& one : fault_table) {
    fmt::format_to(std::back_inserter(lines), "  {:<22} {:<7} {}\n", one.name, words_for(one.steps),
                   one.meaning);
  }
  return lines;
}

std::optional<scrape_tag> parse_scrape_tag(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto date = parse_iso_date(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  std::uint32_t attempt = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), attempt);
  const bool is_number = wrong == std::errc{} && end == digits.data() + digits.size();
  if (!date || !is_number || attempt == 0 || attempt > scrape_tag::max_attempt) return std::nullopt;
  return scrape_tag{*date, attempt};
}

namespace {

// The stream of one exchange. Its text is part of what a seed means: to change it is to change every plan.
random_stream stream_of(const fault_plan& plan, const attempt_step& exchange) {
  const std::string scrape = exchange.date ? format_iso_date(*exchange.date)
                                           : fmt::format("session {}", exchange.session.value_or(0));
  return random_stream{
      fnv1a_64(fmt::format("faults|{}|{}|{}|{}", plan.seed, scrape, exchange.step, exchange.attempt))};
}

}  // namespace

std::optional<fault_kind> fault_plan::fault_at(const attempt_step& exchange) const {
  const bool is_known = exchange.date || exchange.session;
  if (!is_known || exchange.step == 0 || exchange.attempt > until_attempt) return std::nullopt;
  std::uint32_t drawn = stream_of(*this, exchange).below(fault_rates::max_rate);
  for (const fault_description& one : fault_table) {
    const std::uint32_t share = rates.rate(one.kind);
    if (drawn < share) return applies_to(one.kind, exchange.step) ? std::optional{one.kind} : std::nullopt;
    drawn -= share;
  }
  return std::nullopt;
}

random_stream fault_plan::details_at(const attempt_step& exchange) const {
  random_stream random = stream_of(*this, exchange);
  random.next();  // chose the fault
  return random;
}

}  // namespace farebench
