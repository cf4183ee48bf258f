# Writes the commit of SOURCE_DIR, and whether tracked files differ from it, to HEADER, unless HEADER already
# has both. Without a commit, the header has the reason, which is also printed.
set(commit "unknown")
set(dirty "std::nullopt")
set(error "")

# git ARGUMENT...: sets output and status. The first line of an error is set as error.
macro(git)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE_DIR} ${ARGN}
    OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE error RESULT_VARIABLE status)
  string(REGEX REPLACE "\n.*" "" error "${error}")
endmacro()

find_package(Git QUIET)
if(NOT GIT_FOUND)
  set(error "git is not installed")
elseif(NOT EXISTS ${SOURCE_DIR}/.git)
  set(error "the sources are no git checkout")
else()
  # A hook has variables for its own repository. Those of the configuration may be the user's.
  git(rev-parse --local-env-vars)
  string(REGEX MATCHALL "[A-Z_]+" names "${output}")
  list(FILTER names EXCLUDE REGEX "^GIT_CONFIG")
  foreach(name IN LISTS names)
    unset(ENV{${name}})
  endforeach()
  # A repository around the sources does not count.
  cmake_path(GET SOURCE_DIR PARENT_PATH parent)
  set(ENV{GIT_CEILING_DIRECTORIES} "${parent}")
  set(ENV{LC_ALL} C)
  git(rev-parse --verify --quiet HEAD)
  if(NOT status EQUAL 0)
    if(NOT error)
      set(error "the repository has no commit")
    endif()
  else()
    set(commit "${output}")
    git(status --porcelain --untracked-files=no)
    if(NOT status EQUAL 0)
      # Unknown: the error says why.
    elseif(output)
      set(dirty "true")
    else()
      set(dirty "false")
    endif()
  endif()
endif()
if(dirty STREQUAL "std::nullopt")
  string(REGEX REPLACE "[\\\"]" "'" error "${error}")
else()
  set(error "")
endif()

set(text "#pragma once
#define FAREBENCH_COMMIT_ERROR \"${error}\"
#define FAREBENCH_COMMIT \"${commit}\"
#define FAREBENCH_DIRTY ${dirty}
")
set(previous "")
if(EXISTS ${HEADER})
  file(READ ${HEADER} previous)
endif()
if(NOT previous STREQUAL text)
  if(error)
    message(NOTICE "The programs will not know their commit or its changes: ${error}")
  endif()
  file(WRITE ${HEADER} "${text}")
endif()
