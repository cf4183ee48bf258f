#include "async/loop_timers.hpp"

#include <tuple>
#include <utility>

namespace farebench {

loop_timer::state::~state() { timers.remove(*this); }

loop_timer::loop_timer() = default;
loop_timer::~loop_timer() = default;
loop_timer::loop_timer(loop_timer&&) noexcept = default;
loop_timer& loop_timer::operator=(loop_timer&&) noexcept = default;

void wait_awaiter::await_suspend(std::coroutine_handle<> waiting) noexcept {
  timer_.state_->awaiting = waiting;
}

std::optional<loop_timers::clock::time_point> loop_timers::first_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front()->due;
}

std::unique_ptr<loop_timer::state> loop_timers::wait(clock::time_point due) {
  auto one = std::make_unique<loop_timer::state>(*this, due);
  one->order = begun_++;
  heap_.push_back(one.get());
  sift_up(heap_.size() - 1);
  return one;
}

void loop_timers::remove(loop_timer::state& one) noexcept {
  const std::size_t place = std::exchange(one.place, loop_timer::state::not_waiting);
  if (place == loop_timer::state::not_waiting) return;
  loop_timer::state* const last = heap_.back();
  heap_.pop_back();
  if (last == &one) return;
  put(place, last);
  sift_up(place);
  sift_down(last->place);
}

void loop_timers::end_due(clock::time_point now) {
  const std::uint64_t begun_before = begun_;
  while (!heap_.empty() && heap_.front()->due <= now && heap_.front()->order < begun_before) {
    loop_timer::state& first = *heap_.front();
    remove(first);
    // It may be destroyed by what it does: so that is taken out first.
    if (const auto on_due = std::exchange(first.on_due, nullptr)) {
      on_due();
    } else if (const auto awaiting = std::exchange(first.awaiting, nullptr)) {
      awaiting.resume();
    }
  }
}

void loop_timers::hurry() {
  // Equal, they are ordered by who waited first, as which they are no heap any more.
  for (loop_timer::state* const one : heap_) one->due = clock::time_point::min();
  for (std::size_t place = heap_.size(); place-- > 0;) sift_down(place);
}

bool loop_timers::is_before(const loop_timer::state& one, const loop_timer::state& other) {
  return std::tie(one.due, one.order) < std::tie(other.due, other.order);
}

void loop_timers::put(std::size_t place, loop_timer::state* one) {
  heap_[place] = one;
  one->place = place;
}

void loop_timers::sift_up(std::size_t place) {
  loop_timer::state* const one = heap_[place];
  while (place > 0 && is_before(*one, *heap_[(place - 1) / 2])) {
    put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(place, one);
}

void loop_timers::sift_down(std::size_t place) {
  loop_timer::state* const one = heap_[place];
  while (true) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && is_before(*heap_[child + 1], *heap_[child])) ++child;
    if (!is_before(*heap_[child], *one)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, one);
}

}  // namespace farebench
