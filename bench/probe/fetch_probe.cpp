// fetch_probe: the measured client process, started by bench.

#include "bench/probe/probe_program.hpp"

int main(int argc, char** argv) {
  return farebench::probe_program(argc, argv, farebench::make_probe_strategy);
}
