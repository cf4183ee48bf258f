#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace farebench {

/// Opens each missing standard stream on /dev/null. Call it first in main: otherwise a socket could get the
/// number of a closed stream, and with it text meant for people.
void open_missing_standard_streams() noexcept;

/// Escapes text from outside for a terminal. Control characters and bytes that are not UTF-8 become \xNN;
/// Unicode's direction marks, direction overrides, line separators, and characters without width (such as the
/// byte order mark) become \u{NNNN}. Pure.
std::string printable(std::string_view text);

/// Returns the number of columns of the terminal open as a descriptor, or 80 if it is not a terminal.
std::size_t terminal_width(int descriptor) noexcept;

/// Writes "PROGRAM: text" to standard error as one line of printable text. Ignores write errors.
void print_error(std::string_view program, std::string_view text) noexcept;

/// Ends the process by SIGPIPE, as programs end whose output is no longer read (`| head`): without a message,
/// with exit code 141 in a shell. For programs that ignore SIGPIPE because they have sockets.
[[noreturn]] void end_by_closed_pipe() noexcept;

/// Writes text to standard output, whose buffer is empty afterwards. Returns the error, if any.
std::error_code write_output(std::string_view text) noexcept;

/// Does nothing without an error. Otherwise throws std::system_error "write standard output", or ends the
/// process by end_by_closed_pipe().
void check_output(std::error_code error);

/// Writes text to standard output as write_output(), and checks it as check_output().
void print_output(std::string_view text);

/// Returns the words by which users start a program: argv[0] if the command farebench started it ("farebench
/// bench"), otherwise `program`. Without argv[0], nullptr.
std::string command_name(const char* argv0, std::string_view program);

/// Returns a help text whose examples name `command`: replaces `program` where it is the first word of a line
/// that begins with two spaces.
std::string with_command_name(std::string_view help, std::string_view program, std::string_view command);

/// Returns the text without spaces and tabs at its ends.
std::string_view trimmed(std::string_view text);

/// Returns "; did you mean NAME?" with the name nearest to a misspelled word, or an empty text if none is
/// near. Counts edits (inserted, removed, replaced or exchanged characters); ignores case, and - against _.
std::string did_you_mean(std::string_view word, std::span<const std::string> names);

}  // namespace farebench
