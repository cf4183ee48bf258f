# Flags of the OpenSSF's "Compiler Options Hardening Guide for C and C++" (best.openssf.org) that GCC 12 and
# clang-19 support. They turn memory errors into aborts, and apply to every target here. _FORTIFY_SOURCE needs
# an optimised build. Their cost: docs/cpu.md.
option(FAREBENCH_HARDENED "Build with the hardening flags of the OpenSSF guide" OFF)
if(FAREBENCH_HARDENED)
  if(FAREBENCH_SANITIZE)
    message(FATAL_ERROR "FAREBENCH_HARDENED and FAREBENCH_SANITIZE exclude each other: set only one of them")
  endif()
  include(CheckPIESupported)
  check_pie_supported()
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  target_compile_options(farebench_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS
    -fstack-protector-strong -fstack-clash-protection
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>
    -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
    -Wformat=2 -Werror=format-security)
  target_link_options(farebench_flags INTERFACE
    -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)
endif()
