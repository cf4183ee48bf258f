#pragma once

namespace farebench {

/// How many of them are alive: a frame that holds one is counted with it.
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
