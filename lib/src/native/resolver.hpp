#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native/addresses.hpp"
#include "native/intrusive_list.hpp"

namespace farebench {

/// Waits for the lookup of a host. A client derives from it or contains it.
class address_waiter : public list_node {};

/// Looks up hosts for one event loop, each in a thread of its own, and remembers their addresses. Clients
/// that need the same host share one lookup. Not thread-safe.
///
/// The resolver may be destroyed during a lookup, which cannot be cancelled: its thread ends later and then
/// releases its memory.
class resolver {
 public:
  struct finished_wait {
    address_waiter& waiter;
    address_result addresses;
  };

  /// `notify` is called by the thread of a lookup that has ended, so that the event loop wakes up and calls
  /// next_finished. It is not called once the resolver has been destroyed, and must not throw nor call the
  /// resolver. Throws std::bad_alloc.
  explicit resolver(std::function<void()> notify, lookup_function look_up = look_up_addresses);
  /// No client may be waiting.
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// Returns the addresses of a known host or an IP literal, or an error. Returns nullopt if they must be
  /// looked up: `waiter`, which must not be waiting, then waits until next_finished returns it or it is
  /// unlinked. Exhausted memory or threads give out_of_resources.
  std::optional<address_result> resolve(std::string_view host, int port, address_waiter& waiter) noexcept;
  /// Returns a waiter whose lookup has ended, which no longer waits, or nullopt if there is none. The waiters
  /// of one lookup are returned in the order of their calls of `resolve`.
  std::optional<finished_wait> next_finished() noexcept;
  // See address_cache.
  bool mark_working(std::string_view host, int port, const socket_address& address) noexcept {
    return addresses_.mark_working(host, port, address);
  }
  void forget(std::string_view host, int port) noexcept { addresses_.forget(host, port); }

 private:
  struct lookup_outcome;
  struct pending_lookup;

  void start(std::string_view host, int port, address_waiter& waiter);
  void receive(pending_lookup& lookup) noexcept;

  std::function<void()> notify_;
  address_cache addresses_;
  std::vector<std::unique_ptr<pending_lookup>> lookups_;
};

}  // namespace farebench
