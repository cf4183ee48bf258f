# Settings of `cpack -G DEB`: a package per component.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME farebench)
set(CPACK_PACKAGE_VENDOR "The farebench authors")
set(CPACK_PACKAGE_CONTACT "The farebench authors <maintainers@farebench.invalid>")
# Otherwise CPack puts the project's description before that of each package.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL tools development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)

# A package built for Debian 12 is older than the same for Debian 13, so that an upgrade of the system replaces it.
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(distribution unstable)
if(EXISTS /etc/os-release)
  file(STRINGS /etc/os-release os_release)
  if(os_release MATCHES "ID=debian" AND os_release MATCHES "VERSION_ID=\"?([0-9]+)")
    string(APPEND CPACK_DEBIAN_PACKAGE_RELEASE "~deb${CMAKE_MATCH_1}u1")
  endif()
  if(os_release MATCHES "VERSION_CODENAME=([a-z]+)")
    set(distribution ${CMAKE_MATCH_1})
  endif()
endif()
set(debian_version "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

# farebench: the programs.
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME farebench)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
# For clients in other languages, and for comparisons of commits, which build them.
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS "git, g++, cmake, ninja-build, python3, bash-completion, libfarebench-dev")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "time and memory of ways of running HTTP requests in parallel
Measures which way of running many HTTP round trips in parallel costs the
least time and memory: threads, fibers, coroutines, callbacks, on libcurl or
on an HTTP client of its own, and any other program as a client. Compares
results over commits and writes them as a page. Contains a mock server.")

# libfarebench0: the shared libraries, if they are built. The number is their SOVERSION.
set(runtime_dependency "")
if(TARGET farebench_shared)
  list(APPEND CPACK_COMPONENTS_ALL runtime)
  set(runtime_dependency "libfarebench0 (= ${debian_version}), ")
  # dpkg runs ldconfig once per installation. CPack would write scripts that run it: it leaves out scripts that are named here
  # and do not exist.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
    ${CMAKE_CURRENT_BINARY_DIR}/triggers ${CMAKE_CURRENT_BINARY_DIR}/none/postinst ${CMAKE_CURRENT_BINARY_DIR}/none/postrm)
  # Folder in which dpkg-shlibdeps finds libraries that others of the package need.
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)
endif()
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libfarebench0)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# For dpkg-shlibdeps of packages that need the libraries.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "concurrent HTTP exchanges by threads, fibers or coroutines
An event loop and six ways of running many HTTP exchanges concurrently behind
one interface, with retries and limits on every exchange. Its transports are
libcurl and an HTTP/1.1 client of its own.

This package contains the shared libraries.")

# libfarebench-dev: what programs that use the library are built with.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libfarebench-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${runtime_dependency}libboost-dev, libboost-context-dev,\
 zlib1g-dev, libcurl4-openssl-dev | libcurl4-gnutls-dev")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "g++, cmake, pkgconf, farebench")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "concurrent HTTP exchanges by fibers or coroutines (development files)
An event loop and six ways of running many HTTP exchanges concurrently behind
one interface, with retries and limits on every exchange. Its transports are
libcurl and an HTTP/1.1 client of its own.

This package contains headers, static libraries, and files for CMake and
pkg-config.")

# Adds what Debian's policy requires to the folders of the packages, before they are packed.
configure_file(finish_packages.cmake.in finish_packages.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_BINARY_DIR}/finish_packages.cmake)
include(CPack)
