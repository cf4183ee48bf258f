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

/// What a worker keeps from query to query.
struct scrape_worker {
  loop_scrapes& shared;
  loop_client client{shared.loop(), shared.work().limits};
  fare_scanner scanner{};
};

// Functions, so that the requests are made on the stack: within a co_await expression they would take 128
// bytes each of every waiting worker's frame.
auto get_start_page(scrape_worker& worker) {
  return worker.shared.loop().exchange(worker.client, start_page_request(worker.shared.work().base_url));
}
auto post_search(scrape_worker& worker, std::string& form, std::string& session) {
  return worker.shared.loop().exchange(
      worker.client,
      search_request(worker.shared.work().base_url, std::move(form), std::move(session), worker.scanner));
}

task<outcome> scrape(scrape_worker& worker, std::size_t index) {
  auto form = search_form_body(worker.shared.work().query_at(index));
  if (!form) co_return std::unexpected(std::move(form).error());
  auto session = read_start_page_answer(co_await get_start_page(worker));
  if (!session) co_return std::unexpected(std::move(session).error());
  co_return read_search_answer(co_await post_search(worker, *form, *session), worker.scanner);
}

/// A worker's life, from the query that it is given in `index`: there a stop finds the one that it has.
task<> work_off(loop_scrapes& shared, std::optional<std::size_t>& index) {
  try {
    scrape_worker worker{shared};
    for (; index; index = shared.next()) shared.deliver(index, co_await scrape(worker, *index));
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
