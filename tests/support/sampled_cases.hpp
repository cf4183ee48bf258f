#pragma once

namespace farebench::test {

/// Every how many-th of many like cases is tried: each, but where a sanitizer watches every access at several
/// times the cost. What is looked for there, the first of a kind shows; what needs them all, the release
/// build.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int case_step = 5;
#else
inline constexpr int case_step = 1;
#endif

}  // namespace farebench::test
