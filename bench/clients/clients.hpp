#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace farebench {

class transport;

enum class client_kind : std::uint8_t {
  /// A strategy of the library on one of its transports, run by that transport's probe.
  library,
  /// raw_epoll.
  floor,
  /// Another program: see client_program.
  program,
};

/// Facts about a client, that is, about everything that can be a row of a result.
struct client_info {
  /// Name in flags, tables and result files: "coroutines" on libcurl, "coroutines/native" on native.
  std::string name;
  /// Name in sentences.
  std::string label;
  client_kind kind = client_kind::program;
  /// Style of the client's code: "blocking", "fibers", "coroutines", "callbacks" or "floor".
  std::string family = {};
  /// "C++", "Python", …
  std::string language = {};
  /// HTTP library.
  std::string transport = {};
  /// Control flow, in words.
  std::string control_flow = {};
  /// Changes that user code needs, compared with a blocking function for one query.
  std::string code_changes = {};
  /// Runs as many workers as the case has; otherwise one.
  bool uses_workers = true;
  /// Runs as many event loops as the case has; otherwise none or one.
  bool uses_loops = false;
};

/// Parts of a client's name. Those of strategies on libcurl, of the floor and of other programs have no
/// transport.
struct client_name {
  std::string_view strategy;
  std::string_view transport;
};

client_name split_client_name(std::string_view name);

/// Returns the library's transports, in the order of tables.
std::span<const transport* const> transports();

/// Returns the clients that probes run, in the order of tables: the strategies of each transport, and the
/// floor.
std::span<const client_info> probe_clients();

/// Returns the client of that name among probe_clients(), or nullptr. The object lives as long as the
/// program.
const client_info* find_probe_client(std::string_view name);

/// A program that speaks the protocol of docs/clients.md.
struct client_program {
  /// Of a client given by --client, only name and label are known.
  client_info info;
  /// Folder of its manifest, which is the name of its language on the command line. Empty for --client.
  std::string group = {};
  /// Path or name on the PATH.
  std::filesystem::path executable;
  /// Without the protocol's flags, which follow.
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};
  /// Added when the heap is counted.
  std::vector<std::pair<std::string, std::string>> heap_environment = {};
  /// The C library's malloc allocates its memory, so that counting calls of malloc counts the heap.
  bool counts_heap = true;
};

using client_program_ptr = std::shared_ptr<const client_program>;

/// Parses NAME=COMMAND, the value of --client. The client's name becomes "client:NAME". Throws
/// std::invalid_argument, in one line, for a NAME with other characters than letters, digits, '_', '-' and
/// '.', and for a COMMAND that cannot be split or whose program does not exist.
client_program_ptr parse_client(std::string_view text);

/// Creates the client of a command, which is split at blanks. Quotes and backslashes work as in a shell, and
/// leading NAME=VALUE words set environment variables; no shell runs it. Throws as parse_client.
client_program_ptr make_client(std::string name, std::string_view command);

/// Reads `folder`/GROUP/manifest.json of each group of clients that has been built, in alphabetical order.
/// Throws std::runtime_error naming the file that is invalid.
std::vector<client_program_ptr> built_clients(const std::filesystem::path& folder);

/// Returns the clients that `names` select: names of clients or groups, or "all". Throws
/// std::invalid_argument for a name that no built client has.
std::vector<client_program_ptr> select_clients(std::span<const client_program_ptr> built,
                                               std::span<const std::string> names);

}  // namespace farebench
