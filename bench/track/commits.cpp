#include "bench/track/commits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "bench/track/error.hpp"
#include "bench/track/recordings.hpp"
#include "bench/track/strict_json.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using status = child_process::read_status;

}  // namespace

tool_result run_tool(const std::vector<std::string>& command, tool_errors errors) {
  // The shell finds the command and joins the streams, and becomes it.
  std::vector<std::string> arguments{
      "-c",
      errors == tool_errors::in_output ? "exec \"$@\" 2>&1 </dev/null" : "exec \"$@\" 2>/dev/null </dev/null",
      "sh"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  child_process running{{.executable = "/bin/sh", .arguments = std::move(arguments)}};
  tool_result result{.exit_code = -1, .output = {}};
  for (;;) {
    const auto read = running.read_line(1h);
    if (read.status == status::end_of_file) break;
    if (read.status == status::line) result.output += read.line + '\n';
  }
  while (!result.output.empty() && result.output.back() == '\n') result.output.pop_back();
  // Its output has ended, and so will it.
  auto ended = running.wait(1h);
  if (!ended) ended = running.stop();
  if (WIFEXITED(*ended)) result.exit_code = WEXITSTATUS(*ended);
  return result;
}

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

namespace {

using namespace std::string_view_literals;

/// The head of an ELF note that holds a build id of 20 bytes: sizes of name and description, its type
/// (NT_GNU_BUILD_ID), its owner. Little-endian, as on every machine that this runs on.
constexpr std::string_view build_id_head = "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"sv;
constexpr std::size_t build_id_size = 20;

}  // namespace

std::string program_hash_of_bytes(std::string bytes, std::string_view commit) {
  if (!commit.empty()) {
    for (auto at = bytes.find(commit); at != std::string::npos; at = bytes.find(commit, at + commit.size()))
      bytes.replace(at, commit.size(), commit.size(), '0');
  }
  if (const auto note = bytes.find(build_id_head); note != std::string::npos) {
    const auto begin = note + build_id_head.size();
    const auto size = std::min(build_id_size, bytes.size() - begin);
    bytes.replace(begin, size, size, '\0');
  }
  return sha256(bytes);
}

std::string program_hash(const std::filesystem::path& program, std::string_view commit) {
  return program_hash_of_bytes(read_input_file(program), commit);
}

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_kept = 24;
constexpr std::string_view program_name = "fetch_probe";

/// How every probe is configured; a probe that was built otherwise is another one.
const std::vector<std::string>& configuration() {
  static const std::vector<std::string> options{
      "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF", "-DFAREBENCH_WERROR=OFF",
      fmt::format("-DCMAKE_C_COMPILER={}", FAREBENCH_C_COMPILER),
      fmt::format("-DCMAKE_CXX_COMPILER={}", FAREBENCH_CXX_COMPILER)};
  return options;
}

std::string configuration_key() {
  std::string text{this_build().compiler};
  for (const auto& option : configuration()) text += ' ' + option;
  return sha256(text).substr(0, 8);
}

/// Held while something is built, by one track at a time.
file_descriptor lock(const fs::path& folder) {
  fs::create_directories(folder);
  const auto path = folder / "lock";
  file_descriptor held{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
  if (held.get() < 0) throw std::system_error{errno, std::generic_category(), "open " + path.string()};
  if (::flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
    std::fputs("track: waiting for another track, which is building\n", stderr);
    if (::flock(held.get(), LOCK_EX) != 0) throw std::system_error{errno, std::generic_category(), "flock"};
  }
  return held;
}

/// The program there, whole or not at all.
void keep(const fs::path& program, const fs::path& place) {
  const fs::path provisional = place.string() + ".partial";
  fs::remove_all(provisional);
  fs::create_directories(provisional);
  fs::copy_file(program, provisional / program_name);
  fs::remove_all(place);
  fs::rename(provisional, place);
}

/// The first line of a log that tells of an error, or its last.
std::string complaint_in(const std::string& log) {
  for (const char* mark : {"error:", "Error", "error"}) {
    if (const auto at = log.find(mark); at != std::string::npos) {
      const auto begin = log.rfind('\n', at) + 1;  // npos + 1 is 0
      return log.substr(begin, log.find('\n', at) - begin);
    }
  }
  return log.substr(log.rfind('\n') + 1);
}

/// What the program says of its build; a probe that says nothing has none that could be recorded.
bool is_dirty(const fs::path& program) {
  const auto answer = run_tool({program.string(), "--version"}, tool_errors::left_out);
  const auto report = nlohmann::json::parse(answer.output, nullptr, false);
  return report.is_object() && report.value("dirty", nlohmann::json{}) == true;
}

std::string commit_in(const fs::path& program) {
  const auto answer = run_tool({program.string(), "--version"}, tool_errors::left_out);
  const auto report = nlohmann::json::parse(answer.output, nullptr, false);
  return report.is_object() ? report.value("commit", std::string{}) : std::string{};
}

}  // namespace

probe_store::probe_store(const repository& of) : repository_{of}, folder_{of.root() / "build" / "track"} {}

built_probe probe_store::probe_of(const std::string& asked) const {
  const bool means_tree = asked == "." || asked == "HEAD";
  if (means_tree && repository_.is_dirty()) return of_working_tree(asked);
  return of_commit(asked, repository_.resolve(means_tree ? "HEAD" : asked));
}

built_probe probe_store::of_commit(const std::string& name, const std::string& commit) const {
  const auto place = folder_ / "probes" / fmt::format("{}-{}", commit, configuration_key());
  const auto program = place / program_name;
  if (!fs::exists(program)) {
    const auto held = lock(folder_);
    if (!fs::exists(program)) {  // else the one that was waited for has built it
      const auto source = folder_ / "source";
      const auto binary = folder_ / "binary";
      repository_.remove_work_tree(source);  // of one that was killed
      fs::remove_all(binary);
      fmt::print(stderr, "track: building {} ({})\n", name, commit.substr(0, 12));
      repository_.add_work_tree(source, commit);
      try {
        build(source, binary, commit.substr(0, 12));
        keep(binary / "bin" / program_name, place);
      } catch (...) {
        repository_.remove_work_tree(source);
        fs::remove_all(binary);
        throw;
      }
      repository_.remove_work_tree(source);
      fs::remove_all(binary);
      forget_the_oldest();
    }
  }
  std::error_code ignored;
  fs::last_write_time(place, fs::file_time_type::clock::now(), ignored);  // it is in use
  return {
      .program = program,
      .side = {
          .name = name, .commit = commit, .dirty = false, .program_sha256 = program_hash(program, commit)}};
}

built_probe probe_store::of_working_tree(const std::string& name) const {
  const auto held = lock(folder_);
  const auto commit = repository_.resolve("HEAD");
  const auto binary = folder_ / "tree";  // kept, so that only what has changed is built again
  fmt::print(stderr, "track: building {} (the working tree)\n", name);
  build(repository_.root(), binary, "working-tree");
  const auto hash = program_hash(binary / "bin" / program_name, commit);
  const auto place = folder_ / "probes" / fmt::format("tree-{}", hash.substr(0, 40));
  keep(binary / "bin" / program_name, place);
  forget_the_oldest();
  return {.program = place / program_name,
          .side = {.name = name, .commit = commit, .dirty = true, .program_sha256 = hash}};
}

void probe_store::build(const fs::path& source, const fs::path& into, const std::string& what) const {
  std::vector<std::string> configure{"cmake", "-S", source.string(), "-B", into.string(), "-G", "Ninja"};
  configure.insert(configure.end(), configuration().begin(), configuration().end());
  auto result = run_tool(configure, tool_errors::in_output);
  if (result.exit_code == 127) throw track_error{"cmake is not installed"};
  std::string log = result.output;
  if (result.is_good()) {
    result = run_tool({"cmake", "--build", into.string(), "--target", std::string{program_name}},
                      tool_errors::in_output);
    log += '\n' + result.output;
  }
  if (result.is_good() && fs::exists(into / "bin" / program_name)) return;
  if (result.is_good()) log += fmt::format("\nit built no bin/{}", program_name);
  const auto path = folder_ / (what + ".log");
  std::ofstream{path} << log << '\n';
  throw track_error{fmt::format(
      "{} does not build: {} (the whole log: {})", what,
      result.is_good() ? log.substr(log.rfind('\n') + 1) : complaint_in(result.output), path.string())};
}

void probe_store::forget_the_oldest() const {
  std::vector<fs::directory_entry> kept{fs::directory_iterator{folder_ / "probes"}, fs::directory_iterator{}};
  if (kept.size() <= most_kept) return;
  std::ranges::sort(kept, {}, [](const fs::directory_entry& entry) { return entry.last_write_time(); });
  kept.resize(kept.size() - most_kept);
  for (const auto& entry : kept) fs::remove_all(entry.path());
}

built_probe probe_at(const fs::path& program, const std::string& name) {
  const auto commit = commit_in(program);
  return {.program = program,
          .side = {.name = name,
                   .commit = commit,
                   .dirty = is_dirty(program),
                   .program_sha256 = program_hash(program, commit)}};
}

}  // namespace farebench::track
