#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/judge.hpp"

namespace farebench::track {

struct command_result {
  /// −1 if a signal ended the command, 127 if it does not exist.
  int exit_code;
  /// Standard output, without line ends at its end.
  std::string output;

  bool is_good() const { return exit_code == 0; }
};

enum class error_output { inherit, discard, merge };

/// Runs a command, found by PATH, with an empty standard input, and waits for its end. Calls `on_line` for
/// each line of output.
command_result run_command(const std::vector<std::string>& command, error_output errors,
                           const std::function<void(const std::string& line)>& on_line = {});

/// Replaces the last line of a terminal on standard error. Writes nothing if that is not a terminal.
void print_status(std::string_view text);

struct commit_info {
  std::vector<std::string> parents;
  /// ISO 8601.
  std::string date;
  /// First line of the message.
  std::string subject;
};

/// A git repository. Functions throw track_error (exit code 2) with the failed git command.
class repository {
 public:
  /// Opens the repository of the environment variable FAREBENCH_REPOSITORY (./dev sets it), else of the
  /// working directory.
  static repository open();

  const std::filesystem::path& root() const { return root_; }

  /// Returns the commit of a revision, 40 hex digits. In a shallow clone the error says how to complete it.
  std::string resolve(const std::string& revision) const;
  /// Returns nullopt if there is no such commit.
  std::optional<std::string> find(const std::string& revision) const;
  /// Returns true if tracked files differ from HEAD.
  bool is_dirty() const;
  commit_info describe(const std::string& commit) const;
  /// Returns nullopt if the commits have no common ancestor.
  std::optional<std::string> merge_base(const std::string& commit, const std::string& other) const;
  /// Returns the commits that `head` contains and `base` does not.
  std::vector<std::string> commits_between(const std::string& base, const std::string& head) const;
  /// Returns whether a commit has a file.
  bool has_file(const std::string& commit, const std::string& path) const;

  /// Checks a commit out into a new folder.
  void add_work_tree(const std::filesystem::path& folder, const std::string& commit) const;
  /// Removes the folder and git's record of it, as far as they exist.
  void remove_work_tree(const std::filesystem::path& folder) const;

 private:
  explicit repository(std::filesystem::path root) : root_{std::move(root)} {}

  std::string git(const std::vector<std::string>& arguments) const;

  std::filesystem::path root_;
};

/// Returns the SHA-256 of a program without its commit's id and the linker's build id, which depends on it:
/// equal for commits that do not change the program's code. Throws track_error if the file cannot be read.
std::string program_hash(const std::filesystem::path& program, std::string_view commit);

/// Does the same for a program's bytes.
std::string program_hash_of_bytes(std::string bytes, std::string_view commit);

/// Programs that run the strategies of a commit and the floor.
struct probe_programs {
  std::filesystem::path fetch_probe;
  /// Empty if there is none: see programs.
  std::filesystem::path fetch_probe_native = {};
};

/// Does the same for the probes of a commit together.
std::string program_hash(const probe_programs& probes, std::string_view commit);

/// A commit's clients, ready to run.
struct built_probes {
  probe_programs programs;
  compared_side side;
};

/// Builds the probes of commits under build/track/ (installed: in the folder for caches), all with the same
/// options: optimised, without tests, by the compiler of this build. Keeps those of the 24 commits used last,
/// and no sources. Another track waits until a build has ended.
class probe_store {
 public:
  explicit probe_store(const repository& of);

  /// Returns the probes of a revision: fetch_probe, and fetch_probe_native if it is needed. "." is the
  /// working tree, and so is "HEAD" if tracked files have changed. Throws track_error (exit code 2) for an
  /// unknown revision, and for a failed build with the path of its log.
  built_probes probes_of(const std::string& revision, bool needs_native) const;
  /// Returns whether a revision has fetch_probe_native. Throws track_error (exit code 2) for an unknown one.
  bool has_native(const std::string& revision) const;
  /// Throws track_error (exit code 2) unless a revision has fetch_probe_native.
  void check_native(const std::string& revision) const;

  /// Files that may be deleted at any time.
  const std::filesystem::path& folder() const { return folder_; }

 private:
  bool is_working_tree(const std::string& revision) const;
  built_probes probes_of_commit(const std::string& revision, const std::string& commit,
                                bool needs_native) const;
  built_probes probes_of_working_tree(const std::string& name, bool needs_native) const;
  void build(const std::filesystem::path& source, const std::filesystem::path& binary,
             const std::vector<std::string>& names, const std::string& title) const;
  void remove_oldest() const;

  const repository& repository_;
  std::filesystem::path folder_;
};

}  // namespace farebench::track
