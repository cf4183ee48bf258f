#include "bench/track/commits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "bench/track/error.hpp"
#include "bench/track/recordings.hpp"
#include "bench/track/strict_json.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/child_process.hpp"
#include "lib/system/command_line.hpp"
#include "lib/system/file_descriptor.hpp"
#include "lib/system/locations.hpp"

namespace farebench::track {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
namespace fs = std::filesystem;

command_result run_git(const fs::path& root, const std::vector<std::string>& arguments,
                       error_output errors = error_output::discard) {
  std::vector<std::string> command{"git", "-C", root.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_command(command, errors);
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream stream{text};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// Removes the variables that describe another repository, which git sets for hooks. Those of the
/// configuration may be the user's.
void forget_git_environment() {
  for (const auto& name : split_words(run_git(".", {"rev-parse", "--local-env-vars"}).output))
    if (!name.starts_with("GIT_CONFIG")) ::unsetenv(name.c_str());
}

/// File of every commit of farebench that can be measured.
constexpr const char* probe_source = "bench/probe/fetch_probe.cpp";

std::string last_line(const std::string& text) { return text.substr(text.rfind('\n') + 1); }

std::string short_id(const std::string& commit) { return commit.substr(0, 12); }

}  // namespace

command_result run_command(const std::vector<std::string>& command, error_output errors,
                           const std::function<void(const std::string& line)>& on_line) {
  // The shell finds the command, redirects the streams and is replaced by it.
  const char* const script = errors == error_output::merge     ? "exec \"$@\" 2>&1 </dev/null"
                             : errors == error_output::discard ? "exec \"$@\" 2>/dev/null </dev/null"
                                                               : "exec \"$@\" </dev/null";
  std::vector<std::string> arguments{"-c", script, "sh"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  child_process child{{.executable = "/bin/sh", .arguments = std::move(arguments)}};
  command_result result{.exit_code = -1, .output = {}};
  for (;;) {
    const auto read = child.read_line(1h);
    if (read.status == child_process::read_status::end_of_file) break;
    if (read.status != child_process::read_status::line) continue;
    if (on_line) on_line(read.line);
    result.output += read.line + '\n';
  }
  while (result.output.ends_with('\n')) result.output.pop_back();
  auto status = child.wait(1h);
  if (!status) status = child.stop();
  if (WIFEXITED(*status)) result.exit_code = WEXITSTATUS(*status);
  return result;
}

void print_status(std::string_view text) {
  static const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  if (!is_terminal) return;
  fmt::print(stderr, "\r\x1b[K{}", printable(text));
  std::fflush(stderr);
}

repository repository::open() {
  forget_git_environment();
  const char* const chosen = std::getenv("FAREBENCH_REPOSITORY");
  // A repository around the chosen folder does not count.
  if (chosen) ::setenv("GIT_CEILING_DIRECTORIES", fs::path{chosen}.parent_path().c_str(), 1);
  const auto found = run_git(chosen ? chosen : ".", {"rev-parse", "--show-toplevel"}, error_output::merge);
  if (found.exit_code == 127) throw track_error{"git is not installed"};
  if (!found.is_good()) {
    throw track_error{fmt::format("there is no git repository here: change to a clone of farebench ({})",
                                  found.output.substr(0, found.output.find('\n')))};
  }
  // An installed track is also run in the repositories of its users' clients.
  if (!chosen && !is_in_build_tree() && !fs::exists(fs::path{found.output} / probe_source)) {
    throw track_error{fmt::format(
        "{} is no clone of farebench, which has the commits to measure: change to one, or compare "
        "result files or clients",
        found.output)};
  }
  return repository{found.output};
}

std::string repository::git(const std::vector<std::string>& arguments) const {
  auto result = run_git(root_, arguments);
  if (!result.is_good()) throw track_error{fmt::format("git {} failed", fmt::join(arguments, " "))};
  return std::move(result.output);
}

std::optional<std::string> repository::find(const std::string& revision) const {
  auto found =
      run_git(root_, {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"});
  if (!found.is_good() || found.output.size() != 40) return std::nullopt;
  return std::move(found.output);
}

std::string repository::resolve(const std::string& revision) const {
  if (auto found = find(revision)) return *std::move(found);
  if (!this_build().commit_error.empty() && revision == this_build().commit)
    throw track_error{fmt::format("this build has no commit: {}", this_build().commit_error)};
  if (git({"rev-parse", "--is-shallow-repository"}) == "true") {
    throw track_error{
        fmt::format("'{}' is not in this clone, which is shallow: git fetch --unshallow", revision)};
  }
  throw track_error{fmt::format("there is no commit '{}' in {}", revision, root_.string())};
}

bool repository::is_dirty() const { return !git({"status", "--porcelain", "--untracked-files=no"}).empty(); }

commit_info repository::describe(const std::string& commit) const {
  const auto show = [&](const char* format) {
    return git({"show", "--no-patch", fmt::format("--format={}", format), commit});
  };
  return {.parents = split_words(show("%P")), .date = show("%cI"), .subject = show("%s")};
}

std::optional<std::string> repository::merge_base(const std::string& commit, const std::string& other) const {
  auto found = run_git(root_, {"merge-base", commit, other});
  if (!found.is_good()) return std::nullopt;
  return std::move(found.output);
}

std::vector<std::string> repository::commits_between(const std::string& base, const std::string& head) const {
  return split_words(git({"rev-list", head, "^" + base}));
}

bool repository::has_file(const std::string& commit, const std::string& path) const {
  return run_git(root_, {"cat-file", "-e", fmt::format("{}:{}", commit, path)}).is_good();
}

void repository::add_work_tree(const fs::path& folder, const std::string& commit) const {
  const auto result = run_git(root_, {"worktree", "add", "--force", "--detach", folder.string(), commit},
                              error_output::merge);
  if (!result.is_good()) {
    throw track_error{fmt::format("git cannot check out {} into {}: {}", short_id(commit), folder.string(),
                                  last_line(result.output))};
  }
}

void repository::remove_work_tree(const fs::path& folder) const {
  run_git(root_, {"worktree", "remove", "--force", folder.string()});
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) throw track_error{fmt::format("{} cannot be removed: {}", folder.string(), error.message())};
  run_git(root_, {"worktree", "prune"});
}

std::string program_hash_of_bytes(std::string bytes, std::string_view commit) {
  if (!commit.empty()) {
    for (auto at = bytes.find(commit); at != std::string::npos; at = bytes.find(commit, at + commit.size()))
      bytes.replace(at, commit.size(), commit.size(), '0');
  }
  // Head of an ELF note with a build id of 20 bytes, little-endian: sizes of name and description, type
  // (NT_GNU_BUILD_ID), owner.
  constexpr std::string_view build_id_head = "\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"sv;
  constexpr std::size_t build_id_size = 20;
  if (const auto note = bytes.find(build_id_head); note != std::string::npos) {
    const auto begin = note + build_id_head.size();
    const auto size = std::min(build_id_size, bytes.size() - begin);
    bytes.replace(begin, size, size, '\0');
  }
  return sha256(bytes);
}

std::string program_hash(const fs::path& program, std::string_view commit) {
  return program_hash_of_bytes(read_input_file(program), commit);
}

std::string program_hash(const probe_programs& probes, std::string_view commit) {
  auto hash = program_hash(probes.fetch_probe, commit);
  // Recordings from before there was a second probe have the hash of the first.
  if (probes.fetch_probe_native.empty()) return hash;
  return sha256(hash + program_hash(probes.fetch_probe_native, commit));
}

namespace {

constexpr std::size_t max_programs = 24;
constexpr const char* probe_name = "fetch_probe";
constexpr const char* native_probe_name = "fetch_probe_native";
/// File of the commits that have fetch_probe_native.
constexpr const char* native_probe_source = "bench/probe/fetch_probe_native.cpp";

std::vector<std::string> names_of_probes(bool needs_native) {
  return needs_native ? std::vector<std::string>{probe_name, native_probe_name}
                      : std::vector<std::string>{probe_name};
}

/// Returns the probes in a folder.
probe_programs probes_in(const fs::path& folder, bool needs_native) {
  return {.fetch_probe = folder / probe_name,
          .fetch_probe_native = needs_native ? folder / native_probe_name : fs::path{}};
}

bool all_exist(const fs::path& folder, const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [&](const std::string& name) { return fs::exists(folder / name); });
}

/// Options of every build of a client. Another configuration gives another program.
const std::vector<std::string>& configuration() {
  static const std::vector<std::string> options{
      "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF", "-DFAREBENCH_WERROR=OFF",
      fmt::format("-DCMAKE_C_COMPILER={}", FAREBENCH_C_COMPILER),
      fmt::format("-DCMAKE_CXX_COMPILER={}", FAREBENCH_CXX_COMPILER)};
  return options;
}

std::string configuration_key() {
  return sha256(fmt::format("{} {}", this_build().compiler, fmt::join(configuration(), " "))).substr(0, 8);
}

/// Waits until no other track builds in the folder.
file_descriptor lock(const fs::path& folder) {
  fs::create_directories(folder);
  const auto path = folder / "lock";
  file_descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
  if (file.get() < 0) throw_system_error("open " + path.string());
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    print_error("track", "another track is building: waiting for it");
    if (::flock(file.get(), LOCK_EX) != 0) throw_system_error("flock " + path.string());
  }
  return file;
}

/// Copies programs of a folder into a new one, all or none.
void keep(const fs::path& built, const std::vector<std::string>& names, const fs::path& folder) {
  const fs::path provisional = folder.string() + ".partial";
  fs::remove_all(provisional);
  fs::create_directories(provisional);
  for (const auto& name : names) fs::copy_file(built / name, provisional / name);
  fs::remove_all(folder);
  fs::rename(provisional, folder);
}

/// Returns the first line of a log that mentions an error, else the last line.
std::string error_in(const std::string& log) {
  for (const char* mark : {"error:", "Error", "error"}) {
    if (const auto at = log.find(mark); at != std::string::npos) {
      // npos + 1 is 0.
      const auto begin = log.rfind('\n', at) + 1;
      return log.substr(begin, log.find('\n', at) - begin);
    }
  }
  return last_line(log);
}

}  // namespace

namespace {

/// Returns build/track of the repository, or for an installed track, which shares no build with it, a folder
/// of the user's.
fs::path folder_of_probes(const repository& of) {
  if (is_in_build_tree()) return of.root() / "build" / "track";
  const auto cache = cache_folder();
  if (!cache) throw track_error{"no folder for the builds of commits: set HOME or XDG_CACHE_HOME"};
  create_private_folders(*cache);
  return *cache / "track" / sha256(of.root().string()).substr(0, 12);
}

}  // namespace

probe_store::probe_store(const repository& of) : repository_{of}, folder_{folder_of_probes(of)} {}

bool probe_store::is_working_tree(const std::string& revision) const {
  return (revision == "." || revision == "HEAD") && repository_.is_dirty();
}

bool probe_store::has_native(const std::string& revision) const {
  if (is_working_tree(revision)) return fs::exists(repository_.root() / native_probe_source);
  return repository_.has_file(repository_.resolve(revision == "." ? "HEAD" : revision), native_probe_source);
}

void probe_store::check_native(const std::string& revision) const {
  if (has_native(revision)) return;
  throw track_error{fmt::format("'{}' has no native transport: leave out --transport native", revision)};
}

built_probes probe_store::probes_of(const std::string& revision, bool needs_native) const {
  if (is_working_tree(revision)) return probes_of_working_tree(revision, needs_native);
  return probes_of_commit(revision, repository_.resolve(revision == "." ? "HEAD" : revision), needs_native);
}

built_probes probe_store::probes_of_commit(const std::string& revision, const std::string& commit,
                                           bool needs_native) const {
  // The default base of a gate is a commit's full id.
  const auto name = revision == commit ? short_id(commit) : revision;
  const auto place = folder_ / "probes" / fmt::format("{}-{}", commit, configuration_key());
  const auto names = names_of_probes(needs_native);
  if (!all_exist(place, names)) {
    const auto held = lock(folder_);
    // Another track may have built them meanwhile.
    if (!all_exist(place, names)) {
      const auto source = folder_ / "source";
      const auto binary = folder_ / "binary";
      const auto remove_build = [&] {
        repository_.remove_work_tree(source);
        fs::remove_all(binary);
      };
      // Left by a killed track.
      remove_build();
      repository_.add_work_tree(source, commit);
      try {
        build(source, binary, names, fmt::format("{} ({})", short_id(commit), name));
        keep(binary / "bin", names, place);
      } catch (...) {
        remove_build();
        throw;
      }
      remove_build();
      remove_oldest();
    }
  }
  // Marks it as used, for remove_oldest().
  std::error_code ignored;
  fs::last_write_time(place, fs::file_time_type::clock::now(), ignored);
  auto programs = probes_in(place, needs_native);
  const auto hash = program_hash(programs, commit);
  return {.programs = std::move(programs), .side = {.name = name, .commit = commit, .program_sha256 = hash}};
}

built_probes probe_store::probes_of_working_tree(const std::string& name, bool needs_native) const {
  const auto held = lock(folder_);
  const auto commit = repository_.resolve("HEAD");
  // Kept for the next build, which then compiles only what has changed.
  const auto binary = folder_ / "tree";
  const auto names = names_of_probes(needs_native);
  build(repository_.root(), binary, names, "the working tree");
  const auto hash = program_hash(probes_in(binary / "bin", needs_native), commit);
  const auto place = folder_ / "probes" / fmt::format("tree-{}", hash.substr(0, 40));
  keep(binary / "bin", names, place);
  remove_oldest();
  return {.programs = probes_in(place, needs_native),
          .side = {.name = name, .commit = commit, .dirty = true, .program_sha256 = hash}};
}

void probe_store::build(const fs::path& source, const fs::path& binary, const std::vector<std::string>& names,
                        const std::string& title) const {
  fmt::print(stderr, "track: building {}\n", title);
  std::vector<std::string> configure{"cmake", "-S", source.string(), "-B", binary.string(), "-G", "Ninja"};
  configure.insert(configure.end(), configuration().begin(), configuration().end());
  auto result = run_command(configure, error_output::merge);
  if (result.exit_code == 127) throw track_error{"cmake is not installed"};
  std::string log = result.output;
  if (result.is_good()) {
    // Ninja's lines begin with "[n/m]".
    std::vector<std::string> command{"cmake", "--build", binary.string(), "--target"};
    command.insert(command.end(), names.begin(), names.end());
    result = run_command(command, error_output::merge, [&](const std::string& line) {
      if (line.starts_with('[')) print_status(line.substr(0, line.find(' ')));
    });
    print_status("");
    log += '\n' + result.output;
  }
  if (result.is_good() && all_exist(binary / "bin", names)) return;
  if (result.is_good()) result.output = fmt::format("it built no bin/{}", fmt::join(names, " and bin/"));
  const auto path = folder_ / "build.log";
  std::ofstream{path} << log << '\n';
  throw track_error{
      fmt::format("{} does not build: {} (log: {})", title, error_in(result.output), path.string())};
}

void probe_store::remove_oldest() const {
  std::vector<fs::directory_entry> kept{fs::directory_iterator{folder_ / "probes"}, fs::directory_iterator{}};
  if (kept.size() <= max_programs) return;
  std::ranges::sort(kept, {}, [](const fs::directory_entry& entry) { return entry.last_write_time(); });
  kept.resize(kept.size() - max_programs);
  for (const auto& entry : kept) fs::remove_all(entry.path());
}

}  // namespace farebench::track
