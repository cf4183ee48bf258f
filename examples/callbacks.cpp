// Fetches the URLs of standard input, one per line, with 50 callbacks of an event loop, in one thread.
#include <farebench/event_loop.hpp>
#include <farebench/libcurl.hpp>
#include <iostream>

using namespace farebench;

void fetch_urls(event_loop& loop, loop_client& client, int& failed) {
  std::string url;
  if (!(std::cin >> url)) return;
  loop.start(client, collecting_request(url), [&loop, &client, &failed, url](exchange_result response) {
    if (!response) ++failed;
    if (response)
      std::cout << response->status << ' ' << response->body().size() << ' ' << response->url() << '\n';
    else
      std::cerr << url << ": " << describe(response.error()) << '\n';
    fetch_urls(loop, client, failed);
  });
}

int main() {
  int failed = 0;
  event_loop loop{libcurl_transport(), 50};
  std::vector<loop_client> clients;
  while (clients.size() < 50) clients.emplace_back(loop, fetch_limits{});
  for (auto& client : clients) fetch_urls(loop, client, failed);
  loop.run();
  return failed == 0 ? 0 : 1;
}
