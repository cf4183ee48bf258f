# What makes a mistake in memory an abort instead of a way in: the flags of the OpenSSF's "Compiler Options Hardening
# Guide for C and C++" (best.openssf.org) that GCC 12 and clang-19 have, for everything that is built here. Only of an
# optimised build: _FORTIFY_SOURCE needs one. What they cost: docs/cpu.md.
option(FAREBENCH_HARDENED "Build with the hardening flags of the OpenSSF guide" OFF)
if(FAREBENCH_HARDENED)
  if(FAREBENCH_SANITIZE)
    message(FATAL_ERROR "FAREBENCH_HARDENED and FAREBENCH_SANITIZE look for the same mistakes in two ways: choose one")
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
