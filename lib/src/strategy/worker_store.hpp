#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace farebench {

/// Up to so many workers, side by side in one allocation, which never move: callbacks and coroutines hold
/// their addresses. Destroyed in the order in which they were made.
template <typename Worker>
class worker_store {
 public:
  explicit worker_store(std::size_t most)
      : most_{most}, workers_{most > 0 ? std::allocator<Worker>{}.allocate(most) : nullptr} {}
  ~worker_store() {
    std::destroy_n(workers_, size_);
    if (workers_) std::allocator<Worker>{}.deallocate(workers_, most_);
  }
  worker_store(const worker_store&) = delete;
  worker_store& operator=(const worker_store&) = delete;

  /// Throws what the worker's constructor throws, and is as before then. No more than there is room for.
  template <typename... Arguments>
  Worker& emplace_back(Arguments&&... arguments) {
    auto* const made =
        ::new (static_cast<void*>(workers_ + size_)) Worker{std::forward<Arguments>(arguments)...};
    ++size_;
    return *made;
  }
  void pop_back() { std::destroy_at(workers_ + --size_); }

  Worker* begin() { return workers_; }
  Worker* end() { return workers_ + size_; }

 private:
  const std::size_t most_;
  std::size_t size_ = 0;
  Worker* const workers_;
};

}  // namespace farebench
