#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace farebench::track {

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

}  // namespace farebench::track
