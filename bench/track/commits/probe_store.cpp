#include "bench/track/commits/probe_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "bench/track/commits/program_hash.hpp"
#include "bench/track/commits/tool.hpp"
#include "bench/track/files/sha256.hpp"
#include "bench/track/track_error.hpp"
#include "lib/system/build_identity.hpp"
#include "lib/system/file_descriptor.hpp"

namespace farebench::track {
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
