#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "farebench/event_loop.hpp"
#include "farebench/libcurl.hpp"
#include "farebench/native.hpp"

// Shared by the tests of event loops, timers and tasks.
namespace farebench {

/// Transport of an event loop, and its name in a test.
struct loop_kind {
  const char* name;
  const transport& (*http)();
};

inline std::ostream& operator<<(std::ostream& out, const loop_kind& kind) { return out << kind.name; }

/// Suite that runs once per kind of event loop.
class every_loop : public testing::TestWithParam<loop_kind> {
 protected:
  event_loop loop_{GetParam().http(), 8};
};

inline auto all_loops() {
  return testing::Values(loop_kind{"socket_action", &libcurl_transport},
                         loop_kind{"multi_poll", &libcurl_poll_transport},
                         loop_kind{"native", &native_transport});
}

inline std::string name_of_loop(const testing::TestParamInfo<loop_kind>& info) { return info.param.name; }

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
