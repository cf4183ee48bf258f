# Writes the commit of SOURCE_DIR, and whether tracked files differ from it, to HEADER, unless HEADER already
# has both.
set(commit "unknown")
set(dirty "false")
find_package(Git QUIET)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE_DIR} rev-parse HEAD
    OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0)
    set(commit "${head}")
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE_DIR} status --porcelain --untracked-files=no
      OUTPUT_VARIABLE changes OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(changes)
      set(dirty "true")
    endif()
  endif()
endif()
set(text "#pragma once
#define FAREBENCH_COMMIT \"${commit}\"
#define FAREBENCH_DIRTY ${dirty}
")
set(previous "")
if(EXISTS ${HEADER})
  file(READ ${HEADER} previous)
endif()
if(NOT previous STREQUAL text)
  file(WRITE ${HEADER} "${text}")
endif()
