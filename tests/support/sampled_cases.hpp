#pragma once

namespace farebench::test {

/// Step through many similar cases. Sanitized builds try only some of them, as each takes several times as
/// long; release builds try all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int case_step = 5;
#else
inline constexpr int case_step = 1;
#endif

}  // namespace farebench::test
