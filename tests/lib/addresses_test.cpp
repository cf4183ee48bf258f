#include "native/addresses.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>

#include <cstddef>
#include <expected>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/lib/address_support.hpp"

namespace farebench {
namespace {

/// Looks up every host as the addresses of a test and counts the calls.
class fake_lookup {
 public:
  explicit fake_lookup(lookup_result result) : result_{std::move(result)} {}

  lookup_function function() {
    return [this](const std::string&, int) {
      ++calls_;
      return result_;
    };
  }
  std::size_t calls() const { return calls_; }

 private:
  lookup_result result_;
  std::size_t calls_ = 0;
};

lookup_result refuse_lookup(const std::string& host, int) {
  ADD_FAILURE() << host;
  return std::unexpected(fetch_error{fetch_error_kind::connect_failed, {}});
}

fetch_error_kind kind_of(const std::optional<address_result>& result) {
  return result && !result->has_value() ? result->error().kind : fetch_error_kind{};
}

TEST(addresses, ipv4_literal_needs_no_lookup) {
  const auto addresses = address_cache{refuse_lookup}.find("192.0.2.1", 8080).value().value();
  ASSERT_EQ(addresses->size(), 1u);
  const auto& address = addresses->front();
  ASSERT_EQ(address.family(), AF_INET);
  ASSERT_EQ(address.size(), sizeof(sockaddr_in));
  const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(*address.get());
  EXPECT_EQ(ntohl(ipv4.sin_addr.s_addr), 0xC0000201u);
  EXPECT_EQ(ntohs(ipv4.sin_port), 8080);
}

TEST(addresses, bracketed_ipv6_literal_needs_no_lookup) {
  const auto addresses = address_cache{refuse_lookup}.find("[::1]", 81).value().value();
  ASSERT_EQ(addresses->size(), 1u);
  const auto& address = addresses->front();
  ASSERT_EQ(address.family(), AF_INET6);
  ASSERT_EQ(address.size(), sizeof(sockaddr_in6));
  const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(*address.get());
  EXPECT_TRUE(IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr));
  EXPECT_EQ(ntohs(ipv6.sin6_port), 81);
}

TEST(addresses, invalid_bracketed_literal_is_invalid_url) {
  for (const char* const host : {"[1.2.3.4]", "[:::]", "[::1::2]", "[localhost]", "[]"}) {
    EXPECT_EQ(kind_of(address_cache{refuse_lookup}.find(host, 80)), fetch_error_kind::invalid_url) << host;
    EXPECT_EQ(look_up_addresses(host, 80).error().kind, fetch_error_kind::invalid_url) << host;
  }
}

TEST(addresses, name_needs_a_lookup) {
  for (const char* const host : {"localhost", "www.example.org", "1.2.3.4.5", "%31", "b\u00FCcher.example"})
    EXPECT_FALSE(address_cache{refuse_lookup}.find(host, 80)) << host;
}

TEST(addresses, localhost_has_an_address) {
  const auto addresses = look_up_addresses("localhost", 80);
  ASSERT_TRUE(addresses) << addresses.error().detail;
  EXPECT_THAT(*addresses, testing::IsSubsetOf({address_of("127.0.0.1"), address_of("[::1]")}));
}

TEST(addresses, failed_lookup_names_host_and_reason) {
  // No server is asked, because a label is empty.
  const auto addresses = look_up_addresses("name..invalid", 80);
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().kind, fetch_error_kind::connect_failed);
  EXPECT_THAT(addresses.error().detail,
              testing::HasSubstr("no address for name..invalid: Name or service not known"));
}

TEST(addresses, families_alternate) {
  const auto order = [](std::vector<std::string> texts) {
    auto addresses = addresses_of(texts);
    interleave_families(addresses);
    return addresses;
  };
  EXPECT_EQ(order({}), addresses_of({}));
  EXPECT_EQ(order({"[::1]"}), addresses_of({"[::1]"}));
  EXPECT_EQ(order({"[::1]", "[::2]", "[::3]", "1.1.1.1", "1.1.1.2"}),
            addresses_of({"[::1]", "1.1.1.1", "[::2]", "1.1.1.2", "[::3]"}));
  EXPECT_EQ(order({"1.1.1.1", "[::1]", "[::2]", "[::3]", "1.1.1.2"}),
            addresses_of({"1.1.1.1", "[::1]", "1.1.1.2", "[::2]", "[::3]"}));
  EXPECT_EQ(order({"1.1.1.1", "1.1.1.2"}), addresses_of({"1.1.1.1", "1.1.1.2"}));
}

TEST(addresses, lookup_is_remembered) {
  fake_lookup dns{addresses_of({"[::1]", "[::2]", "1.1.1.1"})};
  address_cache cache{dns.function()};
  for (int i = 0; i < 2; ++i) {
    const auto result = cache.resolve("a.example", 80);
    ASSERT_TRUE(result);
    EXPECT_EQ(**result, addresses_of({"[::1]", "1.1.1.1", "[::2]"}));
  }
  EXPECT_EQ(dns.calls(), 1u);
  EXPECT_TRUE(cache.find("a.example", 80));
  EXPECT_FALSE(cache.find("a.example", 81));
  EXPECT_FALSE(cache.find("b.example", 80));
}

TEST(addresses, thousand_hosts_are_remembered) {
  fake_lookup dns{addresses_of({"1.1.1.1"})};
  address_cache cache{dns.function()};
  for (int port = 1; port <= 1'000; ++port) EXPECT_TRUE(cache.resolve("a.example", port));
  EXPECT_TRUE(cache.find("a.example", 1));
  EXPECT_TRUE(cache.resolve("a.example", 1'001));
  EXPECT_TRUE(cache.find("a.example", 1'001));
  EXPECT_FALSE(cache.find("a.example", 1));
}

TEST(addresses, failure_is_not_remembered) {
  fake_lookup dns{std::unexpected(fetch_error{fetch_error_kind::connect_failed, "unknown"})};
  address_cache cache{dns.function()};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(cache.resolve("a.example", 80).error().detail, "unknown");
  EXPECT_EQ(dns.calls(), 2u);
}

TEST(addresses, forgotten_host_is_looked_up_again) {
  fake_lookup dns{addresses_of({"1.1.1.1"})};
  address_cache cache{dns.function()};
  EXPECT_TRUE(cache.resolve("a.example", 80));
  cache.forget("a.example", 81);
  EXPECT_TRUE(cache.find("a.example", 80));
  cache.forget("a.example", 80);
  EXPECT_FALSE(cache.find("a.example", 80));
  EXPECT_TRUE(cache.resolve("a.example", 80));
  EXPECT_EQ(dns.calls(), 2u);
}

TEST(addresses, lookup_without_memory_is_out_of_resources) {
  address_cache cache{[](const std::string&, int) -> lookup_result { throw std::bad_alloc{}; }};
  EXPECT_EQ(kind_of(cache.resolve("a.example", 80)), fetch_error_kind::out_of_resources);
}

TEST(addresses, working_address_comes_first) {
  fake_lookup dns{addresses_of({"[::1]", "1.1.1.1", "[::2]", "1.1.1.2"})};
  address_cache cache{dns.function()};
  const auto before = cache.resolve("a.example", 80);
  EXPECT_TRUE(cache.mark_working("a.example", 80, address_of("1.1.1.2")));
  EXPECT_EQ(**cache.resolve("a.example", 80), addresses_of({"1.1.1.2", "[::1]", "1.1.1.1", "[::2]"}));
  EXPECT_EQ(**before, addresses_of({"[::1]", "1.1.1.1", "[::2]", "1.1.1.2"}));
}

TEST(addresses, unknown_working_address_changes_nothing) {
  fake_lookup dns{addresses_of({"[::1]", "1.1.1.1"})};
  address_cache cache{dns.function()};
  const auto before = cache.resolve("a.example", 80);
  EXPECT_FALSE(cache.mark_working("a.example", 80, address_of("9.9.9.9")));
  EXPECT_FALSE(cache.mark_working("a.example", 81, address_of("1.1.1.1")));
  EXPECT_TRUE(cache.mark_working("a.example", 80, address_of("[::1]")));
  EXPECT_TRUE(cache.resolve("a.example", 80) == before);
}

}  // namespace
}  // namespace farebench
