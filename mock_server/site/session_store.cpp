#include "mock_server/site/session_store.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <charconv>
#include <system_error>

namespace farebench {

session_store::session_store(std::size_t capacity) : capacity_(capacity) {}

session_store::session session_store::start() {
  session_id id;
  // So few bytes come whole, and never with EINTR, once the system has booted (getrandom(2)).
  if (::getrandom(&id, sizeof id, 0) != sizeof id) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  std::uint64_t ordinal;
  {
    const std::lock_guard lock{mutex_};
    ordinal = started_;
    if (by_age_.size() < capacity_) {
      by_age_.push_back(id);
    } else {
      session_id& oldest = by_age_[started_ % capacity_];
      live_.erase(oldest);
      oldest = id;
    }
    live_.emplace(id, ordinal);
    ++started_;
  }
  return {.id = fmt::format("{:016X}{:016X}", id.high, id.low), .ordinal = ordinal};
}

std::optional<std::uint64_t> session_store::ordinal_of(std::string_view id) const {
  const auto asked = read(id);
  if (!asked) return std::nullopt;
  const std::lock_guard lock{mutex_};
  const auto found = live_.find(*asked);
  return found == live_.end() ? std::nullopt : std::optional{found->second};
}

// Its place among those by age stays: when that comes to be the oldest, there is nothing left to end.
void session_store::forget(std::string_view id) {
  const auto asked = read(id);
  if (!asked) return;
  const std::lock_guard lock{mutex_};
  live_.erase(*asked);
}

std::optional<session_store::session_id> session_store::read(std::string_view id) {
  if (id.size() != 32) return std::nullopt;
  const auto read_half = [](std::string_view digits, std::uint64_t& number) {
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return fault == std::errc{} && end == digits.data() + digits.size();
  };
  session_id asked{};
  if (!read_half(id.substr(0, 16), asked.high) || !read_half(id.substr(16), asked.low)) return std::nullopt;
  return asked;
}

std::uint64_t session_store::started() const {
  const std::lock_guard lock{mutex_};
  return started_;
}

}  // namespace farebench
