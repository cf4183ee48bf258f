# Compile and link flags of every target of this project.
add_library(farebench_flags INTERFACE)
target_compile_features(farebench_flags INTERFACE cxx_std_23)
target_compile_options(farebench_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  # In a unity build, a local variable may shadow a variable of another source.
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>
  $<$<BOOL:${FAREBENCH_WERROR}>:-Werror>
  # False reports of overlaps in std::string's operator+ by GCC 12 (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  # clang reports std::stable_sort of libstdc++ 12, which calls a deprecated function of its own.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
if(FAREBENCH_SANITIZE)
  target_compile_options(farebench_flags INTERFACE
    -fsanitize=${FAREBENCH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # GCC's manual documents false warnings about uninitialised members with sanitizers. GCC also warns that
    # ThreadSanitizer ignores Asio's fences, which only repeat the order that Asio's mutex gives.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-tsan>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND FAREBENCH_SANITIZE MATCHES "address")
    # GCC defines it; clang-19 only has __has_feature(address_sanitizer).
    target_compile_definitions(farebench_flags INTERFACE __SANITIZE_ADDRESS__)
  endif()
  target_link_options(farebench_flags INTERFACE -fsanitize=${FAREBENCH_SANITIZE})
endif()
