#pragma once

namespace farebench {

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
