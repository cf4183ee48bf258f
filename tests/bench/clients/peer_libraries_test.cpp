#include "bench/clients/clients.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace farebench {
namespace {

const peer_libraries some_found{.versions = {{"python", "3.11.2"}},
                                .missing = {{"python_sync", {}},
                                            {"python_threads", {"python3-requests"}},
                                            {"python_gevent", {"python3-gevent", "python3-requests"}}}};

TEST(peer_libraries, leave_those_ready_that_lack_nothing) {
  EXPECT_FALSE(is_unready("python_sync", some_found));
  EXPECT_TRUE(is_unready("python_threads", some_found));
  EXPECT_FALSE(is_unready("multi_socket", some_found)) << "no peer, and no business of theirs";
}

TEST(peer_libraries, say_in_one_line_who_is_skipped_and_how_to_get_what_is_missing) {
  const std::vector<std::string> skipped{"python_threads", "python_gevent"};
  EXPECT_EQ(note_on_skipped(skipped, some_found),
            "skipped for want of packages: python_threads, python_gevent; './dev bench --peers' installs "
            "them, or: apt-get install python3-gevent python3-requests");
}

TEST(peer_libraries, lack_an_interpreter_that_is_not_there) {
  const auto found =
      find_peer_libraries({.interpreter = "/no/python3", .arguments = {}, .environment_to_count = {}});
  for (const auto name : peer_names) EXPECT_TRUE(is_unready(name, found)) << name;
  const std::vector<std::string> skipped{"python_sync"};
  EXPECT_THAT(note_on_skipped(skipped, found), testing::EndsWith("apt-get install python3"));
}

TEST(peer_libraries, refuse_an_answer_that_is_none) {
  EXPECT_THROW(
      find_peer_libraries({.interpreter = "/bin/echo", .arguments = {"{}"}, .environment_to_count = {}}),
      std::runtime_error);
}

}  // namespace
}  // namespace farebench
