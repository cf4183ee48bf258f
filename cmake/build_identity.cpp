#include "cmake/build_identity.hpp"

#include "build_commit.hpp"

namespace farebench {

bool build_identity::is_fit_for_measuring() const {
  return (build_type == "Release" || build_type == "RelWithDebInfo") && sanitizers.empty();
}

const build_identity& this_build() {
  static constexpr build_identity identity{
      .version = FAREBENCH_VERSION,
      .commit = FAREBENCH_COMMIT,
      .dirty = FAREBENCH_DIRTY,
      .build_type = FAREBENCH_BUILD_TYPE,
      .compiler = FAREBENCH_COMPILER,
      .flags = FAREBENCH_CXX_FLAGS,
      .sanitizers = FAREBENCH_SANITIZERS,
  };
  return identity;
}

}  // namespace farebench
