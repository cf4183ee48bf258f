#include "native/native_loop.hpp"

#include <algorithm>
#include <utility>

namespace farebench {
namespace {

// A page of article size takes two reads of 64 KiB. Only touched pages are resident, but threads have many.
constexpr std::size_t many_clients_buffer_bytes = 64 * 1024;
constexpr std::size_t one_client_buffer_bytes = 4 * 1024;

// More responses are incomplete at once only while a server sends them in parts.
constexpr std::size_t max_spare_parsers = 256;

}  // namespace

native_loop::native_loop(std::unique_ptr<socket_set> sockets, std::size_t buffer_bytes,
                         bool looks_up_in_threads, lookup_function look_up)
    : sockets_{std::move(sockets)},
      addresses_{look_up},
      buffer_bytes_{buffer_bytes},
      buffer_{std::make_unique_for_overwrite<char[]>(buffer_bytes)} {
  spare_parsers_.reserve(looks_up_in_threads ? max_spare_parsers : 1);
  if (looks_up_in_threads) resolver_ = std::make_unique<resolver>([this] { wake_up(); }, std::move(look_up));
}

std::unique_ptr<native_loop> native_loop::create_for_many(lookup_function look_up) {
  return std::unique_ptr<native_loop>{
      new native_loop{std::make_unique<epoll_set>(), many_clients_buffer_bytes, true, std::move(look_up)}};
}

std::unique_ptr<native_loop> native_loop::create_for_one(lookup_function look_up) {
  return std::unique_ptr<native_loop>{
      new native_loop{std::make_unique<poll_set>(), one_client_buffer_bytes, false, std::move(look_up)}};
}

std::unique_ptr<transport_client> native_loop::create_client(const fetch_limits& limits) {
  return std::make_unique<native_client>(*this, limits);
}

/// Sends the requests of started exchanges first. Does not wait if that finishes one.
void native_loop::wait(clock::time_point until) {
  while (finished_ == nullptr && begin_queued()) {
  }
  if (next_event_ < events_.size()) return;
  if (finished_ != nullptr) until = clock::time_point::min();
  if (const auto wake_up = deadlines_.next_wake_up()) until = std::min(until, *wake_up);
  const int milliseconds = until == clock::time_point::min() ? 0 : milliseconds_between(clock::now(), until);
  // Empty if the wait throws.
  events_ = {};
  next_event_ = 0;
  events_ = sockets_->wait(milliseconds);
  now_ = clock::now();
}

transport_client* native_loop::next_finished() {
  while (true) {
    if (finished_ != nullptr) return std::exchange(finished_, nullptr);
    if (std::exchange(may_begin_, false) && begin_queued()) continue;
    if (next_event_ < events_.size()) {
      may_begin_ = true;
      const auto [socket, events] = events_[next_event_++];
      if (auto* const owner = sockets_->owner_of(socket)) owner->handle(socket, events);
    } else if (auto ended = resolver_ ? resolver_->next_finished() : std::nullopt) {
      static_cast<native_client&>(ended->waiter).continue_with(std::move(ended->addresses));
    } else if (auto* const due = deadlines_.pop_due(now_)) {
      static_cast<native_client&>(*due).expire();
    } else {
      return nullptr;
    }
  }
}

/// Begins one of the started exchanges. Returns false if there is none.
bool native_loop::begin_queued() {
  if (queue_.empty()) return false;
  auto& client = static_cast<native_client&>(queue_.front());
  client.address_waiter::unlink();
  now_ = clock::now();
  client.begin();
  return true;
}

std::optional<address_result> native_loop::resolve(std::string_view host, int port, address_waiter& waiter) {
  if (resolver_) return resolver_->resolve(host, port, waiter);
  return addresses_.resolve(host, port);
}

void native_loop::mark_working(std::string_view host, int port, const socket_address& address) noexcept {
  // Without memory, the next connection tries the addresses in the same order.
  static_cast<void>(resolver_ ? resolver_->mark_working(host, port, address)
                              : addresses_.mark_working(host, port, address));
}

void native_loop::forget(std::string_view host, int port) noexcept {
  resolver_ ? resolver_->forget(host, port) : addresses_.forget(host, port);
}

std::unique_ptr<response_parser> native_loop::take_parser() {
  if (spare_parsers_.empty()) return std::make_unique<response_parser>();
  auto parser = std::move(spare_parsers_.back());
  spare_parsers_.pop_back();
  return parser;
}

void native_loop::return_parser(std::unique_ptr<response_parser> parser) noexcept {
  if (parser && spare_parsers_.size() < max_spare_parsers) spare_parsers_.push_back(std::move(parser));
}

}  // namespace farebench
