#include "lib/system/host_identity.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace farebench {
namespace {

TEST(host_identity_test, machine_is_8_digits_that_stay) {
  const auto id = machine_id();
  EXPECT_EQ(id.size(), 8u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  EXPECT_EQ(machine_id(), id);
}

TEST(host_identity_test, network_is_16_digits_that_stay) {
  const auto id = network_id();
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  EXPECT_EQ(network_id(), id);
}

TEST(host_identity_test, namespace_has_another_network) {
  const int pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    const auto network = network_id();
    const auto machine = machine_id();
    // Root needs no user namespace, which a chroot forbids.
    if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) ::_exit(2);
    ::_exit(network_id() != network && machine_id() == machine ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "no permission for a network namespace";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace farebench
