#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace farebench {

/// Parses the command line of a program. An unknown flag or subcommand is refused before a missing one, and
/// the error names the nearest known one. Throws CLI::ParseError, whose text is one line unless an argument
/// has several.
void parse_command_line(CLI::App& app, int argc, const char* const* argv);

/// Returns "--NAME" of each of the app's options, without those of subcommands.
std::vector<std::string> flag_names(const CLI::App& app);

/// Removes blanks around a value: for the elements of lists, as in `--workers '1, 10'`.
CLI::Validator trim_blanks();

}  // namespace farebench
