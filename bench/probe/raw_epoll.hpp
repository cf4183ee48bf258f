#pragma once

#include <string_view>

#include "farebench/strategy.hpp"

namespace farebench {

/// Name of the physical floor in flags and tables.
inline constexpr std::string_view floor_strategy = "raw_epoll";

/// The physical floor: the two exchanges of a scrape, or the one of a page, without an HTTP library. The
/// difference to other strategies is the cost of libcurl and their abstraction; the rest is the kernel, the
/// fare scanner and the site.
///
/// Nonblocking sockets on one edge-triggered epoll, in the calling thread. All connections share a receive
/// buffer; a connection has less than 100 bytes of state, and a scanner only while a page arrives. Supports
/// the part of HTTP/1.1 that the mock site needs: a status, a Content-Length, one cookie. Any other response
/// is `bad_response`. A kept connection ends when an exchange on it fails.
///
/// Makes one attempt per item. Obeys the policy's timeouts and size limits; a redirect is an unexpected
/// status, and there is no minimum transfer rate. Deadlines are checked eight times within the shortest one,
/// so that an exchange can end that much late. Requires a base URL of the form http://IPv4:port.
class raw_epoll final : public strategy {
 public:
  void run(const batch& work, const outcome_sink& sink) override;
};

}  // namespace farebench
