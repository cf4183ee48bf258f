#include "strategies/batch_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "farebench/site_protocol.hpp"
#include "http/libcurl.hpp"

namespace farebench {

namespace {

using std::chrono::milliseconds;

// Far beyond any use, and near enough that no sum of moments and no libcurl option (a long) overflows.
constexpr milliseconds longest = std::chrono::days{1};

void check_time(std::string_view field, milliseconds value, milliseconds shortest) {
  if (value >= shortest && value <= longest) return;
  throw std::invalid_argument{fmt::format("a batch's policy.{} is {} ms: it must be from {} ms to a day",
                                          field, value.count(), shortest.count())};
}

void check_above_zero(std::string_view field, std::size_t value) {
  if (value > 0) return;
  throw std::invalid_argument{fmt::format("a batch's policy.{} must be above zero", field)};
}

void check_at_most(std::string_view field, std::size_t value, std::size_t most) {
  if (value <= most) return;
  throw std::invalid_argument{
      fmt::format("a batch's policy.{} is {}: it must be at most {}", field, value, most)};
}

}  // namespace

void check_policy(const fetch_policy& policy) {
  const fetch_limits& exchange = policy.exchange;
  // To libcurl a limit of zero means none at all, and so a hang.
  check_time("exchange.connect_timeout", exchange.connect_timeout, milliseconds{1});
  check_time("exchange.exchange_deadline", exchange.exchange_deadline, milliseconds{1});
  check_above_zero("exchange.max_header_bytes", exchange.max_header_bytes);
  check_above_zero("exchange.max_body_bytes", exchange.max_body_bytes);
  check_time("exchange.min_rate_grace", exchange.min_rate_grace, milliseconds{0});
  check_at_most("exchange.max_redirects", exchange.max_redirects, 1'000);
  check_time("scrape_deadline", policy.scrape_deadline, milliseconds{1});
  check_above_zero("max_attempts", policy.max_attempts);
  check_time("backoff_base", policy.backoff_base, milliseconds{0});
  check_time("backoff_cap", policy.backoff_cap, milliseconds{0});
  check_time("retry_after_cap", policy.retry_after_cap, milliseconds{0});
  if (!std::isfinite(policy.retry_share) || policy.retry_share < 0) {
    throw std::invalid_argument{"a batch's policy.retry_share must be a number from zero up"};
  }
}

namespace {

/// Whether it is scheme, host and port alone: anything behind them, even an empty query, would end up before
/// the paths that are appended.
bool is_base_url(const std::string& text) {
  if (text.find_first_of("?#@") != std::string::npos || text.ends_with('/')) return false;
  curl_url url;
  if (!url.set(text)) return false;
  const auto scheme = url.part(CURLUPART_SCHEME);
  return (scheme == "http" || scheme == "https") && !url.part(CURLUPART_HOST).empty() &&
         url.part(CURLUPART_PATH) == "/";
}

}  // namespace

void check_batch(const batch& work) {
  if (work.workers == 0) throw std::invalid_argument{"a batch needs at least one worker"};
  if (work.loops == 0) throw std::invalid_argument{"a batch needs at least one event loop"};
  if (!work.query_at) throw std::invalid_argument{"a batch needs a query_at"};
  check_policy(work.policy);
  if (!is_base_url(work.base_url)) {
    throw std::invalid_argument{fmt::format(
        "'{}' is not a base URL: write scheme, host and port alone, such as http://127.0.0.1:8080",
        work.base_url)};
  }
}

std::size_t workers_needed(const batch& work) { return std::min(work.workers, work.size); }

namespace {

using std::chrono::ceil;
using std::chrono::milliseconds;

outcome failed(fetch_error_kind kind, const char* text) noexcept {
  try {
    return std::unexpected(fetch_error{kind, text});
  } catch (const std::bad_alloc&) {
    return std::unexpected(fetch_error{kind, {}});
  }
}

}  // namespace

batch_run::batch_run(const batch& work, const outcome_sink& sink, std::size_t workers)
    : work_{work},
      sink_{sink},
      workers_{workers},
      next_{workers},
      // Not a secret, only another for each batch: no call that could fail for want of a descriptor.
      chances_{static_cast<std::uint64_t>(clock::now().time_since_epoch().count())} {
  if (work.drain.stop_possible()) on_drain_.emplace(work.drain, waker{this});
}

bool batch_run::is_over() const {
  return has_failed() || work_.stop.stop_requested() || work_.drain.stop_requested();
}

std::optional<scrape_piece> batch_run::next() {
  if (is_over()) return std::nullopt;
  if (has_set_aside_.load(std::memory_order_acquire)) {
    if (auto due = take_set_aside(true)) return due;
  }
  const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
  if (index < work_.size) return scrape_piece{{.index = index}, {}};
  if (has_set_aside_.load(std::memory_order_acquire)) return take_set_aside(false);
  return std::nullopt;
}

std::optional<scrape_attempt> batch_run::await_next() {
  const auto piece = next();
  if (!piece) return std::nullopt;
  if (!piece->due) return piece->attempt;
  const std::stop_callback on_stop{work_.stop, waker{this}};  // before the lock, which it takes
  std::unique_lock lock{set_aside_};
  over_.wait_until(lock, *piece->due, [this] { return is_over(); });
  return piece->attempt;
}

/// A query that was handed back is as a fresh one: after the repeats that are due, before those that are not.
std::optional<scrape_piece> batch_run::take_set_aside(bool due_only) {
  const std::lock_guard lock{set_aside_};
  auto taken = repeats_.empty() ? std::nullopt : repeats_.take_due(clock::now());
  if (!taken && handed_back_ < handed_back_end_) taken = scrape_piece{{.index = handed_back_++}, {}};
  if (!taken && !due_only) taken = repeats_.take_first();
  has_set_aside_.store(!repeats_.empty() || handed_back_ < handed_back_end_, std::memory_order_release);
  return taken;
}

std::expected<std::string, fetch_error> batch_run::begin(scrape_attempt& attempt) {
  if (is_over()) return std::unexpected(cancelled_outcome().error());
  const auto now = clock::now();
  if (attempt.number == 0) attempt.begun = now;
  if (now - attempt.begun >= work_.policy.scrape_deadline) {
    return std::unexpected(
        fetch_error{fetch_error_kind::deadline_exceeded,
                    fmt::format("{} ms had passed before attempt {}", work_.policy.scrape_deadline.count(),
                                attempt.number + 1)});
  }
  ++attempt.number;
  return search_form_body(asked_for(attempt.index));
}

/// What the user's function throws ends the run, even where it is what a lack of memory throws elsewhere.
query batch_run::asked_for(std::size_t index) {
  try {
    return work_.query_at(index);
  } catch (...) {
    fail(std::current_exception());
    throw;
  }
}

milliseconds batch_run::time_left(const scrape_attempt& attempt) const {
  const auto left = attempt.begun + work_.policy.scrape_deadline - clock::now();
  return std::max(ceil<milliseconds>(left), milliseconds{1});
}

void batch_run::settle(scrape_attempt& attempt, outcome&& result) {
  const scrape_attempt ended = std::exchange(attempt, {});
  if (!result && repeat(ended, result.error())) return;
  deliver(ended.index, std::move(result));
}

/// False when it is not to be repeated.
bool batch_run::repeat(const scrape_attempt& failed, const fetch_error& why) {
  const fetch_policy& policy = work_.policy;
  const bool logs_in_again = is_expired_session(why) && !failed.has_logged_in_again;
  if (!logs_in_again && !may_pass(why)) return false;
  if (failed.number >= policy.max_attempts || is_over()) return false;

  const std::lock_guard lock{delivery_};
  if (static_cast<double>(repeats_made_ + 1) > repeats_allowed(policy, queries_begun())) return false;
  const auto wait =
      logs_in_again ? milliseconds{0} : wait_before_repeat(policy, failed.number, why, chance());
  const auto due = clock::now() + wait;
  if (due >= failed.begun + policy.scrape_deadline) return false;
  try {
    const std::lock_guard aside{set_aside_};
    repeats_.make_room();
  } catch (const std::bad_alloc&) {
    return false;
  }
  ++repeats_made_;
  if (work_.on_retry) work_.on_retry(failed.index, failed.number, why, wait);

  scrape_attempt again = failed;
  again.has_logged_in_again |= logs_in_again;
  const std::lock_guard aside{set_aside_};
  repeats_.add(again, due);
  has_set_aside_.store(true, std::memory_order_release);
  return true;
}

void batch_run::deliver(std::size_t index, outcome&& result) {
  const std::lock_guard lock{delivery_};
  if (!fault_) sink_(index, std::move(result));
}

void batch_run::hand_back(std::size_t first) {
  const std::lock_guard lock{set_aside_};
  handed_back_ = first;
  handed_back_end_ = workers_;
  has_set_aside_.store(true, std::memory_order_release);
}

std::size_t batch_run::queries_begun() const {
  return std::min(next_.load(std::memory_order_relaxed), work_.size);
}

/// Evenly from [0, 1): SplitMix64 (Steele, Lea, Flood 2014), 53 bits of it.
double batch_run::chance() {
  std::uint64_t mixed = chances_ += 0x9E3779B97F4A7C15;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  mixed ^= mixed >> 31;
  return static_cast<double>(mixed >> 11) * 0x1p-53;
}

void batch_run::fail(std::exception_ptr why) {
  {
    const std::lock_guard lock{delivery_};
    if (!fault_) fault_ = std::move(why);
    failed_.store(true, std::memory_order_relaxed);
  }
  wake_all();
}

void batch_run::wake_all() {
  const std::lock_guard lock{set_aside_};
  over_.notify_all();
  for (const listener* one = listeners_; one; one = one->next_) one->wake_();
}

void batch_run::end() {
  if (fault_) std::rethrow_exception(fault_);
  const bool cancelled = is_over();
  const auto give_up = [&](std::size_t index) {
    sink_(index, cancelled ? cancelled_outcome()
                           : failed(fetch_error_kind::out_of_resources,
                                    "no worker was left that could have taken it"));
  };
  while (const auto waiting = repeats_.take_first()) give_up(waiting->attempt.index);
  for (std::size_t index = handed_back_; index < handed_back_end_; ++index) give_up(index);
  for (std::size_t index = next_; index < work_.size; ++index) give_up(index);
}

batch_run::listener::listener(batch_run& run, std::function<void()> wake)
    : run_{run}, wake_{std::move(wake)} {
  const std::lock_guard lock{run_.set_aside_};
  next_ = std::exchange(run_.listeners_, this);
}

batch_run::listener::~listener() {
  const std::lock_guard lock{run_.set_aside_};
  listener** at = &run_.listeners_;
  while (*at != this) at = &(*at)->next_;
  *at = next_;
}

outcome cancelled_outcome() noexcept { return failed(fetch_error_kind::cancelled, "a stop was requested"); }

outcome out_of_resources_outcome(const std::exception& why) noexcept {
  return failed(fetch_error_kind::out_of_resources, why.what());
}

outcome outcome_of_exception() {
  try {
    throw;
  } catch (const std::bad_alloc& why) {
    return out_of_resources_outcome(why);
  } catch (const std::system_error& why) {
    return out_of_resources_outcome(why);
  }
}

}  // namespace farebench
