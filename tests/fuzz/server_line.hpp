#pragma once

namespace farebench::fuzz {

/// Reads a command line of the mock server's, and holds it to the laws of flags_fuzzer.cpp. In a file of its
/// own: the server's scrape_step and the library's are two.
void read_server_line(int count, char** arguments);

}  // namespace farebench::fuzz
