#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace farebench {

enum class client_kind : std::uint8_t {
  /// A strategy of the library, run by fetch_probe.
  library,
  /// raw_epoll, run by fetch_probe.
  floor,
  /// A strategy of the Python comparison with its own libraries, run by clients/python/probe.py.
  python,
};

/// Facts about a client, that is, about everything that can be a row of a result.
struct client_info {
  /// Name in flags, tables and result files.
  std::string_view name;
  /// Name in sentences.
  std::string_view label;
  client_kind kind;
  /// Style of the client's code: "blocking", "fibers", "coroutines", "callbacks" or "floor".
  std::string_view family;
  /// "C++" or "Python".
  std::string_view language;
  /// HTTP library.
  std::string_view transport;
  /// Control flow, in words.
  std::string_view control_flow;
  /// Changes that user code needs, compared with a blocking function for one query.
  std::string_view code_changes;
  /// Runs as many workers as the case has; otherwise one.
  bool uses_workers;
  /// Runs as many event loops as the case has; otherwise none or one.
  bool uses_loops;
  /// Opens a connection per day; otherwise one per worker.
  bool connection_per_day;
};

/// Returns all clients in the order of tables: the library's strategies, the floor, the Python clients.
std::span<const client_info> all_clients();

/// Returns the client of that name, or nullptr. The object lives as long as the program.
const client_info* find_client(std::string_view name);

/// Returns true for the name of a Python client.
bool is_python_client(std::string_view name);

/// Returns the names of all clients of a kind.
std::vector<std::string> client_names(client_kind kind);

/// Start of the Python clients' command line. The flags of fetch_probe follow.
struct python_command {
  std::filesystem::path interpreter;
  std::vector<std::string> arguments;
  /// Added when the heap is counted: makes Python allocate each object with malloc and not from its own
  /// arenas.
  std::vector<std::pair<std::string, std::string>> heap_environment;
};

/// `programs` is the folder of the bench, which holds clients/python/.
python_command make_python_command(const std::filesystem::path& programs);

/// Python libraries on this machine.
struct python_libraries {
  /// Versions by name: "python", "requests", …
  std::map<std::string, std::string> versions;
  /// Missing Debian packages by client.
  std::map<std::string, std::vector<std::string>> missing;

  bool has_all_of(const std::string& client) const;
};

/// Runs `command` with --version, which imports each library. Throws std::runtime_error if there is an
/// interpreter but no valid response.
python_libraries find_python_libraries(const python_command& command);

/// Returns one line that names skipped Python clients and the packages that they lack.
std::string skip_message(std::span<const std::string> clients, const python_libraries& libraries);

}  // namespace farebench
