#include "strategy/coroutines.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/task.hpp"
#include "strategy/loop_scrapes.hpp"

namespace farebench {
namespace {

// Functions, so that the requests are made on the stack: within a co_await expression they would take 128
// bytes each of every waiting worker's frame.
auto get_start_page(event_loop& loop, loop_client& client, const std::string& base_url) {
  return loop.exchange(client, start_page_request(base_url));
}
auto post_search(event_loop& loop, loop_client& client, const std::string& base_url, std::string& form,
                 std::string& session, fare_scanner& scanner) {
  return loop.exchange(client, search_request(base_url, std::move(form), std::move(session), scanner));
}

task<outcome> scrape(loop_scrapes& shared, std::size_t index, loop_client& client, fare_scanner& scanner) {
  const std::string& base_url = shared.work().base_url;
  auto form = search_form_body(shared.work().query_at(index));
  if (!form) co_return std::unexpected(std::move(form).error());
  auto session = read_start_page_answer(co_await get_start_page(shared.loop(), client, base_url));
  if (!session) co_return std::unexpected(std::move(session).error());
  co_return read_search_answer(
      co_await post_search(shared.loop(), client, base_url, *form, *session, scanner), scanner);
}

/// A worker's life, from the query that it is given in `index`: there a stop finds the one that it has.
task<> work_off(loop_scrapes& shared, std::optional<std::size_t>& index) {
  try {
    loop_client client{shared.loop(), shared.work().limits};
    fare_scanner scanner;
    for (; index; index = shared.next()) {
      auto result = co_await scrape(shared, *index, client, scanner);
      shared.deliver(*std::exchange(index, std::nullopt), std::move(result));
    }
  } catch (...) {
    shared.fail();
  }
}

}  // namespace

void coroutines::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, event_loop::waiting::socket_action, [](loop_scrapes& shared) {
    std::vector<std::optional<std::size_t>> indices(shared.workers());
    {
      std::vector<task<>> workers;
      workers.reserve(indices.size());
      shared.start_workers([&](std::size_t position, std::size_t first) {
        indices[position] = first;
        workers.emplace_back(work_off(shared, indices[position])).start();
      });
      shared.loop().run(shared.work().stop);
    }  // destroys, after a stop, the frames in flight
    for (const auto& index : indices) {
      if (index) shared.cancel(*index);
    }
  });
}

}  // namespace farebench
