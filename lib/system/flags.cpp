#include "lib/system/flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "lib/system/command_line.hpp"

namespace farebench {
namespace {

/// Throws if the command line had an unknown argument.
void refuse_unknown(const CLI::App& app) {
  const auto unknown = app.remaining(true);
  if (unknown.empty()) return;
  const auto subcommands = app.get_subcommands();
  const auto flag = std::ranges::find_if(unknown, [](const auto& text) { return text.starts_with('-'); });
  if (flag != unknown.end()) {
    auto names = flag_names(app);
    for (const CLI::App* const subcommand : subcommands)
      std::ranges::move(flag_names(*subcommand), std::back_inserter(names));
    const auto name = flag->substr(0, flag->find('='));
    throw CLI::ValidationError(name, "unknown flag" + did_you_mean(name, names));
  }
  std::vector<std::string> names;
  if (subcommands.empty()) {
    for (const CLI::App* const known : app.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(known->get_name());
  }
  throw CLI::ValidationError(unknown.front(), "unexpected argument" + did_you_mean(unknown.front(), names));
}

/// Throws if an option with one value was given several times.
void refuse_repeated(const CLI::App& app) {
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_items_expected_max() == 1 && option->count() > 1)
      throw CLI::ValidationError(option->get_name(),
                                 fmt::format("is given {} times; give it once", option->count()));
  }
  for (const CLI::App* const subcommand : app.get_subcommands()) refuse_repeated(*subcommand);
}

}  // namespace

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

void parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError&) {
    refuse_unknown(app);
    throw;
  } catch (const CLI::ArgumentMismatch&) {
    refuse_repeated(app);
    throw;
  } catch (const CLI::ExtrasError&) {
    refuse_unknown(app);
    throw;
  }
}

CLI::Validator trim_blanks() {
  return {[](std::string& text) {
            text = trimmed(text);
            return std::string{};
          },
          ""};
}

}  // namespace farebench
