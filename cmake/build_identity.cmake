# Facts about the build for lib/system/build_identity.cpp: an interface target with definitions, and a target
# that writes the commit. The latter runs at every build, because the commit may change after
# the configure step.
set(farebench_build_identity_folder ${PROJECT_BINARY_DIR}/generated)
add_custom_target(farebench_build_commit
  COMMAND ${CMAKE_COMMAND}
    -DSOURCE_DIR=${PROJECT_SOURCE_DIR}
    -DHEADER=${farebench_build_identity_folder}/build_commit.hpp
    -P ${PROJECT_SOURCE_DIR}/cmake/write_build_commit.cmake
  BYPRODUCTS ${farebench_build_identity_folder}/build_commit.hpp
  COMMENT "" VERBATIM)

string(TOUPPER "${CMAKE_BUILD_TYPE}" farebench_config)
string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${farebench_config}}" farebench_cxx_flags)
add_library(farebench_build_identity INTERFACE)
target_include_directories(farebench_build_identity INTERFACE ${farebench_build_identity_folder})
target_compile_definitions(farebench_build_identity INTERFACE
  FAREBENCH_VERSION="${PROJECT_VERSION}"
  FAREBENCH_BUILD_TYPE="${CMAKE_BUILD_TYPE}"
  FAREBENCH_COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
  FAREBENCH_CXX_FLAGS="${farebench_cxx_flags}"
  FAREBENCH_SANITIZERS="${FAREBENCH_SANITIZE}")
