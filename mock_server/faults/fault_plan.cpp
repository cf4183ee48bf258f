#include "mock_server/faults/fault_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <iterator>
#include <system_error>
#include <vector>

#include "farebench/date.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/fnv1a.hpp"

namespace farebench {
namespace {

constexpr std::uint32_t percent = fault_rates::max_rate / 100;
constexpr std::size_t max_decimals = 4;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Parses "2.5%" exactly, in millionths. Returns nullopt for any other text, and for a rate above 100 %.
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
    const std::string_view decimals = text.substr(point + 1);
    if (!is_digits(decimals) || decimals.size() > max_decimals) return std::nullopt;
    std::uint32_t place = percent;
    for (const char digit : decimals) millionths += static_cast<std::uint32_t>(digit - '0') * (place /= 10);
  }
  return millionths <= fault_rates::max_rate ? std::optional{millionths} : std::nullopt;
}

std::string_view to_string(fault_steps steps) {
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

// The random stream of one exchange. A change of its text changes all plans.
random_stream stream_of(const fault_plan& plan, const attempt_step& exchange) {
  const std::string item = exchange.page   ? fmt::format("page {}", *exchange.page)
                           : exchange.date ? format_iso_date(*exchange.date)
                                           : fmt::format("session {}", exchange.session.value_or(0));
  return random_stream{
      fnv1a_64(fmt::format("faults|{}|{}|{}|{}", plan.seed, item, exchange.step, exchange.attempt))};
}

bool is_known(const attempt_step& exchange) {
  return exchange.page || ((exchange.date || exchange.session) && exchange.step != 0);
}

bool applies_to(fault_kind kind, const attempt_step& exchange) {
  return exchange.page ? applies_to_pages(kind) : applies_to(kind, exchange.step);
}

}  // namespace

std::string describe_faults() {
  std::string lines;
  for (const fault_description& fault : fault_table) {
    fmt::format_to(std::back_inserter(lines), "  {:<22} {:<7} {}\n", fault.name, to_string(fault.steps),
                   fault.meaning);
  }
  return lines;
}

std::expected<fault_rates, std::string> parse_faults(std::string_view text) {
  fault_rates rates;
  std::bitset<fault_table.size()> given;
  for (;;) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view entry = text.substr(0, end);
    const std::size_t colon = std::min(entry.find(':'), entry.size());
    const std::string_view name = entry.substr(0, colon);
    const auto kind = parse_fault_kind(name);
    if (!kind) {
      std::vector<std::string> names;
      names.reserve(fault_table.size());
      for (const auto& fault : fault_table) names.emplace_back(fault.name);
      return std::unexpected(fmt::format("no fault '{}'; valid names are {}{}", name, fmt::join(names, ", "),
                                         did_you_mean(name, names)));
    }
    if (given[static_cast<std::size_t>(*kind)]) {
      return std::unexpected(fmt::format("'{}' is given twice; give each fault once", name));
    }
    given.set(static_cast<std::size_t>(*kind));
    const auto rate = parse_rate(entry.substr(std::min(colon + 1, entry.size())));
    if (!rate) {
      return std::unexpected(
          fmt::format("'{}' has no rate from 0% to 100%; write {}:2% or {}:0.5%", entry, name, name));
    }
    rates.set(*kind, *rate);
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  if (rates.sum() > fault_rates::max_rate) {
    return std::unexpected(fmt::format("the rates are {}% together; the limit is 100%",
                                       static_cast<double>(rates.sum()) / percent));
  }
  return rates;
}

std::string format_faults(const fault_rates& rates) {
  std::string text;
  for (const fault_description& fault : fault_table) {
    const std::uint32_t rate = rates.rate(fault.kind);
    if (rate == 0) continue;
    if (!text.empty()) text += ',';
    // The shortest text of a double: at most four decimals, because it is a whole number of millionths.
    fmt::format_to(std::back_inserter(text), "{}:{}%", fault.name, static_cast<double>(rate) / percent);
  }
  return text;
}

std::optional<scrape_tag> parse_scrape_tag(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto date = parse_iso_date(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  std::uint32_t attempt = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), attempt);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
  if (!date || !is_number || attempt == 0 || attempt > scrape_tag::max_attempt) return std::nullopt;
  return scrape_tag{*date, attempt};
}

std::optional<fault_kind> fault_plan::fault_at(const attempt_step& exchange) const {
  if (!is_known(exchange) || exchange.attempt > until_attempt) return std::nullopt;
  std::uint32_t number = stream_of(*this, exchange).below(fault_rates::max_rate);
  for (const fault_description& fault : fault_table) {
    const std::uint32_t rate = rates.rate(fault.kind);
    if (number < rate) {
      return applies_to(fault.kind, exchange) ? std::optional{fault.kind} : std::nullopt;
    }
    number -= rate;
  }
  return std::nullopt;
}

random_stream fault_plan::details_at(const attempt_step& exchange) const {
  random_stream random = stream_of(*this, exchange);
  // The first number selects the fault (see fault_at).
  random.next();
  return random;
}

}  // namespace farebench
