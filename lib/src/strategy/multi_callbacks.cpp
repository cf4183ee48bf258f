#include "strategy/multi_socket.hpp"

#include <deque>
#include <utility>

#include "async/event_loop.hpp"
#include "strategy/check_batch.hpp"
#include "strategy/scrape.hpp"

namespace farebench {
namespace {

/// What the workers of one run share; all in one thread.
struct shared_work {
  const batch& work;
  const outcome_sink& sink;
  event_loop& loop;
  std::size_t next = 0;
};

/// One worker as a state machine. Each state is the function that takes the answer it waits for:
/// start_next → on_start_page → on_search → start_next → …
class scrape_machine {
 public:
  explicit scrape_machine(shared_work& shared) : shared_{shared}, client_{shared.loop, shared.work.limits} {}

  /// Begins the next query, if one is left.
  void start_next() {
    while (shared_.next < shared_.work.size) {
      index_ = shared_.next++;
      auto search = search_request(shared_.work.base_url, shared_.work.query_at(index_), scanner_);
      if (search) {
        search_ = *std::move(search);
        client_.http().start_session();
        shared_.loop.start(client_, start_page_request(shared_.work.base_url),
                           [this](const exchange_result& answer) { on_start_page(answer); });
        return;
      }
      shared_.sink(index_, std::unexpected(std::move(search).error()));
    }
  }

 private:
  void on_start_page(const exchange_result& answer) {
    if (auto fault = start_page_fault(answer, client_.http())) {
      deliver(std::unexpected(*std::move(fault)));
      return;
    }
    shared_.loop.start(client_, std::move(search_),
                       [this](const exchange_result& search) { on_search(search); });
  }

  void on_search(const exchange_result& answer) { deliver(read_search_answer(answer, scanner_)); }

  void deliver(outcome&& result) {
    shared_.sink(index_, std::move(result));
    start_next();
  }

  shared_work& shared_;
  loop_client client_;
  fare_scanner scanner_;
  std::size_t index_ = 0;
  exchange_request search_;  // made with the query, sent once there is a session
};

}  // namespace

void multi_socket::run(const batch& work, const outcome_sink& sink) {
  check_batch(work);
  event_loop loop{workers_needed(work)};
  shared_work shared{.work = work, .sink = sink, .loop = loop};
  std::deque<scrape_machine> machines;  // a machine's address is known to libcurl: it must not move
  for (std::size_t i = 0; i < workers_needed(work); ++i) machines.emplace_back(shared).start_next();
  loop.run();
}

}  // namespace farebench
