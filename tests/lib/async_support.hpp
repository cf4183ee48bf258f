#pragma once

#include <gtest/gtest.h>

#include <string>

#include "farebench/event_loop.hpp"

// Shared by the tests of event loops, timers and tasks.
namespace farebench {

/// Suite that runs once per wait mode of the event loop. Its parameter is the mode.
class every_wait_mode : public testing::TestWithParam<event_loop::wait_mode> {
 protected:
  event_loop loop_{8, GetParam()};
};

inline auto all_wait_modes() {
  return testing::Values(event_loop::wait_mode::socket_action, event_loop::wait_mode::multi_poll);
}

inline std::string name_of_mode(const testing::TestParamInfo<event_loop::wait_mode>& info) {
  return info.param == event_loop::wait_mode::multi_poll ? "multi_poll" : "socket_action";
}

/// Counts its living instances. As a local of a coroutine or fiber it counts the frames that exist.
class counted {
 public:
  counted() { ++alive_; }
  counted(const counted&) { ++alive_; }
  ~counted() { --alive_; }

  static int alive() { return alive_; }

 private:
  inline static int alive_ = 0;
};

}  // namespace farebench
