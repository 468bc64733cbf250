# SPDX-License-Identifier: MIT
# add_minifilter(name sources…): builds a test driver as a module the way `filterbed build` does, but as part of
# our own build (same compiler and sanitizer as the host). Unresolved routines bind to the program that loads it.
function(add_minifilter name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/drivers)
  target_compile_options(${name} PRIVATE -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-strict-aliasing
    -fshort-wchar -fms-extensions -Wno-multichar -Wno-unknown-pragmas $<$<C_COMPILER_ID:Clang>:-gdwarf-aranges -Wno-microsoft>)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/include/nt)
  target_compile_definitions(${name} PRIVATE _AMD64_=1 _WIN64=1)
  if(FILTERBED_SANITIZE)
    target_compile_options(${name} PRIVATE -fsanitize=${FILTERBED_SANITIZE})
  endif()
  if(TARGET filterbed-crt)
    target_link_libraries(${name} PRIVATE filterbed-crt)
  endif()
  target_link_options(${name} PRIVATE -Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/driver.map -Wl,--unresolved-symbols=ignore-all)
endfunction()
