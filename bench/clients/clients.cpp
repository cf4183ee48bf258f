#include "bench/clients/clients.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "bench/probe/raw_epoll.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/native.hpp"
#include "farebench/strategy.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/locations.hpp"
#include "lib/system/output_file.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;

std::string label_of(std::string_view library_strategy) {
  if (library_strategy == "thread_pool") return "thread pool";
  if (library_strategy == "multi_socket") return "callbacks (multi_socket)";
  if (library_strategy == "multi_poll") return "callbacks (multi_poll)";
  return std::string{library_strategy};
}

client_info library_info(const strategy_info& info) {
  client_info client{.name = std::string{info.name},
                     .label = label_of(info.name),
                     .kind = client_kind::library,
                     .family = std::string{to_string(info.family)},
                     .language = "C++",
                     .transport = std::string{info.transport},
                     .control_flow = std::string{info.control_flow},
                     .code_changes = std::string{info.code_changes},
                     .uses_workers = info.uses_workers,
                     .uses_loops = info.uses_loops};
  // Results from before there was another transport have the plain names.
  if (info.transport != libcurl_transport().name()) {
    client.name += fmt::format("/{}", info.transport);
    client.label += fmt::format(" ({})", info.transport);
  }
  return client;
}

client_info floor_info() {
  return {
      .name = std::string{floor_strategy},
      .label = "raw epoll (floor)",
      .kind = client_kind::floor,
      .family = "floor",
      .language = "C++",
      .transport = "none",
      .control_flow = "W connections with fixed buffers on one epoll, in one thread",
      .code_changes = "everything: a minimal HTTP client for this one site",
  };
}

/// A command, split as a shell splits it.
struct split_text {
  std::vector<std::string> words;
  /// Empty if the text was valid.
  std::string error = {};
};

split_text split_words(std::string_view text) {
  split_text split;
  std::optional<std::string> word;
  const auto open_word = [&]() -> std::string& { return word ? *word : word.emplace(); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '\t' || c == '\n') {
      if (word) split.words.push_back(*std::exchange(word, std::nullopt));
    } else if (c == '\'' || c == '"') {
      auto& quoted = open_word();
      const std::size_t begin = i;
      for (++i; i < text.size() && text[i] != c; ++i) {
        const bool escapes = c == '"' && text[i] == '\\' && i + 1 < text.size() &&
                             std::string_view{"\"\\$`"}.contains(text[i + 1]);
        if (escapes) ++i;
        quoted += text[i];
      }
      if (i >= text.size()) {
        split.error = fmt::format("the quote {} at character {} is not closed", c, begin + 1);
        return split;
      }
    } else if (c == '\\' && i + 1 < text.size()) {
      open_word() += text[++i];
    } else {
      open_word() += c;
    }
  }
  if (word) split.words.push_back(*std::move(word));
  return split;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Returns the length of NAME in "NAME=VALUE", or nullopt if the word is no assignment.
std::optional<std::size_t> assigned_name(std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0 || !is_letter(word[0])) return std::nullopt;
  const bool is_name =
      std::ranges::all_of(word.substr(0, equals), [](char c) { return is_letter(c) || is_digit(c); });
  return is_name ? std::optional{equals} : std::nullopt;
}

/// Returns the program's path: `name` itself if it has a slash, otherwise found on the PATH. Throws
/// std::invalid_argument if there is none that can be executed.
fs::path find_program(const std::string& name) {
  if (name.contains('/')) {
    if (::access(name.c_str(), X_OK) == 0 && !fs::is_directory(name)) return fs::absolute(name);
    throw std::invalid_argument{fmt::format("'{}' is not a program that can be executed", printable(name))};
  }
  const char* const variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (!folders.empty()) {
    const auto folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folder.size() + 1, folders.size()));
    const auto path = fs::path{folder.empty() ? "." : folder} / name;
    if (::access(path.c_str(), X_OK) == 0 && !fs::is_directory(path)) return path;
  }
  throw std::invalid_argument{fmt::format("no program '{}' on the PATH", printable(name))};
}

/// Reads one client of a manifest in `folder`. Throws nlohmann::json::exception for an invalid member.
client_program parse_manifest_client(const nlohmann::json& members, const std::string& language,
                                     const fs::path& folder) {
  const auto text = [&](const char* name) { return members.at(name).get<std::string>(); };
  client_program client{.info = {.name = text("name"),
                                 .label = text("label"),
                                 .family = text("family"),
                                 .language = language,
                                 .transport = text("transport"),
                                 .control_flow = text("control_flow"),
                                 .code_changes = text("code_changes"),
                                 .uses_workers = members.at("uses_workers").get<bool>()},
                        .group = folder.filename(),
                        .executable = {},
                        .counts_heap = members.at("counts_heap").get<bool>()};
  auto words = members.at("command").get<std::vector<std::string>>();
  if (words.empty()) throw std::invalid_argument{"an empty \"command\""};
  for (auto& word : words)
    if (word.starts_with("./")) word = (folder / word.substr(2)).string();
  client.executable = find_program(words.front());
  client.arguments.assign(words.begin() + 1, words.end());
  for (const auto& [name, pairs] : {std::pair{"environment", &client.environment},
                                    std::pair{"heap_environment", &client.heap_environment}}) {
    if (!members.contains(name)) continue;
    for (const auto& [variable, value] : members.at(name).items())
      pairs->emplace_back(variable, value.get<std::string>());
  }
  return client;
}

}  // namespace

client_name split_client_name(std::string_view name) {
  const auto slash = name.rfind('/');
  for (const transport* const http : transports()) {
    if (slash != std::string_view::npos && name.substr(slash + 1) == http->name())
      return {.strategy = name.substr(0, slash), .transport = http->name()};
  }
  return {.strategy = name, .transport = {}};
}

std::span<const transport* const> transports() {
  static const std::array all{&libcurl_transport(), &native_transport()};
  return all;
}

std::span<const client_info> probe_clients() {
  static const std::vector<client_info> clients = [] {
    std::vector<client_info> all;
    for (const transport* const http : transports()) {
      for (const strategy_info& info : http->strategies()) all.push_back(library_info(info));
    }
    all.push_back(floor_info());
    return all;
  }();
  return clients;
}

const client_info* find_probe_client(std::string_view name) {
  const auto clients = probe_clients();
  const auto found = std::ranges::find(clients, name, &client_info::name);
  return found == clients.end() ? nullptr : &*found;
}

client_program_ptr make_client(std::string name, std::string_view command) {
  auto split = split_words(command);
  if (!split.error.empty())
    throw std::invalid_argument{fmt::format("command '{}': {}", printable(command), split.error)};
  auto& words = split.words;
  client_program client{.info = {.name = name,
                                 .label = name,
                                 .family = "other",
                                 .language = "unknown",
                                 .transport = "unknown",
                                 .control_flow = "unknown",
                                 .code_changes = "unknown"},
                        .executable = {}};
  std::size_t first = 0;
  for (; first < words.size(); ++first) {
    const auto length = assigned_name(words[first]);
    if (!length) break;
    client.environment.emplace_back(words[first].substr(0, *length), words[first].substr(*length + 1));
  }
  if (first == words.size())
    throw std::invalid_argument{fmt::format("command '{}' names no program", printable(command))};
  client.executable = find_program(words[first]);
  client.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(first) + 1, words.end());
  return std::make_shared<const client_program>(std::move(client));
}

client_program_ptr parse_client(std::string_view text) {
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  const bool is_valid =
      equals != std::string_view::npos && !name.empty() &&
      std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; });
  if (!is_valid) {
    throw std::invalid_argument{fmt::format(
        "'{}': write NAME=COMMAND, with letters, digits, '_', '-' and '.' in NAME", printable(text))};
  }
  return make_client(fmt::format("client:{}", name), text.substr(equals + 1));
}

std::vector<client_program_ptr> built_clients(const fs::path& folder) {
  std::vector<fs::path> manifests;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator{folder, none}) {
    if (auto manifest = entry.path() / "manifest.json"; exists(manifest))
      manifests.push_back(std::move(manifest));
  }
  std::ranges::sort(manifests);
  std::vector<client_program_ptr> clients;
  for (const auto& manifest : manifests) {
    try {
      const auto json = nlohmann::json::parse(read_file(manifest));
      const auto language = json.at("language").get<std::string>();
      for (const auto& members : json.at("clients")) {
        clients.push_back(std::make_shared<const client_program>(
            parse_manifest_client(members, language, manifest.parent_path())));
      }
    } catch (const std::exception& error) {
      throw std::runtime_error{
          fmt::format("{}: {}; remove its folder, or build it again", manifest.string(), error.what())};
    }
  }
  return clients;
}

namespace {

/// Returns the command that builds clients.
std::string build_command(const std::string& names) {
  const auto user = cache_folder();
  if (is_in_build_tree() || !user) return fmt::format("./dev bench --clients {}", names);
  // Both are below the installed prefix.
  const auto script = (program_folder() / "../../share/farebench/clients/build").lexically_normal();
  return fmt::format("{} {} {}", script.string(), (*user / "clients").string(), names);
}

}  // namespace

std::vector<client_program_ptr> select_clients(std::span<const client_program_ptr> built,
                                               std::span<const std::string> names) {
  std::vector<client_program_ptr> selected;
  for (const auto& name : names) {
    const auto is_named = [&](const client_program_ptr& client) {
      return name == "all" || name == client->group || name == client->info.name;
    };
    if (std::ranges::none_of(built, is_named)) {
      std::vector<std::string> known{"all"};
      for (const auto& client : built) {
        if (std::ranges::find(known, client->group) == known.end()) known.push_back(client->group);
        known.push_back(client->info.name);
      }
      throw std::invalid_argument{
          built.empty()
              ? fmt::format("no client '{}': none is built; '{}' builds it", name, build_command(name))
              : fmt::format("no client '{}': built are {}; '{}' builds others{}", name,
                            fmt::join(std::span{known}.subspan(1), ", "), build_command(name),
                            did_you_mean(name, known))};
    }
    for (const auto& client : built) {
      if (is_named(client) && std::ranges::find(selected, client) == selected.end())
        selected.push_back(client);
    }
  }
  return selected;
}

}  // namespace farebench
