#include "mock_server/latency/scrape_latencies.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>

#include "farebench/date.hpp"
#include "mock_server/site/random_stream.hpp"

namespace farebench {
namespace {

using std::chrono::nanoseconds;

std::uint64_t also(std::uint64_t hash, std::string_view part) { return fnv1a_64(part, fnv1a_64("|", hash)); }

nanoseconds draw(const latency_model& model, std::uint64_t hash) {
  random_stream random{hash};
  return model.draw(random);
}

}  // namespace

nanoseconds start_latency(const latency_model& model, std::uint64_t seed, std::uint64_t session_ordinal) {
  if (model.is_fixed()) return model.first();
  return draw(model, also(also(fnv1a_64(std::to_string(seed)), std::to_string(session_ordinal)), "1"));
}

nanoseconds search_latency(const latency_model& model, std::uint64_t seed, const query& asked) {
  if (model.is_fixed()) return model.first();
  std::uint64_t hash = fnv1a_64(std::to_string(seed));
  hash = also(hash, asked.from);
  hash = also(hash, asked.to);
  hash = also(hash, format_iso_date(asked.date));
  return draw(model, also(hash, "2"));
}

nanoseconds scrape_latencies::sum() const {
  return std::accumulate(searches.begin(), searches.end(),
                         std::accumulate(starts.begin(), starts.end(), nanoseconds{0}));
}

nanoseconds scrape_latencies::longest_exchange() const {
  nanoseconds longest{0};
  for (const auto* const step : {&starts, &searches}) {
    for (const nanoseconds one : *step) longest = std::max(longest, one);
  }
  return longest;
}

nanoseconds scrape_latencies::longest_scrape() const {
  std::vector<nanoseconds> rising = starts;
  std::vector<nanoseconds> falling = searches;
  std::ranges::sort(rising);
  std::ranges::sort(falling, std::greater{});
  nanoseconds longest{0};
  for (std::size_t i = 0; i < std::min(rising.size(), falling.size()); ++i) {
    longest = std::max(longest, rising[i] + falling[i]);
  }
  return longest;
}

scrape_latencies latencies_of(const latency_model& model, std::uint64_t seed, std::span<const query> asked) {
  scrape_latencies all;
  all.starts.reserve(asked.size());
  all.searches.reserve(asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    all.starts.push_back(start_latency(model, seed, i));
    all.searches.push_back(search_latency(model, seed, asked[i]));
  }
  return all;
}

nanoseconds least_wall(const scrape_latencies& latencies, std::size_t workers) {
  return std::max(latencies.sum() / static_cast<std::int64_t>(workers), latencies.longest_scrape());
}

}  // namespace farebench
