#include "strategy/coroutines.hpp"

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/task.hpp"
#include "strategy/loop_scrapes.hpp"

namespace farebench {
namespace {

/// What a worker keeps from query to query, and to the end of the run: to take connections and handles down
/// while others are still in flight would make those wait.
struct scrape_worker {
  loop_scrapes& shared;
  std::optional<std::size_t> index;  // of the query that it has
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

task<outcome> scrape(scrape_worker& worker) {
  auto form = search_form_body(worker.shared.work().query_at(*worker.index));
  if (!form) co_return std::unexpected(std::move(form).error());
  auto session = read_start_page_answer(co_await get_start_page(worker));
  if (!session) co_return std::unexpected(std::move(session).error());
  co_return read_search_answer(co_await post_search(worker, *form, *session), worker.scanner);
}

/// A worker's life, from its first query on.
task<> work_off(scrape_worker& worker) {
  try {
    for (; worker.index; worker.index = worker.shared.next()) {
      worker.shared.deliver(worker.index, co_await scrape(worker));
    }
  } catch (...) {
    worker.shared.fail();
  }
}

}  // namespace

void coroutines::run(const batch& work, const outcome_sink& sink) {
  run_on_loops(work, sink, event_loop::waiting::socket_action, [](loop_scrapes& shared) {
    std::vector<task<>> lives;
    std::deque<scrape_worker> workers;  // destroyed before the coroutines that may wait for their clients
    lives.reserve(shared.workers());
    shared.start_workers([&](std::size_t first) {
      lives.push_back(work_off(workers.emplace_back(shared, first)));
      lives.back().start();
    });
    shared.loop().run(shared.work().stop);
    for (const auto& worker : workers) shared.cancel(worker.index);
  });
}

}  // namespace farebench
