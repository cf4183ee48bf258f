# Installs the programs, as component tools: one command, bin/farebench, and all else where no PATH leads.
include(GNUInstallDirs)
set(programs_folder ${CMAKE_INSTALL_LIBEXECDIR}/farebench)
install(TARGETS farebench_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
install(TARGETS bench track fares mock_server fetch_probe fetch_probe_native mutant_probe heap_count
  RUNTIME DESTINATION ${programs_folder} COMPONENT tools
  LIBRARY DESTINATION ${programs_folder} COMPONENT tools)
# The page of reports, which ./dev install and ./dev report build with node.
install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/report_page.html DESTINATION ${programs_folder} COMPONENT tools OPTIONAL)

# Clients of other languages, for users to build. Those in C++ are parts of this build.
install(DIRECTORY bench/clients/ DESTINATION ${CMAKE_INSTALL_DATADIR}/farebench/clients
  COMPONENT tools
  USE_SOURCE_PERMISSIONS
  PATTERN cpp EXCLUDE
  PATTERN clients.?pp EXCLUDE
  PATTERN __pycache__ EXCLUDE
  PATTERN node_modules EXCLUDE
  PATTERN target EXCLUDE)

install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT tools
  FILES_MATCHING PATTERN "*.md" PATTERN "*.svg")
