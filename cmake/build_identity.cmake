# farebench_build_identity: what a program can say of the build it comes from (see build_identity.hpp).
# The commit is asked of git at every build, so that it is never that of an older configure.
set(farebench_build_identity_header ${PROJECT_BINARY_DIR}/generated/build_commit.hpp)
add_custom_target(farebench_build_commit
  COMMAND ${CMAKE_COMMAND}
    -DSOURCE_DIR=${PROJECT_SOURCE_DIR}
    -DHEADER=${farebench_build_identity_header}
    -P ${PROJECT_SOURCE_DIR}/cmake/write_build_commit.cmake
  BYPRODUCTS ${farebench_build_identity_header}
  COMMENT "" VERBATIM)

string(TOUPPER "${CMAKE_BUILD_TYPE}" farebench_config)
string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${farebench_config}}" farebench_cxx_flags)
add_library(farebench_build_identity STATIC ${PROJECT_SOURCE_DIR}/cmake/build_identity.cpp)
add_library(farebench::build_identity ALIAS farebench_build_identity)
add_dependencies(farebench_build_identity farebench_build_commit)
target_include_directories(farebench_build_identity
  PUBLIC ${PROJECT_SOURCE_DIR}
  PRIVATE ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(farebench_build_identity PRIVATE
  FAREBENCH_VERSION="${PROJECT_VERSION}"
  FAREBENCH_BUILD_TYPE="${CMAKE_BUILD_TYPE}"
  FAREBENCH_COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
  FAREBENCH_CXX_FLAGS="${farebench_cxx_flags}"
  FAREBENCH_SANITIZERS="${FAREBENCH_SANITIZE}")
target_link_libraries(farebench_build_identity PRIVATE farebench_flags)
