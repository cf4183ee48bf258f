#pragma once

#include <string_view>

namespace farebench {

/// Writes "PROGRAM: text" and a newline to standard error, the text as `printable` has it: one line, and
/// nothing that drives a terminal, whatever of a command line or a file it quotes. Never throws: there is
/// nowhere left to say that standard error cannot be written.
void complain(std::string_view program, std::string_view text) noexcept;

/// To be called first in main: a standard stream that the program was started without is opened on /dev/null,
/// so that no socket gets its number and what is meant for people.
void open_missing_standard_streams() noexcept;

}  // namespace farebench
