// Fetches the URLs of standard input, one per line, with 50 coroutines on an event loop, in one thread.
#include <farebench/event_loop.hpp>
#include <farebench/libcurl.hpp>
#include <farebench/task.hpp>
#include <iostream>

using namespace farebench;

task<> fetch_urls(event_loop& loop, int& failed) {
  loop_client client{loop, {}};
  for (std::string url; std::cin >> url;) {
    const exchange_result response = co_await loop.exchange(client, collecting_request(url));
    if (!response) ++failed;
    if (response)
      std::cout << response->status << ' ' << response->body().size() << ' ' << response->url() << '\n';
    else
      std::cerr << url << ": " << describe(response.error()) << '\n';
  }
}

int main() {
  int failed = 0;
  event_loop loop{libcurl_transport(), 50};
  std::vector<task<>> workers;
  while (workers.size() < 50) workers.push_back(fetch_urls(loop, failed));
  for (auto& worker : workers) worker.start();
  loop.run();
  for (auto& worker : workers) worker.result();
  return failed == 0 ? 0 : 1;
}
