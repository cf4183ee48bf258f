# Install rules of the library, in the components runtime (shared libraries) and development (the rest).
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/farebench)
list(TRANSFORM FAREBENCH_TRANSPORTS PREPEND farebench_ OUTPUT_VARIABLE transports)
foreach(library farebench ${transports})
  # find_package(farebench) includes the targets of one variant. Both have the same names in it.
  get_target_property(public_name ${library} EXPORT_NAME)
  install(TARGETS ${library} EXPORT static_${public_name}
    ARCHIVE COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  set(variants static)
  if(TARGET ${library}_shared)
    install(TARGETS ${library}_shared EXPORT shared_${public_name}
      LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
      INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    list(APPEND variants shared)
  endif()
  foreach(variant ${variants})
    install(EXPORT ${variant}_${public_name} NAMESPACE farebench:: DESTINATION ${package_folder} COMPONENT development)
  endforeach()
endforeach()
install(DIRECTORY include/farebench DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/farebenchConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES farebenchConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/farebenchConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT development)

# pkg-config: a file per library. Static libraries alone need their dependencies in every link, shared ones do not.
# NEXT_x begins what shared libraries do not need. The prefix is relative to the file, so that an installed tree can be moved.
file(RELATIVE_PATH PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
set(NEXT_LIBS " ")
set(NEXT_REQUIRES " ")
if(TARGET farebench_shared)
  set(NEXT_LIBS "\nLibs.private: ")
  set(NEXT_REQUIRES "\nRequires.private: ")
endif()
foreach(library farebench ${transports})
  string(REPLACE _ - package ${library})
  configure_file(${package}.pc.in ${package}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${package}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endforeach()
