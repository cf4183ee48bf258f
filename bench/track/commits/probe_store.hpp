#pragma once

#include <filesystem>
#include <string>

#include "bench/track/commits/repository.hpp"
#include "bench/track/judge/comparison.hpp"

namespace farebench::track {

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
