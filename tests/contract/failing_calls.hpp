#pragma once

#include <cstddef>
#include <limits>
#include <string_view>

namespace farebench::test {

/// While it lives, calls of one function fail in this process as they would for want of resources: those from
/// `first` (from 1) on, `count` of them. Of pthread_create, epoll_create1, epoll_ctl (that adds or changes a
/// socket) and curl_easy_init. One at a time.
class failing_calls {
 public:
  failing_calls(std::string_view function, std::size_t first,
                std::size_t count = std::numeric_limits<std::size_t>::max());
  ~failing_calls();
  failing_calls(const failing_calls&) = delete;
  failing_calls& operator=(const failing_calls&) = delete;

  /// How many have failed so far.
  std::size_t failed() const;
};

}  // namespace farebench::test
