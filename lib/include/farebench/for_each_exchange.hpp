#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "farebench/exchange.hpp"
#include "farebench/strategy.hpp"
#include "farebench/transport.hpp"

namespace farebench {

/// An exchange_request, or an absolute URL as text, which stands for its collecting_request.
template <typename Element>
concept exchange_element = std::same_as<std::remove_cvref_t<Element>, exchange_request> ||
                           std::constructible_from<std::string, const std::remove_cvref_t<Element>&>;

/// Range of requests or URLs, of which each is read once.
template <typename Range>
concept exchange_range =
    std::ranges::input_range<Range> && exchange_element<std::ranges::range_value_t<Range>>;

/// Function that receives a result: `sink(index, result)` or `sink(element, result)`, with an element of the
/// range as a constant reference, and the result as an exchange_result&&.
template <typename Sink, typename Range>
concept exchange_result_sink =
    std::invocable<Sink&, std::size_t, exchange_result> ||
    std::invocable<Sink&, const std::ranges::range_value_t<Range>&, exchange_result>;

namespace detail {

template <typename Element>
exchange_request request_of(const Element& element) {
  if constexpr (std::same_as<Element, exchange_request>) {
    return element;
  } else {
    return collecting_request(std::string(element));
  }
}

template <typename Element, typename Sink>
void pass_result(Sink& sink, std::size_t index, const Element& element, exchange_result&& result) {
  if constexpr (std::invocable<Sink&, std::size_t, exchange_result>) {
    std::invoke(sink, index, std::move(result));
  } else {
    std::invoke(sink, element, std::move(result));
  }
}

/// The elements of a range that is read from its beginning to its end. Holds those that have no result yet.
/// Thread-safe.
template <exchange_range Range>
class element_reader {
 public:
  using element = std::ranges::range_value_t<Range>;

  /// Reads the first `count` elements, if there are so many.
  element_reader(Range& range, std::size_t count)
      : next_{std::ranges::begin(range)}, end_{std::ranges::end(range)} {
    if (count > 0) has(count - 1);
  }

  /// Number of elements read.
  std::size_t size() const { return size_; }
  /// Returns true if the range has an element of that index. Reads up to it.
  bool has(std::size_t index) {
    const std::lock_guard lock{mutex_};
    while (size_ <= index && read()) continue;
    return index < size_;
  }
  exchange_request request_at(std::size_t index) {
    const std::lock_guard lock{mutex_};
    return request_of(elements_.at(index));
  }
  element take(std::size_t index) {
    const std::lock_guard lock{mutex_};
    return std::move(elements_.extract(index).mapped());
  }

 private:
  /// Reads an element. Moves on only when the next is needed, because that may block.
  bool read() {
    if (is_at_read_) ++next_;
    is_at_read_ = false;
    if (next_ == end_) return false;
    elements_.emplace(size_, *next_);
    is_at_read_ = true;
    ++size_;
    return true;
  }

  std::mutex mutex_;
  std::ranges::iterator_t<Range> next_;
  std::ranges::sentinel_t<Range> end_;
  bool is_at_read_ = false;
  std::size_t size_ = 0;
  std::map<std::size_t, element> elements_;
};

}  // namespace detail

/// Runs the exchanges of a range by a strategy, with `options.workers` in flight at once and the retries of
/// `options.policy`, and returns when each has its result:
///
///     for_each_exchange(*make_strategy("coroutines", libcurl_transport()), urls, {.workers = 50},
///                       [](const std::string& url, exchange_result&& result) { … });
///
/// The sink is called as an exchange_sink is: once per element, in any order, never twice at once. A range
/// with random access and a size is indexed, possibly from several worker threads at once, at each attempt
/// and for each result. Any other range, such as the lines of a file, is read once, from its beginning, as
/// workers become free. Then elements are held until they have their result, and those not read before a stop
/// or a drain get none.
///
/// Throws as strategy::run_exchanges, and the exceptions of the range.
template <typename Range, typename Sink>
  requires exchange_range<std::remove_reference_t<Range>> &&
           exchange_result_sink<Sink, std::remove_reference_t<Range>>
void for_each_exchange(strategy& runner, Range&& requests, const exchange_options& options, Sink&& sink) {
  using range = std::remove_reference_t<Range>;
  if constexpr (std::ranges::random_access_range<range> && std::ranges::sized_range<range>) {
    const auto first = std::ranges::begin(requests);
    const auto element_at = [&first](std::size_t index) -> decltype(auto) {
      return first[static_cast<std::ranges::range_difference_t<range>>(index)];
    };
    runner.run_exchanges(
        {.size = static_cast<std::size_t>(std::ranges::size(requests)),
         .request_at = [&](std::size_t index) { return detail::request_of(element_at(index)); }},
        options, [&](std::size_t index, exchange_result&& result) {
          detail::pass_result(sink, index, element_at(index), std::move(result));
        });
  } else {
    detail::element_reader<range> reader{requests, options.workers};
    runner.run_exchanges({.size = reader.size(),
                          .request_at = [&](std::size_t index) { return reader.request_at(index); },
                          .has_more = [&](std::size_t index) { return reader.has(index); }},
                         options, [&](std::size_t index, exchange_result&& result) {
                           detail::pass_result(sink, index, reader.take(index), std::move(result));
                         });
  }
}

/// Runs the exchanges of a range by the strategy of that name on a transport. Throws std::invalid_argument,
/// with the valid names, for an unknown one.
template <typename Range, typename Sink>
  requires exchange_range<std::remove_reference_t<Range>> &&
           exchange_result_sink<Sink, std::remove_reference_t<Range>>
void for_each_exchange(std::string_view strategy_name, const transport& http, Range&& requests,
                       const exchange_options& options, Sink&& sink) {
  for_each_exchange(*make_strategy(strategy_name, http), requests, options, sink);
}

}  // namespace farebench
