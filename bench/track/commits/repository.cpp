#include "bench/track/commits/repository.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <sstream>
#include <system_error>

#include "bench/track/commits/tool.hpp"
#include "bench/track/track_error.hpp"

namespace farebench::track {
namespace {

tool_result git(const std::filesystem::path& root, const std::vector<std::string>& arguments,
                tool_errors errors) {
  std::vector<std::string> command{"git", "-C", root.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_tool(command, errors);
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream{text};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

}  // namespace

repository repository::here() {
  // A hook of git's sets these for its own repository and index: a work tree of ours has others.
  for (const char* name : {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}) ::unsetenv(name);
  const auto found = git(".", {"rev-parse", "--show-toplevel"}, tool_errors::left_out);
  if (found.exit_code == 127) throw track_error{"git is not installed"};
  if (!found.is_good())
    throw track_error{"there is no git repository here: run it in a clone of the project"};
  return repository{found.output};
}

std::string repository::ask(const std::vector<std::string>& arguments) const {
  auto answer = git(root_, arguments, tool_errors::left_out);
  if (!answer.is_good()) throw track_error{fmt::format("git {} failed", fmt::join(arguments, " "))};
  return std::move(answer.output);
}

std::optional<std::string> repository::find(const std::string& revision) const {
  auto found = git(root_, {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"},
                   tool_errors::left_out);
  if (!found.is_good() || found.output.size() != 40) return std::nullopt;
  return std::move(found.output);
}

std::string repository::resolve(const std::string& revision) const {
  if (auto found = find(revision)) return *std::move(found);
  if (ask({"rev-parse", "--is-shallow-repository"}) == "true") {
    throw track_error{
        fmt::format("'{}' is not in this clone, which is shallow: git fetch --unshallow", revision)};
  }
  throw track_error{fmt::format("there is no commit '{}' in {}", revision, root_.string())};
}

bool repository::is_dirty() const { return !ask({"status", "--porcelain", "--untracked-files=no"}).empty(); }

std::vector<std::string> repository::parents(const std::string& commit) const {
  return words_of(ask({"show", "--no-patch", "--format=%P", commit}));
}

std::string repository::subject(const std::string& commit) const {
  return ask({"show", "--no-patch", "--format=%s", commit});
}

std::string repository::date(const std::string& commit) const {
  return ask({"show", "--no-patch", "--format=%cI", commit});
}

std::optional<std::string> repository::merge_base(const std::string& one, const std::string& other) const {
  auto found = git(root_, {"merge-base", one, other}, tool_errors::left_out);
  if (!found.is_good()) return std::nullopt;
  return std::move(found.output);
}

std::vector<std::string> repository::commits_between(const std::string& base, const std::string& head) const {
  return words_of(ask({"rev-list", head, "^" + base}));
}

void repository::add_work_tree(const std::filesystem::path& folder, const std::string& commit) const {
  const auto made =
      git(root_, {"worktree", "add", "--force", "--detach", folder.string(), commit}, tool_errors::in_output);
  if (!made.is_good()) {
    throw track_error{fmt::format("git cannot check {} out into {}: {}", commit.substr(0, 12),
                                  folder.string(), made.output.substr(made.output.rfind('\n') + 1))};
  }
}

void repository::remove_work_tree(const std::filesystem::path& folder) const {
  git(root_, {"worktree", "remove", "--force", folder.string()}, tool_errors::left_out);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) throw track_error{fmt::format("{} cannot be removed: {}", folder.string(), error.message())};
  git(root_, {"worktree", "prune"}, tool_errors::left_out);
}

}  // namespace farebench::track
