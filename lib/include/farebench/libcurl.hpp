#pragma once

#include "farebench/transport.hpp"

// The transport of libcurl, in the library farebench_libcurl.
namespace farebench {

/// Transfers by libcurl, which event loops drive by curl_multi_socket_action on epoll: costs time per ready
/// socket.
const transport& libcurl_transport();

/// The same, but event loops call curl_multi_perform and curl_multi_poll: costs time per exchange in flight
/// on each iteration.
const transport& libcurl_poll_transport();

/// Keeps untouched pages of libcurl's send buffers from being resident, in the whole process: passes memory
/// functions to libcurl (curl_global_init_mem) that take these buffers from one mapping.
///
/// Since libcurl 8.7, each client that has sent a form keeps a buffer of 16 KiB, of which a usual form
/// touches one page of 4 KiB. Call it at the start of main if the program has thousands of clients. Has no
/// effect once libcurl is initialised, by this library or by other code, with an older libcurl, and if the
/// system refuses the address space of 640 MiB.
void map_send_buffers() noexcept;

}  // namespace farebench
