#include "bench/probe/probe_program.hpp"

// fetch_probe: one client process, one batch, measured. Started by bench.

int main(int argc, char** argv) { return farebench::probe_program(argc, argv, farebench::make_way); }
