# SPDX-License-Identifier: MIT
# One OBJECT library per layer and side. A directory has a default side; *_nt.c and *_posix.c override it.
set(FILTERBED_NT_DIRS rtl ke ex ob mm ps se cm tm io fsrtl fltmgr fs/base fs/memfs fs/hostfs view)
set(FILTERBED_POSIX_DIRS port vf fuse fltlib client host)
set(FILTERBED_OBJECTS)

function(filterbed_layer dir default)
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${dir}/*.c ${CMAKE_SOURCE_DIR}/src/${dir}/*.S)
  string(REPLACE "/" "_" name ${dir})
  set(files_nt)
  set(files_posix)
  foreach(f ${all})
    if(f MATCHES "_posix\\.c$")
      list(APPEND files_posix ${f})
    elseif(f MATCHES "_nt\\.c$" OR "${default}" STREQUAL "nt")
      list(APPEND files_nt ${f})
    else()
      list(APPEND files_posix ${f})
    endif()
  endforeach()
  foreach(side nt posix)
    if(files_${side})
      add_library(${name}_${side} OBJECT ${files_${side}})
      target_link_libraries(${name}_${side} PRIVATE fb_${side})
      list(APPEND FILTERBED_OBJECTS $<TARGET_OBJECTS:${name}_${side}>)
    endif()
  endforeach()
  set(FILTERBED_OBJECTS ${FILTERBED_OBJECTS} PARENT_SCOPE)
endfunction()

# See the comment in the file.
# Without optimisation, and under a sanitizer, calls are no sibling calls: frames then.
if(NOT FILTERBED_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/fltmgr/ctxfast.c PROPERTIES COMPILE_OPTIONS "-fomit-frame-pointer;-foptimize-sibling-calls;-falign-functions=64")
endif()

foreach(d ${FILTERBED_NT_DIRS})
  filterbed_layer(${d} nt)
endforeach()
foreach(d ${FILTERBED_POSIX_DIRS})
  filterbed_layer(${d} posix)
endforeach()
if(TARGET host_posix)
  target_compile_definitions(host_posix PRIVATE FILTERBED_SOURCE_DIR="${CMAKE_SOURCE_DIR}" FILTERBED_BUILD_DIR="${CMAKE_BINARY_DIR}")
endif()

set(FILTERBED_LIBS urcu-memb urcu-common dw elf jansson expat utf8proc pthread dl)

# The export table: one row per routine (src/exports.def); gives the version script, the stubs of declared but absent
# routines, and the table that MmGetSystemRoutineAddress searches.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(GEN ${CMAKE_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${GEN})
if(EXISTS ${CMAKE_SOURCE_DIR}/scripts/gen-exports)
  add_custom_command(OUTPUT ${GEN}/exports.map ${GEN}/export_stubs.c ${GEN}/export_table.c
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/gen-exports ${CMAKE_SOURCE_DIR}/src/exports.def ${GEN}
    DEPENDS ${CMAKE_SOURCE_DIR}/scripts/gen-exports ${CMAKE_SOURCE_DIR}/src/exports.def VERBATIM)
  add_library(exports OBJECT ${GEN}/export_stubs.c ${GEN}/export_table.c)
  target_link_libraries(exports PRIVATE fb_posix)
  list(APPEND FILTERBED_OBJECTS $<TARGET_OBJECTS:exports>)
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/scripts/gen-status-names)
  add_custom_command(OUTPUT ${GEN}/status_names.c
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/gen-status-names ${CMAKE_SOURCE_DIR}/include/nt/ntstatus.h ${GEN}/status_names.c
    DEPENDS ${CMAKE_SOURCE_DIR}/scripts/gen-status-names ${CMAKE_SOURCE_DIR}/include/nt/ntstatus.h VERBATIM)
  add_library(status_names OBJECT ${GEN}/status_names.c)
  target_link_libraries(status_names PRIVATE fb_posix)
  list(APPEND FILTERBED_OBJECTS $<TARGET_OBJECTS:status_names>)
endif()

add_library(libfilterbed SHARED ${FILTERBED_OBJECTS})
set_target_properties(libfilterbed PROPERTIES OUTPUT_NAME filterbed LINKER_LANGUAGE C)
target_link_libraries(libfilterbed PRIVATE fb_common ${FILTERBED_LIBS})
target_link_options(libfilterbed PRIVATE -Wl,-Bsymbolic-functions)
if(TARGET exports)
  target_link_options(libfilterbed PRIVATE -Wl,--version-script=${GEN}/exports.map)
  set_target_properties(libfilterbed PROPERTIES LINK_DEPENDS ${GEN}/exports.map)
endif()
target_include_directories(libfilterbed PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)

# The same objects for white-box tests: test programs see the internal functions and export the NT API to the
# drivers they load.
add_library(filterbed_static STATIC ${FILTERBED_OBJECTS})
target_link_libraries(filterbed_static PUBLIC fb_common ${FILTERBED_LIBS})

# For programs that talk to the drivers of a run: nothing of the runtime is in it.
file(GLOB CLIENT_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/client/*.c)
add_library(filterbed-client SHARED ${CLIENT_SOURCES})
add_library(filterbed-client-static STATIC ${CLIENT_SOURCES})
set_target_properties(filterbed-client PROPERTIES SOVERSION 1)
set_target_properties(filterbed-client-static PROPERTIES OUTPUT_NAME filterbed-client)
foreach(client filterbed-client filterbed-client-static)
  target_link_libraries(${client} PRIVATE fb_posix pthread)
  target_compile_options(${client} PRIVATE -fvisibility=hidden)
  target_include_directories(${client} INTERFACE ${CMAKE_SOURCE_DIR}/include)
endforeach()
include(GNUInstallDirs)
configure_file(${CMAKE_SOURCE_DIR}/cmake/filterbed-client.pc.in ${CMAKE_BINARY_DIR}/filterbed-client.pc @ONLY)
install(TARGETS filterbed-client filterbed-client-static LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client)
install(FILES ${CMAKE_SOURCE_DIR}/include/filterbed/client.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/filterbed COMPONENT client)
install(FILES ${CMAKE_BINARY_DIR}/filterbed-client.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT client)

# 16-bit C run-time names (wcslen, _snwprintf, …), linked hidden into every driver.
file(GLOB CRT_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/crt/*.c)
if(CRT_SOURCES)
  add_library(filterbed-crt STATIC ${CRT_SOURCES})
  target_link_libraries(filterbed-crt PRIVATE fb_nt)
  target_compile_options(filterbed-crt PRIVATE -fvisibility=hidden -fno-builtin)
  if(FILTERBED_SANITIZE)
    set_source_files_properties(${CRT_SOURCES} PROPERTIES COMPILE_OPTIONS "-fno-sanitize=all") # drivers that are not sanitized link it too
  endif()
endif()
