#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace farebench {

/// Text from outside as it may go to a terminal: what could drive it, or show it in another order than it is
/// read, is written out. Control characters and bytes that are no UTF-8 become \xNN; the marks and overrides
/// of writing direction and the line separators of Unicode \u{NNNN}. Pure.
std::string printable(std::string_view text);

/// Writes "PROGRAM: text" and a newline to standard error, the text as `printable` has it: one line, and
/// nothing that drives a terminal, whatever of a command line or a file it quotes. Never throws: there is
/// nowhere left to say that standard error cannot be written.
void print_error(std::string_view program, std::string_view text) noexcept;

/// To be called first in main: a standard stream that the program was started without is opened on /dev/null,
/// so that no socket gets its number and what is meant for people.
void open_missing_standard_streams() noexcept;

/// "20ms", "1s", "1.5s", "250us", "0": a non-negative number with its unit (us, ms, s); zero needs
/// none. At most one hour. The error is one line that says what is wrong and shows the form.
std::expected<std::chrono::microseconds, std::string> parse_duration(std::string_view text);

/// The shortest such text: "20ms", "1.5s", "0".
std::string format_duration(std::chrono::microseconds duration);

}  // namespace farebench
