# Facts about the build for lib/system/build_identity.cpp: definitions, and a header with the commit. The header
# is checked at every build, because the commit may change after the configure step.
set(generated_folder ${PROJECT_BINARY_DIR}/generated)
add_custom_target(farebench_build_commit
  COMMAND ${CMAKE_COMMAND}
    -DSOURCE_DIR=${PROJECT_SOURCE_DIR}
    -DHEADER=${generated_folder}/build_commit.hpp
    -P ${PROJECT_SOURCE_DIR}/cmake/write_build_commit.cmake
  BYPRODUCTS ${generated_folder}/build_commit.hpp
  COMMENT "" VERBATIM)

add_dependencies(farebench_system farebench_build_commit)

string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${config}}" cxx_flags)
target_include_directories(farebench_system PRIVATE ${generated_folder})
target_compile_definitions(farebench_system PRIVATE
  FAREBENCH_VERSION="${PROJECT_VERSION}"
  FAREBENCH_BUILD_TYPE="${CMAKE_BUILD_TYPE}"
  FAREBENCH_COMPILER="${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
  FAREBENCH_CXX_FLAGS="${cxx_flags}"
  FAREBENCH_SANITIZERS="${FAREBENCH_SANITIZE}")
