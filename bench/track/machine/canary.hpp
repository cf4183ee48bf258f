#pragma once

namespace farebench::track {

/// What the machine takes for work that never changes: no line of it is the library's or the bench's. Three
/// loops, of 10 to 40 ms each, like what a client does: arithmetic, memory that no cache holds, and messages
/// to and fro over a loopback connection with a thread at the other end.
struct canary {
  double cpu_ms = 0;
  double memory_ms = 0;
  double loopback_ms = 0;

  /// One figure of the three, their geometric mean in ms: it moves by a share when they do.
  double figure() const;
};

/// Each loop five times, and of those the medians. Takes about half a second. Throws std::system_error when
/// there is no loopback.
canary measure_canary();

}  // namespace farebench::track
