// fetch_probe_native: the measured client process of strategies on the native transport and of the floor,
// started by bench. Needs neither libcurl nor OpenSSL.

#include "bench/probe/probe_program.hpp"
#include "farebench/native.hpp"

int main(int argc, char** argv) {
  return farebench::probe_program(
      argc, argv,
      {.name = "fetch_probe_native", .http = farebench::native_transport(), .default_strategy = "callbacks"});
}
