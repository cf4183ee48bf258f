#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/system/command_line.hpp"
#include "lib/system/output_file.hpp"
#include "tools/fares/fares.hpp"

namespace farebench {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Removes the first line of the text, and returns it without its end, comment and blanks.
std::string_view take_line(std::string_view& text) {
  auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(line.size() == text.size() ? line.size() : line.size() + 1);
  line = line.substr(0, line.find('#'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return trimmed(line);
}

}  // namespace

std::string station_error(const std::string& id) {
  if (id.empty()) return "the station ID must not be empty";
  if (printable(id) != id)
    return fmt::format("'{}' is no station ID: it has control characters or is not UTF-8", printable(id));
  return {};
}

std::vector<route> parse_routes(std::string_view text, std::string_view file) {
  std::vector<route> routes;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> lines;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto line = take_line(text);
    const auto refuse = [&](std::string_view reason) {
      throw std::invalid_argument{fmt::format("{}, line {}: {}", file, number, reason)};
    };
    const auto comma = line.find(',');
    if (line.empty() || (routes.empty() && line == "from,to")) continue;
    if (comma == line.npos || line.find(',', comma + 1) != line.npos || line.find('"') != line.npos)
      refuse(fmt::format("'{}' is no route: write FROM,TO without quotes", line));
    const auto from = trimmed(line.substr(0, comma));
    const auto to = trimmed(line.substr(comma + 1));
    const auto [first, is_new] = lines.try_emplace({from, to}, number);
    if (!is_new) refuse(fmt::format("{},{} is already in line {}", from, to, first->second));
    routes.push_back({std::string{from}, std::string{to}});
    for (const auto* const id : {&routes.back().from, &routes.back().to}) {
      const auto error = station_error(*id);
      if (!error.empty()) refuse(error);
    }
    if (routes.size() > max_routes) refuse(fmt::format("more than {} routes: split the file", max_routes));
  }
  if (routes.empty()) throw std::invalid_argument{fmt::format("{}: no routes: write lines FROM,TO", file)};
  return routes;
}

fares_job read_job(const fares_flags& flags) {
  fares_job job{.first_date = flags.first_date, .days = flags.days, .has_routes = !flags.routes.empty()};
  if (!job.has_routes) {
    job.routes = {flags.only_route};
    return job;
  }
  const bool is_standard_input = flags.routes == "-";
  try {
    job.routes = parse_routes(read_file(is_standard_input ? "/dev/stdin" : flags.routes),
                              is_standard_input ? "standard input" : flags.routes);
  } catch (const std::system_error& error) {
    throw std::invalid_argument{fmt::format("--routes: {}", error.what())};
  }
  if (job.size() > max_queries) {
    throw std::invalid_argument{
        fmt::format("--routes, --days: {} routes on {} days are {} queries; the limit is {}",
                    job.routes.size(), job.days, job.size(), max_queries)};
  }
  return job;
}

}  // namespace farebench
