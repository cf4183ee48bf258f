#include "lib/system/build_identity.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/run_command.hpp"

namespace farebench {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// Two repositories, "own" and "other", each with a tracked file and a commit.
class build_commit : public testing::Test {
 protected:
  build_commit() {
    std::string pattern = fs::temp_directory_path() / "farebench-build-commit-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    for (const char* name : {"own", "other"}) create(name);
  }
  ~build_commit() override { fs::remove_all(folder_); }

  std::string shell(const std::string& command) const {
    const auto done =
        test::run_command(fmt::format("cd {} && unset $(git rev-parse --local-env-vars) && "
                                      "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null && {}",
                                      folder_.string(), command));
    EXPECT_EQ(done.exit_code, 0) << command << '\n' << done.errors;
    return done.output.substr(0, done.output.find_last_not_of('\n') + 1);
  }
  void create(const std::string& name) const {
    shell(
        fmt::format("git init -q {0} && echo {0} >{0}/file && git -C {0} add file && "
                    "git -C {0} -c user.name=a -c user.email=a@example.invalid commit -q -m {0}",
                    name));
  }
  std::string head_of(const std::string& name) const {
    return shell(fmt::format("git -C {} rev-parse HEAD", name));
  }

  /// Returns the header for the sources in a folder, in an environment.
  std::string header_of(const std::string& name, const std::string& environment = "",
                        const char* option = "") const {
    shell(
        fmt::format("rm -f header && env {} cmake -DSOURCE_DIR=$PWD/{} -DHEADER=$PWD/header {} -P "
                    "{}/cmake/write_build_commit.cmake",
                    environment, name, option, FAREBENCH_SOURCE_DIR));
    return shell("cat header");
  }
  static std::string known(const std::string& commit, const char* dirty) {
    return fmt::format(
        "#pragma once\n#define FAREBENCH_COMMIT_ERROR \"\"\n#define FAREBENCH_COMMIT \"{}\"\n"
        "#define FAREBENCH_DIRTY {}",
        commit, dirty);
  }
  static std::string unknown(const std::string& reason) {
    return fmt::format(
        "#define FAREBENCH_COMMIT_ERROR \"{}\"\n#define FAREBENCH_COMMIT \"unknown\"\n"
        "#define FAREBENCH_DIRTY std::nullopt",
        reason);
  }

  fs::path folder_;
};

TEST_F(build_commit, is_of_the_sources_with_their_changes) {
  EXPECT_EQ(header_of("own"), known(head_of("own"), "false"));
  shell("echo changed >own/file");
  EXPECT_EQ(header_of("own"), known(head_of("own"), "true"));
}

TEST_F(build_commit, environment_of_another_repository_is_ignored) {
  const auto other = (folder_ / "other").string();
  for (const auto& environment :
       {fmt::format("GIT_DIR={}/.git", other), fmt::format("GIT_DIR={0}/.git GIT_WORK_TREE={0}", other),
        fmt::format("GIT_INDEX_FILE={}/.git/index", other), fmt::format("GIT_COMMON_DIR={}/.git", other),
        fmt::format("GIT_OBJECT_DIRECTORY={}/.git/objects", other), std::string{"GIT_PREFIX=x/"},
        fmt::format("GIT_CEILING_DIRECTORIES={}/own", folder_.string())})
    EXPECT_EQ(header_of("own", environment), known(head_of("own"), "false")) << environment;
}

TEST_F(build_commit, repository_around_the_sources_is_ignored) {
  shell("mkdir other/sources");
  EXPECT_THAT(header_of("other/sources"), HasSubstr(unknown("the sources are no git checkout")));
  shell("mkdir other/sources/.git");
  EXPECT_THAT(header_of("other/sources"),
              HasSubstr(unknown("fatal: not a git repository (or any of the parent directories): .git")));
}

TEST_F(build_commit, work_tree_submodule_and_shallow_clone_have_theirs) {
  shell("git -C own worktree add -q ../tree");
  EXPECT_EQ(header_of("tree"), known(head_of("own"), "false"));
  shell("git clone -q --depth 1 file://$PWD/own shallow");
  EXPECT_EQ(header_of("shallow"), known(head_of("own"), "false"));
  shell("git -C other -c protocol.file.allow=always submodule --quiet add $PWD/own part");
  EXPECT_EQ(header_of("other/part"), known(head_of("own"), "false"));
}

TEST_F(build_commit, missing_commit_has_a_reason) {
  EXPECT_THAT(header_of("own", "GIT_TEST_ASSUME_DIFFERENT_OWNER=1"),
              HasSubstr("#define FAREBENCH_COMMIT_ERROR \"fatal: detected dubious ownership in repository"));
  EXPECT_THAT(header_of("own", "GIT_TEST_ASSUME_DIFFERENT_OWNER=1"),
              HasSubstr("FAREBENCH_DIRTY std::nullopt"));
  shell("git init -q empty");
  EXPECT_THAT(header_of("empty"), HasSubstr(unknown("the repository has no commit")));
  EXPECT_THAT(header_of("own", "", "-DCMAKE_DISABLE_FIND_PACKAGE_Git=ON"),
              HasSubstr(unknown("git is not installed")));
}

TEST(version_line, has_version_commit_and_build_type) {
  build_identity build{.version = "1.2.3",
                       .commit = "0123456789abcdef0123456789abcdef01234567",
                       .dirty = false,
                       .commit_error = "",
                       .build_type = "Release",
                       .compiler = "GNU 12.2.0",
                       .flags = "",
                       .sanitizers = ""};
  EXPECT_EQ(version_line(build), "farebench 1.2.3 (commit 0123456789ab, Release)");
  build.dirty = true;
  build.sanitizers = "address";
  EXPECT_EQ(version_line(build), "farebench 1.2.3 (commit 0123456789ab with changes, Release, address)");
  build.commit = "unknown";
  build.dirty.reset();
  build.sanitizers = "";
  build.build_type = "";
  EXPECT_EQ(version_line(build), "farebench 1.2.3 (commit unknown, no build type)");
}

TEST(build_report, has_the_commit_or_the_reason) {
  const auto report = nlohmann::json::parse(build_report_json("program", {}));
  EXPECT_EQ(report.at("commit") == "unknown" || report.at("dirty").is_null(),
            report.at("commit_error") != "");
}

}  // namespace
}  // namespace farebench
