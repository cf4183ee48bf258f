#pragma once

#include "farebench/transport.hpp"

// The native transport, in the library farebench_native.
namespace farebench {

/// HTTP/1.1 by farebench itself, on epoll (event loops) or poll (blocking strategies). A client that waits for a
/// response has no buffer. No TLS, no proxy.
const transport& native_transport();

}  // namespace farebench
