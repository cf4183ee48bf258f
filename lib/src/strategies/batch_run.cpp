#include "strategies/batch_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "farebench/site_protocol.hpp"
#include "http/text.hpp"
#include "http/url.hpp"
#include "strategies/resources.hpp"

namespace farebench {
namespace {

using std::chrono::milliseconds;

// Longer than any use needs, and short enough that no sum of times and no option of libcurl (a long)
// overflows.
constexpr milliseconds max_time = std::chrono::days{1};
constexpr std::size_t max_redirects_limit = 1'000;

void validate_time(std::string_view field, milliseconds value, milliseconds min) {
  if (value >= min && value <= max_time) return;
  throw std::invalid_argument{fmt::format("batch: policy.{} is {} ms; it must be {} ms to one day", field,
                                          value.count(), min.count())};
}

void validate_positive(std::string_view field, std::size_t value) {
  if (value > 0) return;
  throw std::invalid_argument{fmt::format("batch: policy.{} is 0; it must be at least 1", field)};
}

void validate_policy(const fetch_policy& policy) {
  const fetch_limits& exchange = policy.exchange;
  // libcurl takes a timeout of zero as none, so that an exchange could hang.
  validate_time("exchange.connect_timeout", exchange.connect_timeout, milliseconds{1});
  validate_time("exchange.exchange_deadline", exchange.exchange_deadline, milliseconds{1});
  validate_positive("exchange.max_header_bytes", exchange.max_header_bytes);
  validate_positive("exchange.max_body_bytes", exchange.max_body_bytes);
  validate_time("exchange.min_rate_grace", exchange.min_rate_grace, milliseconds{0});
  if (exchange.max_redirects > max_redirects_limit) {
    throw std::invalid_argument{fmt::format("batch: policy.exchange.max_redirects is {}; it must be 0 to {}",
                                            exchange.max_redirects, max_redirects_limit)};
  }
  validate_time("scrape_deadline", policy.scrape_deadline, milliseconds{1});
  validate_positive("max_attempts", policy.max_attempts);
  validate_time("backoff_base", policy.backoff_base, milliseconds{0});
  validate_time("backoff_cap", policy.backoff_cap, milliseconds{0});
  validate_time("retry_after_cap", policy.retry_after_cap, milliseconds{0});
  if (!std::isfinite(policy.retry_share) || policy.retry_share < 0) {
    throw std::invalid_argument{fmt::format(
        "batch: policy.retry_share is {}; it must be a finite number of at least 0", policy.retry_share)};
  }
}

/// Returns true for scheme, host and port alone. Paths are appended, so even an empty query would be wrong.
bool is_base_url(const std::string& text) {
  if (text.find_first_of("?#@") != std::string::npos || text.ends_with('/')) return false;
  return is_usable_url(text) && split_url(text).path.empty();
}

/// Throws std::invalid_argument for queries or pages that cannot be requested.
void validate_site(const batch& work, const transport& http) {
  if (!work.query_at == !work.pages.path_at) {
    throw std::invalid_argument{fmt::format("batch: {} query_at and pages.path_at are set; set one of them",
                                            work.query_at ? "both" : "neither of")};
  }
  if (!is_base_url(work.base_url)) {
    throw std::invalid_argument{fmt::format(
        "batch: '{}' is not a base URL; use scheme, host and port alone, such as http://127.0.0.1:8080",
        work.base_url)};
  }
  if (origin_of(work.base_url)->is_https && !http.has_tls()) {
    throw std::invalid_argument{
        fmt::format("batch: '{}' needs TLS, which the transport {} does not have; use libcurl", work.base_url,
                    http.name())};
  }
}

/// Returns a function that calls `function`, or an empty one if that is empty.
template <typename Signature>
std::function<Signature> reference_to(const std::function<Signature>& function) {
  if (!function) return {};
  return [&function](auto&&... arguments) { function(std::forward<decltype(arguments)>(arguments)...); };
}

}  // namespace

run_items::run_items(const batch& items, const outcome_sink& sink)
    : options_of_batch_{.workers = items.workers,
                        .loops = items.loops,
                        .connections = items.connections,
                        .policy = items.policy,
                        .on_retry = reference_to(items.on_retry),
                        .on_give_up = reference_to(items.on_give_up),
                        .drain = items.drain,
                        .stop = items.stop},
      options_{options_of_batch_},
      size_{items.size},
      batch_{&items},
      outcome_sink_{&sink} {}

void run_items::validate(const transport& http) const {
  if (options_.workers == 0) throw std::invalid_argument{"batch: workers is 0; it must be at least 1"};
  if (options_.loops == 0) throw std::invalid_argument{"batch: loops is 0; it must be at least 1"};
  validate_policy(options_.policy);
  if (batch_) validate_site(*batch_, http);
  if (exchanges_ && !exchanges_->request_at) {
    throw std::invalid_argument{"exchanges: request_at is empty; set it"};
  }
}

void run_items::deliver(std::size_t index, fetch_error&& error) const {
  if (batch_) {
    deliver(index, outcome{std::unexpected(std::move(error))});
  } else {
    deliver(index, exchange_result{std::unexpected(std::move(error))});
  }
}

fetch_error cancelled_item_error() noexcept {
  return make_error(fetch_error_kind::cancelled, "a stop was requested");
}

batch_run::batch_run(const run_items& items, std::size_t workers)
    : items_{items},
      search_url_{scrapes() ? concatenated(items.source_batch()->base_url, search_path) : std::string{}},
      workers_{workers},
      next_index_{workers},
      // The clock is enough of a seed, and reading it cannot fail for lack of a descriptor.
      random_state_{static_cast<std::uint64_t>(clock::now().time_since_epoch().count())},
      on_drain_{items.options().drain, waker{this}} {}

bool batch_run::is_stopping() const {
  return has_failed() || items_.options().stop.stop_requested() || items_.options().drain.stop_requested();
}

std::optional<scheduled_attempt> batch_run::next_attempt() {
  if (is_stopping()) return std::nullopt;
  if (has_queued_.load(std::memory_order_acquire)) {
    if (auto next = pop_queued(true)) return next;
  }
  const std::size_t index = next_index_.fetch_add(1, std::memory_order_relaxed);
  if (index < items_.size()) return scheduled_attempt{{.index = index}, {}};
  if (const auto* const exchanges = items_.exchanges(); exchanges && exchanges->has_more) {
    if (exchanges->has_more(index)) {
      added_.fetch_add(1, std::memory_order_relaxed);
      return scheduled_attempt{{.index = index}, {}};
    }
  }
  if (has_queued_.load(std::memory_order_acquire)) return pop_queued(false);
  return std::nullopt;
}

std::optional<scrape_attempt> batch_run::wait_for_attempt() {
  const auto next = next_attempt();
  if (!next) return std::nullopt;
  if (!next->due) return next->attempt;
  // Before the lock, which the callback acquires.
  const std::stop_callback on_stop{items_.options().stop, waker{this}};
  std::unique_lock lock{queue_mutex_};
  stopping_.wait_until(lock, *next->due, [this] { return is_stopping(); });
  return next->attempt;
}

/// Returns a retry that is due, else a requeued item, else (unless `due_only`) the retry that is due first.
std::optional<scheduled_attempt> batch_run::pop_queued(bool due_only) {
  const std::lock_guard lock{queue_mutex_};
  auto next = queue_.empty() ? std::nullopt : queue_.pop_due(clock::now());
  if (!next && requeued_begin_ < requeued_end_) next = scheduled_attempt{{.index = requeued_begin_++}, {}};
  if (!next && !due_only) next = queue_.pop_first();
  has_queued_.store(!queue_.empty() || requeued_begin_ < requeued_end_, std::memory_order_release);
  return next;
}

std::optional<fetch_error> batch_run::begin_attempt(scrape_attempt& attempt) {
  if (is_stopping()) return cancelled_item_error();
  const auto now = clock::now();
  if (attempt.number == 0) attempt.start = now;
  if (now - attempt.start >= policy().scrape_deadline) {
    return fetch_error{fetch_error_kind::deadline_exceeded,
                       fmt::format("{} ms had passed before attempt {}", policy().scrape_deadline.count(),
                                   attempt.number + 1)};
  }
  ++attempt.number;
  return std::nullopt;
}

std::expected<std::string, fetch_error> batch_run::begin_scrape(scrape_attempt& attempt) {
  if (auto error = begin_attempt(attempt)) return std::unexpected(*std::move(error));
  return search_form_body(call_user(items_.source_batch()->query_at, attempt.index));
}

milliseconds batch_run::time_left(const scrape_attempt& attempt) const {
  const auto left = attempt.start + policy().scrape_deadline - clock::now();
  return std::max(std::chrono::ceil<milliseconds>(left), milliseconds{1});
}

void batch_run::finish_attempt(scrape_attempt& attempt, outcome&& result) {
  const scrape_attempt finished = std::exchange(attempt, {});
  if (!result && schedule_retry(finished, result.error())) return;
  deliver(finished.index, std::move(result));
}

void batch_run::finish_attempt(scrape_attempt& attempt, exchange_result&& result) {
  const scrape_attempt finished = std::exchange(attempt, {});
  if (!result) {
    if (schedule_retry(finished, result.error())) return;
  } else if (is_retryable_status(result->status)) {
    const fetch_error error{fetch_error_kind::unexpected_status,
                            fmt::format("the response has status {}", result->status), result->status,
                            result->retry_after};
    if (schedule_retry(finished, error)) return;
  }
  deliver(finished.index, std::move(result));
}

void batch_run::fail_attempt(scrape_attempt& attempt, fetch_error&& error) {
  const scrape_attempt finished = std::exchange(attempt, {});
  if (!schedule_retry(finished, error)) deliver(finished.index, std::move(error));
}

/// Returns false if the failed attempt gets no retry.
bool batch_run::schedule_retry(const scrape_attempt& attempt, const fetch_error& error) {
  const bool renews_session = is_expired_session(error) && !attempt.has_renewed_session;
  if (!renews_session && !is_retryable(error)) return false;
  if (!attempt.may_retry || is_stopping()) return false;
  const fetch_policy& policy = items_.options().policy;
  const exchange_options& options = items_.options();

  const std::lock_guard delivery{delivery_mutex_};
  const auto give_up = [&](retry_limit limit) {
    if (options.on_give_up) options.on_give_up(attempt.index, attempt.number, limit);
    return false;
  };
  if (attempt.number >= policy.max_attempts) return give_up(retry_limit::max_attempts);
  if (static_cast<double>(retries_ + 1) > max_retries(policy, items_started())) {
    return give_up(retry_limit::budget);
  }
  const auto delay =
      renews_session ? milliseconds{0} : retry_delay(policy, attempt.number, error, next_random());
  const auto due = clock::now() + delay;
  if (due >= attempt.start + policy.scrape_deadline) return give_up(retry_limit::scrape_deadline);
  const auto refusal = until_refused([this] {
    const std::lock_guard lock{queue_mutex_};
    queue_.make_room();
  });
  if (refusal) return false;
  ++retries_;
  if (options.on_retry) options.on_retry(attempt.index, attempt.number, error, delay);

  scrape_attempt retry = attempt;
  retry.has_renewed_session |= renews_session;
  const std::lock_guard lock{queue_mutex_};
  queue_.push(retry, due);
  has_queued_.store(true, std::memory_order_release);
  return true;
}

template <typename Result>
void batch_run::deliver(std::size_t index, Result&& result) {
  const std::lock_guard lock{delivery_mutex_};
  if (!first_exception_) items_.deliver(index, std::forward<Result>(result));
}

void batch_run::requeue(std::size_t first) {
  const std::lock_guard lock{queue_mutex_};
  requeued_begin_ = first;
  requeued_end_ = workers_;
  has_queued_.store(true, std::memory_order_release);
}

std::size_t batch_run::items_started() const {
  return std::min(next_index_.load(std::memory_order_relaxed), items_.size()) +
         added_.load(std::memory_order_relaxed);
}

/// Returns a number uniform in [0, 1): 53 bits of SplitMix64 (Steele, Lea, Flood 2014).
double batch_run::next_random() {
  std::uint64_t mixed = random_state_ += 0x9E3779B97F4A7C15;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  mixed ^= mixed >> 31;
  return static_cast<double>(mixed >> 11) * 0x1p-53;
}

void batch_run::fail(std::exception_ptr exception) {
  {
    const std::lock_guard lock{delivery_mutex_};
    if (!first_exception_) first_exception_ = std::move(exception);
    failed_.store(true, std::memory_order_relaxed);
  }
  wake_all();
}

void batch_run::wake_all() {
  const std::lock_guard lock{queue_mutex_};
  stopping_.notify_all();
  for (const listener* next = listeners_; next; next = next->next_) next->wake_();
}

void batch_run::finish() {
  if (first_exception_) std::rethrow_exception(first_exception_);
  const bool was_cancelled = is_stopping();
  const auto give_up = [&](std::size_t index) {
    items_.deliver(index, was_cancelled ? cancelled_item_error()
                                        : make_error(fetch_error_kind::out_of_resources,
                                                     "no worker was left to run this item"));
  };
  while (const auto queued = queue_.pop_first()) give_up(queued->attempt.index);
  for (std::size_t index = requeued_begin_; index < requeued_end_; ++index) give_up(index);
  for (std::size_t index = next_index_; index < items_.size(); ++index) give_up(index);
}

batch_run::listener::listener(batch_run& run, std::function<void()> wake)
    : run_{run}, wake_{std::move(wake)} {
  const std::lock_guard lock{run_.queue_mutex_};
  next_ = std::exchange(run_.listeners_, this);
}

batch_run::listener::~listener() {
  const std::lock_guard lock{run_.queue_mutex_};
  listener** link = &run_.listeners_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

}  // namespace farebench
