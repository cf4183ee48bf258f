#include "native/resolver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "tests/lib/address_support.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

/// Lookups end when the test gives their results. Owned by the lookups too, which may outlive a test.
class pending_lookups {
 public:
  lookup_result look_up(const std::string& host) {
    started.add();
    std::unique_lock lock{mutex_};
    given_.wait(lock, [&] { return results_.contains(host); });
    return results_.extract(results_.find(host)).mapped();
  }

  /// Ends one lookup of the host, which may start later.
  void end(const std::string& host, lookup_result result) {
    const std::lock_guard lock{mutex_};
    results_.emplace(host, std::move(result));
    given_.notify_all();
  }

  test::event_count started;

 private:
  std::mutex mutex_;
  std::condition_variable given_;
  std::multimap<std::string, lookup_result> results_;
};

class resolver_test : public testing::Test {
 protected:
  static lookup_result failure() {
    return std::unexpected(fetch_error{fetch_error_kind::connect_failed, "unknown"});
  }

  /// Starts or joins a lookup.
  void wait_for(const std::string& host, address_waiter& waiter) {
    ASSERT_FALSE(resolver_->resolve(host, 80, waiter)) << host;
  }

  /// Expects a wait of this waiter to have ended.
  void expect_finished(const address_waiter& waiter, const lookup_result& result) {
    const auto finished = resolver_->next_finished();
    ASSERT_TRUE(finished);
    EXPECT_EQ(&finished->waiter, &waiter);
    EXPECT_FALSE(waiter.is_linked());
    ASSERT_EQ(finished->addresses.has_value(), result.has_value());
    if (result) {
      EXPECT_EQ(**finished->addresses, *result);
    } else {
      EXPECT_EQ(finished->addresses.error(), result.error());
    }
  }

  std::shared_ptr<pending_lookups> dns_ = std::make_shared<pending_lookups>();
  std::atomic<int> notification_count_ = 0;
  test::event_count notifications_;
  std::optional<resolver> resolver_{
      std::in_place,
      [this] {
        ++notification_count_;
        notifications_.add();
      },
      [dns = dns_](const std::string& host, int) { return dns->look_up(host); }};
  const lookup_result addresses_ = addresses_of({"[::1]", "1.1.1.1"});
};

TEST_F(resolver_test, literal_is_resolved_at_once) {
  address_waiter waiter;
  const auto addresses = resolver_->resolve("127.0.0.1", 80, waiter);
  ASSERT_TRUE(addresses && *addresses);
  EXPECT_EQ(***addresses, addresses_of({"127.0.0.1"}));
  EXPECT_FALSE(waiter.is_linked());
}

TEST_F(resolver_test, name_is_resolved_later_and_remembered) {
  address_waiter waiter;
  wait_for("a", waiter);
  EXPECT_FALSE(resolver_->next_finished());
  dns_->end("a", addresses_);
  ASSERT_TRUE(notifications_.wait_for(1));
  expect_finished(waiter, addresses_);
  EXPECT_FALSE(resolver_->next_finished());
  EXPECT_TRUE(resolver_->resolve("a", 80, waiter));
}

TEST_F(resolver_test, same_name_causes_one_lookup) {
  address_waiter first;
  address_waiter second;
  address_waiter other;
  wait_for("a", first);
  wait_for("b", other);
  wait_for("a", second);
  dns_->end("a", addresses_);
  ASSERT_TRUE(notifications_.wait_for(1));
  expect_finished(first, addresses_);
  expect_finished(second, addresses_);
  EXPECT_FALSE(resolver_->next_finished());
  dns_->end("b", failure());
  ASSERT_TRUE(notifications_.wait_for(2));
  expect_finished(other, failure());
  // A second lookup of "a" would have no result.
  EXPECT_TRUE(dns_->started.wait_for(2));
  EXPECT_TRUE(resolver_->resolve("a", 80, first));
}

TEST_F(resolver_test, failure_ends_all_waits_and_is_not_remembered) {
  address_waiter first;
  address_waiter second;
  wait_for("a", first);
  wait_for("a", second);
  dns_->end("a", failure());
  ASSERT_TRUE(notifications_.wait_for(1));
  expect_finished(first, failure());
  // A retry starts another lookup, although `second` has not been returned.
  wait_for("a", first);
  expect_finished(second, failure());
  EXPECT_FALSE(resolver_->next_finished());
  dns_->end("a", addresses_);
  ASSERT_TRUE(notifications_.wait_for(2));
  expect_finished(first, addresses_);
}

TEST_F(resolver_test, unlinked_waiter_is_not_returned) {
  address_waiter first;
  address_waiter second;
  wait_for("a", first);
  wait_for("a", second);
  first.unlink();
  dns_->end("a", addresses_);
  ASSERT_TRUE(notifications_.wait_for(1));
  expect_finished(second, addresses_);
  EXPECT_FALSE(resolver_->next_finished());
}

TEST_F(resolver_test, lookup_without_waiters_is_remembered) {
  address_waiter waiter;
  wait_for("a", waiter);
  waiter.unlink();
  dns_->end("a", addresses_);
  ASSERT_TRUE(notifications_.wait_for(1));
  EXPECT_FALSE(resolver_->next_finished());
  EXPECT_TRUE(resolver_->resolve("a", 80, waiter));
}

TEST_F(resolver_test, lookup_may_outlive_its_resolver) {
  address_waiter waiter;
  wait_for("a", waiter);
  ASSERT_TRUE(dns_->started.wait_for(1));
  waiter.unlink();
  resolver_.reset();
  dns_->end("a", addresses_);
  // The thread of the lookup has ended once it has released its function.
  EXPECT_TRUE(test::wait_until([&] { return dns_.use_count() == 1; }));
  EXPECT_EQ(notification_count_, 0);
}

TEST_F(resolver_test, working_address_comes_first) {
  address_waiter waiter;
  wait_for("a", waiter);
  dns_->end("a", addresses_);
  ASSERT_TRUE(notifications_.wait_for(1));
  expect_finished(waiter, addresses_);
  EXPECT_TRUE(resolver_->mark_working("a", 80, address_of("1.1.1.1")));
  EXPECT_EQ(***resolver_->resolve("a", 80, waiter), addresses_of({"1.1.1.1", "[::1]"}));
}

TEST(resolver, lookup_without_memory_is_out_of_resources) {
  test::event_count notifications;
  resolver resolver{[&] { notifications.add(); },
                    [](const std::string&, int) -> lookup_result { throw std::bad_alloc{}; }};
  address_waiter waiter;
  ASSERT_FALSE(resolver.resolve("a", 80, waiter));
  ASSERT_TRUE(notifications.wait_for(1));
  const auto finished = resolver.next_finished();
  ASSERT_TRUE(finished && !finished->addresses);
  EXPECT_EQ(finished->addresses.error().kind, fetch_error_kind::out_of_resources);
}

TEST(resolver, localhost_is_resolved) {
  test::event_count notifications;
  resolver resolver{[&] { notifications.add(); }};
  address_waiter waiter;
  ASSERT_FALSE(resolver.resolve("localhost", 80, waiter));
  ASSERT_TRUE(notifications.wait_for(1));
  const auto finished = resolver.next_finished();
  EXPECT_TRUE(finished && finished->addresses);
}

}  // namespace
}  // namespace farebench
