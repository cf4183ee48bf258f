// Fetches the URLs of standard input, one per line, with 50 threads. Another strategy needs only its name.
#include <farebench/for_each_exchange.hpp>
#include <farebench/libcurl.hpp>
#include <iostream>
#include <ranges>

using namespace farebench;

int main() {
  int failed = 0;
  const auto print = [&](const std::string& url, exchange_result&& response) {
    if (!response) ++failed;
    if (response)
      std::cout << response->status << ' ' << response->body().size() << ' ' << response->url() << '\n';
    else
      std::cerr << url << ": " << describe(response.error()) << '\n';
  };
  // Retries what may pass, such as status 503. Options for that, and for ending early, are beside `workers`.
  for_each_exchange("thread_pool", libcurl_transport(), std::views::istream<std::string>(std::cin),
                    {.workers = 50}, print);
  return failed == 0 ? 0 : 1;
}
