// Contract of every strategy for https, with the TLS of its transport or without.

#include <gmock/gmock.h>
#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// Self-signed certificate for 127.0.0.1.
certificate create_self_signed(EVP_PKEY* own) {
  certificate result{X509_new(), &X509_free};
  ASN1_INTEGER_set(X509_get_serialNumber(result.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(result.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(result.get()), 3600);
  X509_set_pubkey(result.get(), own);
  X509_NAME* const name = X509_get_subject_name(result.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"),
                             -1, -1, 0);
  X509_set_issuer_name(result.get(), name);
  X509_sign(result.get(), own, EVP_sha256());
  return result;
}

class tls : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, tls, strategies_on([](const transport& http) { return http.has_tls(); }),
                         name_of);

TEST_P(tls, self_signed_certificate_is_connect_failed) {
  const key own{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  const auto self_signed = create_self_signed(own.get());
  httplib::SSLServer site{self_signed.get(), own.get()};
  ASSERT_TRUE(site.is_valid());
  std::atomic<int> requests = 0;
  site.set_pre_routing_handler([&](const httplib::Request&, httplib::Response&) {
    ++requests;
    return httplib::Server::HandlerResponse::Handled;
  });
  const int port = site.bind_to_any_port("127.0.0.1");
  ASSERT_GT(port, 0);
  const std::jthread listening{[&] { site.listen_after_bind(); }};
  while (!site.is_running()) std::this_thread::yield();

  auto work = days_at("https://127.0.0.1:" + std::to_string(port), 3, 2);
  work.policy.max_attempts = 1;
  collected_outcomes outcomes;
  run(work, outcomes.sink());
  site.stop();
  ASSERT_EQ(outcomes.size(), 3u);
  for (const auto& [index, result] : outcomes.by_index()) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, fetch_error_kind::connect_failed) << describe(result.error());
  }
  EXPECT_EQ(requests, 0);
}

class no_tls : public every_strategy {};
INSTANTIATE_TEST_SUITE_P(contract, no_tls,
                         strategies_on([](const transport& http) { return !http.has_tls(); }), name_of);

TEST_P(no_tls, https_site_is_refused) {
  const auto work = days_at("https://127.0.0.1:1", 3, 2);
  try {
    run(work, [](std::size_t, outcome&&) { ADD_FAILURE() << "an outcome of a refused batch"; });
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("https://127.0.0.1:1"));
  }
}

TEST_P(no_tls, redirect_to_https_is_refused) {
  for (const char* const location : {"https://127.0.0.1/m/", "HTTPS://127.0.0.1/m/"}) {
    const stub_server site{[&](const std::string& request) -> stub_response {
      if (!is_search(request)) return start_page();
      return {.bytes = http_response(302, std::string{"Location: "} + location + "\r\n", "")};
    }};
    auto work = days_at(site.url(), 3, 2);
    collected_outcomes outcomes;
    run(work, outcomes.sink());
    ASSERT_EQ(outcomes.size(), 3u);
    for (const auto& [index, result] : outcomes.by_index()) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().kind, fetch_error_kind::redirect_refused) << describe(result.error());
    }
  }
}

}  // namespace
}  // namespace farebench::test
