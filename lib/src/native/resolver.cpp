#include "native/resolver.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

namespace farebench {
namespace {

/// Its text is short enough to need no memory.
fetch_error out_of_memory() { return {fetch_error_kind::out_of_resources, "out of memory"}; }

fetch_error no_thread(const std::system_error& error) noexcept {
  try {
    return {fetch_error_kind::out_of_resources, error.what()};
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

lookup_result look_up_or_error(const lookup_function& look_up, const std::string& host, int port) noexcept {
  try {
    return look_up(host, port);
  } catch (const std::bad_alloc&) {
    return std::unexpected(out_of_memory());
  }
}

address_result copy_of(const address_result& addresses) noexcept {
  try {
    return addresses;
  } catch (const std::bad_alloc&) {
    return std::unexpected(out_of_memory());
  }
}

}  // namespace

/// Shared by a lookup's thread and the resolver.
struct resolver::lookup_outcome {
  std::mutex mutex;
  // Empty once the resolver has been destroyed.
  std::function<void()> notify;
  std::optional<lookup_result> result;

  void set(lookup_result new_result) noexcept {
    const std::lock_guard lock{mutex};
    result = std::move(new_result);
    if (notify) notify();
  }
};

struct resolver::pending_lookup {
  std::string host;
  int port;
  std::shared_ptr<lookup_outcome> outcome = std::make_shared<lookup_outcome>();
  intrusive_list<address_waiter> waiters = {};
  // Set once the thread has ended.
  std::optional<address_result> addresses = {};
};

resolver::resolver(std::function<void()> notify, lookup_function look_up)
    : notify_{std::move(notify)}, addresses_{std::move(look_up)} {}

resolver::~resolver() {
  for (const auto& lookup : lookups_) {
    const std::lock_guard lock{lookup->outcome->mutex};
    lookup->outcome->notify = nullptr;
  }
}

std::optional<address_result> resolver::resolve(std::string_view host, int port,
                                                address_waiter& waiter) noexcept {
  try {
    // A lookup that has ended is not joined: its failure would be remembered.
    const auto current = std::ranges::find_if(lookups_, [&](const auto& lookup) {
      return !lookup->addresses && lookup->port == port && lookup->host == host;
    });
    if (current != lookups_.end()) {
      (*current)->waiters.push_back(waiter);
      return std::nullopt;
    }
    if (auto known = addresses_.find(host, port)) return known;
    start(host, port, waiter);
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return std::unexpected(out_of_memory());
  } catch (const std::system_error& error) {
    return std::unexpected(no_thread(error));
  }
}

std::optional<resolver::finished_wait> resolver::next_finished() noexcept {
  for (auto current = lookups_.begin(); current != lookups_.end();) {
    auto& lookup = **current;
    if (!lookup.addresses) receive(lookup);
    if (!lookup.addresses) {
      ++current;
    } else if (lookup.waiters.empty()) {
      current = lookups_.erase(current);
    } else {
      auto& waiter = lookup.waiters.front();
      waiter.unlink();
      return finished_wait{waiter, copy_of(*lookup.addresses)};
    }
  }
  return std::nullopt;
}

void resolver::start(std::string_view host, int port, address_waiter& waiter) {
  lookups_.reserve(lookups_.size() + 1);
  std::unique_ptr<pending_lookup> started{new pending_lookup{.host = std::string{host}, .port = port}};
  started->outcome->notify = notify_;
  std::thread{[outcome = started->outcome, look_up = addresses_.look_up(), name = started->host,
               port]() noexcept {
    outcome->set(look_up_or_error(look_up, name, port));
  }}.detach();
  started->waiters.push_back(waiter);
  lookups_.push_back(std::move(started));
}

/// Stores the addresses of a lookup if its thread has ended.
void resolver::receive(pending_lookup& lookup) noexcept {
  const std::lock_guard lock{lookup.outcome->mutex};
  auto& result = lookup.outcome->result;
  if (!result) return;
  try {
    lookup.addresses = addresses_.remember(lookup.host, lookup.port, *std::move(result));
  } catch (const std::bad_alloc&) {
    lookup.addresses = std::unexpected(out_of_memory());
  }
}

}  // namespace farebench
