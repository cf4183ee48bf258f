// Fetches the URLs of standard input, one per line, with 50 fibers on an event loop, in one thread.
#include <farebench/event_loop.hpp>
#include <farebench/fiber.hpp>
#include <farebench/libcurl.hpp>
#include <iostream>

using namespace farebench;

void fetch_urls(event_loop& loop, int& failed) {
  loop_client client{loop, {}};
  for (std::string url; std::cin >> url;) {
    const exchange_result response = await_exchange(loop, client, collecting_request(url));
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
  fiber_stacks stacks{50};
  std::vector<fiber> workers;
  while (workers.size() < 50) workers.emplace_back(stacks, [&] { fetch_urls(loop, failed); });
  for (auto& worker : workers) worker.resume();
  loop.run();
  return failed == 0 ? 0 : 1;
}
