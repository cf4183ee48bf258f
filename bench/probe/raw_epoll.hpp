#pragma once

#include <string_view>

#include "farebench/strategy.hpp"

namespace farebench {

/// The name of the physical floor in flags and tables: no strategy of the library, but the row that the
/// others are held against.
inline constexpr std::string_view floor_strategy = "raw_epoll";

/// The physical floor: the same two exchanges without an HTTP library, so that what libcurl and an
/// abstraction over it cost can be told from what the kernel, the fare scanner and the site cost.
///
/// Nonblocking sockets under one edge-triggered epoll, in the calling thread; one read buffer for all of
/// them; a connection's own state is under 100 bytes, a scanner is lent to it while a page is arriving. It
/// speaks as little HTTP/1.1 as the mock site needs: a status, a Content-Length, one cookie; anything else is
/// `bad_response`. A connection is kept until its exchange fails.
///
/// It makes one attempt at a query. Of the batch's policy the timeouts and caps of an exchange hold, checked
/// a few times within each (see raw_batch); redirects are a status like any other, and there is no least
/// rate. Takes http://IPv4:port alone.
class raw_epoll final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

}  // namespace farebench
