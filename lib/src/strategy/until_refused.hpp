#pragma once

#include <new>
#include <system_error>

namespace farebench {

/// Runs `start`, which begins one thing after another, until the system refuses a thread, a descriptor or
/// memory: what was begun by then has to suffice.
template <class Start>
void until_refused(const Start& start) {
  try {
    start();
  } catch (const std::system_error&) {
    return;
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace farebench
