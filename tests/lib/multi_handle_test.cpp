#include "libcurl/multi_handle.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/stub_server.hpp"
#include "tests/support/waiting.hpp"

namespace farebench {
namespace {

TEST(multi_handle, error_event_alone_is_a_failed_receive) {
  const test::stub_server site{[](const std::string&) -> test::stub_response {
    return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", .reset_after = true};
  }};
  watched_sockets sockets;
  multi_handle multi{&sockets, 0, 1};
  finished_transfers finished{1};
  const std::unique_ptr<CURL, void (*)(CURL*)> easy{curl_easy_init(), curl_easy_cleanup};
  ASSERT_TRUE(easy);
  curl_easy_setopt(easy.get(), CURLOPT_URL, site.url().c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(
      easy.get(), CURLOPT_WRITEFUNCTION,
      +[](char*, std::size_t size, std::size_t count, void*) { return size * count; });
  multi.add(easy.get());
  const auto is_finished = [&] {
    for (const auto& event : sockets.wait(1)) {
      const bool has_input = (event.events & EPOLLIN) != 0;
      multi.handle_event(event.socket, has_input ? std::uint32_t{EPOLLERR} : event.events);
    }
    multi.handle_time(multi_handle::clock::now());
    multi.collect(finished);
    return !finished.empty();
  };
  ASSERT_TRUE(test::wait_until(is_finished));
  EXPECT_EQ(finished.take_first().code, CURLE_RECV_ERROR);
  multi.remove(easy.get());
}

}  // namespace
}  // namespace farebench
