#include "lib/system/shard.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>

namespace farebench {
namespace {

/// Without the variables of schedulers, also if this test runs in a job of one.
class shard_test : public testing::Test {
 protected:
  shard_test() {
    for (const char* name : {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
                             "SLURM_ARRAY_TASK_COUNT", "JOB_COMPLETION_INDEX"})
      ::unsetenv(name);
  }

  static void set(std::initializer_list<std::pair<const char*, const char*>> variables) {
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
  }

  static std::string error_of(const std::string& text) {
    const auto parsed = parse_shard(text);
    return parsed ? "no error: " + to_string(*parsed) : parsed.error();
  }
};

TEST_F(shard_test, index_and_count_are_read) {
  EXPECT_EQ(parse_shard("1/1"), (shard{1, 1}));
  EXPECT_EQ(parse_shard("3/4"), (shard{3, 4}));
  EXPECT_EQ(parse_shard("10000/10000"), (shard{10'000, 10'000}));
  EXPECT_EQ(to_string(shard{3, 4}), "3/4");
}

TEST_F(shard_test, invalid_text_is_refused) {
  for (const char* text : {"",        "/",     "1",     "1/",     "/4",
                           "0/4",     "5/4",   "-1/4",  "+1/4",   "1/0",
                           "1/10001", "1/4/4", " 1/4",  "1/4 ",   "a/4",
                           "1/b",     "Auto",  "auto/", "auto/0", "99999999999999999999/4"})
    EXPECT_EQ(error_of(text),
              "'" + std::string{text} +
                  "' is invalid: write i/n with i from 1 to n and n up to 10000, auto, or auto/n");
}

TEST_F(shard_test, auto_reads_a_slurm_array) {
  set({{"SLURM_ARRAY_TASK_ID", "3"},
       {"SLURM_ARRAY_TASK_MIN", "1"},
       {"SLURM_ARRAY_TASK_MAX", "4"},
       {"SLURM_ARRAY_TASK_COUNT", "4"}});
  EXPECT_EQ(parse_shard("auto"), (shard{3, 4}));
  EXPECT_EQ(parse_shard("auto/4"), (shard{3, 4}));
  EXPECT_EQ(parse_shard("2/5"), (shard{2, 5})) << "the environment counts for auto only";
}

TEST_F(shard_test, auto_refuses_a_partial_slurm_array) {
  // sbatch --array=3, to repeat one task of four.
  set({{"SLURM_ARRAY_TASK_ID", "3"},
       {"SLURM_ARRAY_TASK_MIN", "3"},
       {"SLURM_ARRAY_TASK_MAX", "3"},
       {"SLURM_ARRAY_TASK_COUNT", "1"}});
  EXPECT_EQ(
      error_of("auto"),
      "the Slurm array has the tasks 3 to 3, 1 in all: submit it with --array=1-N, or write auto/n with the "
      "number of shards");
  EXPECT_EQ(parse_shard("auto/4"), (shard{3, 4}));
}

TEST_F(shard_test, auto_refuses_a_slurm_array_from_0) {
  set({{"SLURM_ARRAY_TASK_ID", "0"},
       {"SLURM_ARRAY_TASK_MIN", "0"},
       {"SLURM_ARRAY_TASK_MAX", "3"},
       {"SLURM_ARRAY_TASK_COUNT", "4"}});
  EXPECT_TRUE(error_of("auto").starts_with("the Slurm array has the tasks 0 to 3, 4 in all:"));
  EXPECT_EQ(error_of("auto/4"), "SLURM_ARRAY_TASK_ID is '0': it must be 1 to 4");
}

TEST_F(shard_test, auto_needs_the_index_and_count_of_a_slurm_array) {
  set({{"SLURM_ARRAY_TASK_ID", "3"}});
  EXPECT_EQ(error_of("auto"),
            "SLURM_ARRAY_TASK_COUNT is '': it must be 1 to 10000, or write auto/n with the number of shards");
  set({{"SLURM_ARRAY_TASK_COUNT", "4"}});
  EXPECT_EQ(parse_shard("auto"), (shard{3, 4}));
  set({{"SLURM_ARRAY_TASK_COUNT", "2"}});
  EXPECT_EQ(error_of("auto"), "SLURM_ARRAY_TASK_ID is '3': it must be 1 to 2");
}

TEST_F(shard_test, auto_reads_a_kubernetes_job) {
  set({{"JOB_COMPLETION_INDEX", "0"}});
  EXPECT_EQ(parse_shard("auto/4"), (shard{1, 4}));
  set({{"JOB_COMPLETION_INDEX", "3"}});
  EXPECT_EQ(parse_shard("auto/4"), (shard{4, 4}));
  EXPECT_EQ(error_of("auto/3"), "JOB_COMPLETION_INDEX is '3': it must be 0 to 2");
  EXPECT_EQ(error_of("auto"),
            "JOB_COMPLETION_INDEX has no number of completions: write auto/n, with the Job's completions");
}

TEST_F(shard_test, auto_without_a_scheduler_is_refused) {
  EXPECT_EQ(error_of("auto"),
            "there is no SLURM_ARRAY_TASK_ID (Slurm) and no JOB_COMPLETION_INDEX (Kubernetes): write i/n, or "
            "run it in a job array");
  set({{"SLURM_ARRAY_TASK_ID", "1"}, {"JOB_COMPLETION_INDEX", "0"}});
  EXPECT_EQ(error_of("auto/2"), "both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set: write i/n");
}

}  // namespace
}  // namespace farebench
