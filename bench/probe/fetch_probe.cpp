// fetch_probe: the measured client process of strategies on libcurl, started by bench.

#include "bench/probe/probe_program.hpp"
#include "farebench/libcurl.hpp"

int main(int argc, char** argv) {
  farebench::map_send_buffers();
  return farebench::probe_program(
      argc, argv,
      {.name = "fetch_probe", .http = farebench::libcurl_transport(), .default_strategy = "multi_socket"});
}
