# One target carries what every target of ours is compiled with.
add_library(farebench_flags INTERFACE)
target_compile_options(farebench_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  # In a unity build a local variable may be named as another source's own variable is.
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>:-Wshadow>
  $<$<BOOL:${FAREBENCH_WERROR}>:-Werror>
  # GCC 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
if(FAREBENCH_SANITIZE)
  target_compile_options(farebench_flags INTERFACE
    -fsanitize=${FAREBENCH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # With sanitizers GCC warns of uninitialised members inside the standard library (its manual says so), and
    # ThreadSanitizer of Asio's fences, which it does not follow; they only add to what Asio's mutex orders.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-tsan>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND FAREBENCH_SANITIZE MATCHES "address")
    target_compile_definitions(farebench_flags INTERFACE __SANITIZE_ADDRESS__)  # as GCC says it; clang-19 by __has_feature
  endif()
  target_link_options(farebench_flags INTERFACE -fsanitize=${FAREBENCH_SANITIZE})
endif()
