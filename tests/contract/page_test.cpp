// Contract of every strategy for batches of pages: the right bodies, one outcome per page, the connections
// that the batch asks for.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/contract/every_strategy.hpp"
#include "tests/contract/sites.hpp"
#include "tests/support/stub_server.hpp"

namespace farebench::test {
namespace {

using namespace std::chrono_literals;

std::string path_of_page(std::size_t index) { return fmt::format("/page/{}", index); }

std::string body_of_page(std::size_t index) {
  return fmt::format("page {} ", index) + std::string(3'000 + index, 'x');
}

bool asks_for(const std::string& request, std::size_t index) {
  return request.starts_with(fmt::format("GET {} HTTP/1.1\r\n", path_of_page(index)));
}

/// Site of `pages` pages, which records its requests.
class page_site {
 public:
  explicit page_site(std::size_t pages) : pages_{pages} {}

  std::string url() const { return server_.url(); }
  stub_server& server() { return server_; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }
  /// Replaces the response to some requests: one without bytes and without a flag stands for the page.
  std::function<stub_response(const std::string& request)> fault;

 private:
  stub_response respond(const std::string& request) {
    {
      const std::lock_guard lock{mutex_};
      requests_.push_back(request);
    }
    if (fault) {
      auto response = fault(request);
      if (!response.bytes.empty() || response.close_after) return response;
    }
    for (std::size_t index = 0; index < pages_; ++index) {
      if (asks_for(request, index)) return {.bytes = http_response(200, "", body_of_page(index))};
    }
    return {.bytes = http_response(404, "", "no such page")};
  }

  const std::size_t pages_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  stub_server server_{[this](const std::string& request) { return respond(request); }};
};

/// A batch of pages and the bodies that it has received.
struct page_batch {
  page_batch(const std::string& url, std::size_t size, std::size_t workers) : bodies(size) {
    work.base_url = url;
    work.size = size;
    work.workers = workers;
    work.pages = {.path_at =
                      [this](std::size_t index) {
                        bodies[index].clear();
                        return path_of_page(index);
                      },
                  .on_body = [this](std::size_t index, std::string_view chunk) { bodies[index] += chunk; }};
  }

  batch work;
  std::vector<std::string> bodies;
};

class pages : public every_strategy {
 protected:
  void run_pages(const page_batch& batch) { run(batch.work, outcomes.sink()); }

  /// Expects the page's body and an outcome without fares.
  void expect_page(const page_batch& batch, std::size_t index) {
    ASSERT_TRUE(outcomes.at(index)) << index << ": " << describe(outcomes.at(index).error());
    EXPECT_TRUE(outcomes.at(index)->empty());
    EXPECT_EQ(batch.bodies[index], body_of_page(index));
  }

  collected_outcomes outcomes;
};
INSTANTIATE_TEST_SUITE_P(contract, pages, all_strategies(), name_of);

TEST_P(pages, each_page_is_fetched_once_on_kept_connections) {
  constexpr std::size_t size = 40;
  for (const std::size_t loops : {1u, 3u}) {
    page_site site{size};
    page_batch batch{site.url(), size, 7};
    batch.work.loops = loops;
    outcomes = {};
    run_pages(batch);
    ASSERT_EQ(outcomes.size(), size);
    for (std::size_t index = 0; index < size; ++index) expect_page(batch, index);
    EXPECT_EQ(site.requests().size(), size);
    EXPECT_EQ(site.server().accepted_connections(), concurrency(7));
  }
}

TEST_P(pages, fresh_mode_opens_a_connection_per_page) {
  constexpr std::size_t size = 40;
  constexpr std::size_t workers = 4;
  page_site site{size};
  // While a request is in flight, its worker has no other connection.
  site.fault = [&](const std::string&) {
    EXPECT_TRUE(wait_until([&] { return site.server().open_connections() <= concurrency(workers); }));
    return stub_response{};
  };
  page_batch batch{site.url(), size, workers};
  batch.work.connections = connection_mode::fresh;
  run_pages(batch);
  ASSERT_EQ(outcomes.size(), size);
  for (std::size_t index = 0; index < size; ++index) expect_page(batch, index);
  EXPECT_EQ(site.server().accepted_connections(), size);
}

TEST_P(pages, failed_pages_do_not_affect_other_pages) {
  using enum fetch_error_kind;
  constexpr std::size_t size = 12;
  const std::vector<std::pair<stub_response, fetch_error_kind>> faults{
      {{.bytes = http_response(404, "", "no such page")}, unexpected_status},
      {{.bytes = http_response(500, "", "")}, unexpected_status},
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort", .close_after = true},
       connection_lost},
      {{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nreset", .reset_after = true},
       connection_lost},
      {{.bytes = http_response(200, "", std::string(20'000, 'x'))}, body_too_large}};
  for (const auto mode : {connection_mode::kept, connection_mode::fresh}) {
    page_site site{size};
    // Every second page fails.
    site.fault = [&](const std::string& request) {
      for (std::size_t i = 0; i < faults.size(); ++i) {
        if (asks_for(request, 2 * i)) return faults[i].first;
      }
      return stub_response{};
    };
    page_batch batch{site.url(), size, 3};
    batch.work.connections = mode;
    batch.work.policy.max_attempts = 1;
    batch.work.policy.exchange.max_body_bytes = 10'000;
    outcomes = {};
    run_pages(batch);
    ASSERT_EQ(outcomes.size(), size);
    for (std::size_t index = 0; index < size; ++index) {
      if (index % 2 != 0 || index / 2 >= faults.size()) {
        expect_page(batch, index);
        continue;
      }
      ASSERT_FALSE(outcomes.at(index)) << index;
      EXPECT_EQ(outcomes.at(index).error().kind, faults[index / 2].second)
          << describe(outcomes.at(index).error());
    }
    EXPECT_EQ(outcomes.at(0).error().detail, "the page returned status 404");
    EXPECT_EQ(outcomes.at(0).error().status, 404);
    EXPECT_EQ(site.requests().size(), size);
  }
}

TEST_P(pages, retry_receives_the_body_from_its_start) {
  constexpr std::size_t size = 6;
  page_site site{size};
  std::mutex mutex;
  std::set<std::string> failed;
  site.fault = [&](const std::string& request) {
    const std::lock_guard lock{mutex};
    if (!failed.insert(request.substr(0, request.find("\r\n"))).second) return stub_response{};
    return stub_response{.bytes = http_response(200, "", body_of_page(5)).substr(0, 1'000),
                         .close_after = true};
  };
  page_batch batch{site.url(), size, 2};
  batch.work.policy.backoff_base = 1ms;
  std::size_t retries = 0;
  batch.work.on_retry = [&](std::size_t, std::size_t, const fetch_error&, std::chrono::milliseconds) {
    ++retries;
  };
  run_pages(batch);
  ASSERT_EQ(outcomes.size(), size);
  for (std::size_t index = 0; index < size; ++index) expect_page(batch, index);
  EXPECT_EQ(retries, size);
}

TEST_P(pages, tagged_request_has_index_and_attempt) {
  page_site site{1};
  page_batch batch{site.url(), 1, 1};
  batch.work.policy.tag_requests = true;
  run_pages(batch);
  expect_page(batch, 0);
  EXPECT_THAT(site.requests(), testing::ElementsAre(testing::HasSubstr("\r\nX-Item: 0/1\r\n")));
}

TEST_P(pages, bodies_without_receiver_are_discarded) {
  page_site site{3};
  page_batch batch{site.url(), 3, 2};
  batch.work.pages.on_body = nullptr;
  run_pages(batch);
  ASSERT_EQ(outcomes.size(), 3u);
  for (std::size_t index = 0; index < 3; ++index) EXPECT_TRUE(outcomes.at(index));
}

TEST_P(pages, path_without_slash_is_not_sent) {
  page_site site{2};
  page_batch batch{site.url(), 2, 2};
  batch.work.pages.path_at = [](std::size_t index) { return index == 0 ? "0/page" : ""; };
  run_pages(batch);
  ASSERT_EQ(outcomes.size(), 2u);
  for (std::size_t index = 0; index < 2; ++index) {
    ASSERT_FALSE(outcomes.at(index));
    EXPECT_EQ(outcomes.at(index).error().kind, fetch_error_kind::invalid_url);
  }
  EXPECT_THAT(site.requests(), testing::IsEmpty());
}

TEST_P(pages, exception_of_callback_leaves_run) {
  page_site site{50};
  for (const bool is_path : {true, false}) {
    page_batch batch{site.url(), 50, 4};
    // An exception of the user's ends the run, even if the library's own would be one query's error.
    if (is_path) {
      batch.work.pages.path_at = [](std::size_t index) {
        return index == 3 ? throw std::bad_alloc{} : path_of_page(index);
      };
    } else {
      batch.work.pages.on_body = [](std::size_t index, std::string_view) {
        if (index == 3) throw std::bad_alloc{};
      };
    }
    EXPECT_THROW(run(batch.work, [](std::size_t, outcome&&) {}), std::bad_alloc) << is_path;
  }
}

}  // namespace
}  // namespace farebench::test
