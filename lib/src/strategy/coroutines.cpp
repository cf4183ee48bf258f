#include "strategy/coroutines.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "farebench/event_loop.hpp"
#include "farebench/task.hpp"
#include "strategy/check_batch.hpp"
#include "strategy/loop_scrapes.hpp"

namespace farebench {
namespace {

task<outcome> scrape(event_loop& loop, const std::string& base_url, query asked, loop_client& client,
                     fare_scanner& scanner) {
  auto form = search_form_body(asked);
  if (!form) co_return std::unexpected(std::move(form).error());
  auto session = read_start_page_answer(co_await loop.exchange(client, start_page_request(base_url)));
  if (!session) co_return std::unexpected(std::move(session).error());
  const auto answer = co_await loop.exchange(
      client, search_request(base_url, *std::move(form), *std::move(session), scanner));
  co_return read_search_answer(answer, scanner);
}

/// A worker's life, from the query that it is given in `index`: there a stop finds the one that it has.
task<> work_off(loop_scrapes& shared, std::optional<std::size_t>& index) {
  try {
    loop_client client{shared.loop(), shared.work().limits};
    fare_scanner scanner;
    for (; index; index = shared.next()) {
      auto result = co_await scrape(shared.loop(), shared.work().base_url, shared.work().query_at(*index),
                                    client, scanner);
      shared.deliver(*std::exchange(index, std::nullopt), std::move(result));
    }
  } catch (...) {
    shared.fail();
    throw;
  }
}

}  // namespace

void coroutines::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  event_loop loop{workers_needed(work)};
  loop_scrapes shared{work, sink, loop};
  std::vector<std::optional<std::size_t>> indices(workers_needed(work));
  {
    std::vector<task<>> workers;
    workers.reserve(indices.size());
    shared.start_workers([&](std::size_t worker) {
      indices[worker] = worker;
      workers.emplace_back(work_off(shared, indices[worker])).start();
    });
    loop.run(work.stop);
    for (auto& worker : workers) {
      if (worker.done()) worker.result();  // throws what the worker threw
    }
  }  // destroys, after a stop, the frames in flight
  for (const auto& index : indices) {
    if (index) sink(*index, cancelled_outcome());
  }
  shared.cancel_rest();
}

}  // namespace farebench
