#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/track/judge.hpp"

namespace farebench::track {

/// What a command of the system's (git, cmake) left.
struct tool_result {
  int exit_code;       ///< −1: ended by a signal; 127: there is no such command
  std::string output;  ///< without the newline at its end

  bool is_good() const { return exit_code == 0; }
};

enum class tool_errors { left_out, in_output };

/// Runs a command, found by PATH, to its end; no shell looks at the arguments. It ends when this thread does.
tool_result run_tool(const std::vector<std::string>& command, tool_errors errors);

/// The git repository that commits are of. Each of these throws track_error (exit code 2) that says what git
/// could not do.
class repository {
 public:
  /// The one that the working directory is in.
  static repository here();

  const std::filesystem::path& root() const { return root_; }

  /// The commit, 40 hex digits. In a shallow clone the message says how to make it whole.
  std::string resolve(const std::string& revision) const;
  /// The same, or nothing.
  std::optional<std::string> find(const std::string& revision) const;
  /// Whether tracked files differ from HEAD.
  bool is_dirty() const;
  std::vector<std::string> parents(const std::string& commit) const;
  /// Its first line, and its date in ISO 8601.
  std::string subject(const std::string& commit) const;
  std::string date(const std::string& commit) const;
  /// Where two lines of commits parted; nothing when they never were one.
  std::optional<std::string> merge_base(const std::string& one, const std::string& other) const;
  /// The commits that are in `head` and not in `base`.
  std::vector<std::string> commits_between(const std::string& base, const std::string& head) const;

  /// Checks a commit out into a folder that is not there yet.
  void add_work_tree(const std::filesystem::path& folder, const std::string& commit) const;
  /// The folder and what git knows of it; nothing of it need be there.
  void remove_work_tree(const std::filesystem::path& folder) const;

 private:
  explicit repository(std::filesystem::path root) : root_{std::move(root)} {}

  std::string ask(const std::vector<std::string>& arguments) const;

  std::filesystem::path root_;
};

/// SHA-256 of a program without what tells its commit and nothing else: the id that it was built with, and
/// the linker's build id, which follows from it. So commits that change no code of the client have one
/// program, and comparing them is an A/A. Throws track_error when it cannot be read.
std::string program_hash(const std::filesystem::path& program, std::string_view commit);

/// The same of a program's bytes.
std::string program_hash_of_bytes(std::string bytes, std::string_view commit);

/// A commit's client program, ready to be run.
struct built_probe {
  std::filesystem::path program;
  compared_side side;
};

/// The client programs (fetch_probe) of commits, each built once: optimised, without tests, by the compiler
/// that track itself was built with, all of them in the same way. A commit is checked out and built in a
/// folder under build/track/, which is gone afterwards; the program is kept, of the latest 24. One build at a
/// time: another track waits for it.
class probe_store {
 public:
  explicit probe_store(const repository& of);

  /// A revision; "." is the working tree as it stands, and so is "HEAD" when that differs from the commit.
  /// Throws track_error (exit code 2): an unknown revision, or a commit that does not build, with the place
  /// of the log.
  built_probe probe_of(const std::string& asked) const;

  /// build/track: what track keeps that can be thrown away.
  const std::filesystem::path& folder() const { return folder_; }

 private:
  built_probe of_commit(const std::string& name, const std::string& commit) const;
  built_probe of_working_tree(const std::string& name) const;
  void build(const std::filesystem::path& source, const std::filesystem::path& into,
             const std::string& what) const;
  void forget_the_oldest() const;

  const repository& repository_;
  std::filesystem::path folder_;
};

/// A program that stands for itself, like that of a test.
built_probe probe_at(const std::filesystem::path& program, const std::string& name);

}  // namespace farebench::track
