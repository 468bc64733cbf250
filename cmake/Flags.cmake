# SPDX-License-Identifier: MIT
# Two interface targets: fb_posix (libc, no NT header) and fb_nt (16-bit wchar_t, include/nt).
# A file belongs to exactly one side; see ARCHITECTURE.md, "Two sides".
# -mstringop-strategy: an inline `rep stos` of some hundred bytes takes 10 ns longer than memset.
find_program(FILTERBED_LLD ld.lld)
if(FILTERBED_LLD)
  add_link_options(-fuse-ld=lld)
endif()
add_library(fb_common INTERFACE)
target_compile_options(fb_common INTERFACE
  -g -fno-omit-frame-pointer -fno-strict-aliasing -fno-semantic-interposition
  $<$<COMPILE_LANGUAGE:C>:-fno-optimize-sibling-calls>
  $<$<COMPILE_LANG_AND_ID:C,GNU>:-mstringop-strategy=libcall>
  $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla>
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra>)
if(FILTERBED_WERROR)
  target_compile_options(fb_common INTERFACE -Werror)
endif()
target_include_directories(fb_common INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/gen)
target_compile_definitions(fb_common INTERFACE
  FILTERBED_VERSION="${PROJECT_VERSION}" $<$<CONFIG:Debug>:FILTERBED_DEBUG=1>)
if(NOT FILTERBED_VERIFIER)
  target_compile_definitions(fb_common INTERFACE FILTERBED_WITHOUT_VERIFIER=1)
endif()
if(FILTERBED_SANITIZE)
  target_compile_options(fb_common INTERFACE -fsanitize=${FILTERBED_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(fb_common INTERFACE -fsanitize=${FILTERBED_SANITIZE})
  target_compile_definitions(fb_common INTERFACE FILTERBED_SANITIZE="${FILTERBED_SANITIZE}")
endif()

add_library(fb_posix INTERFACE)
target_link_libraries(fb_posix INTERFACE fb_common)
target_compile_definitions(fb_posix INTERFACE _GNU_SOURCE FILTERBED_POSIX_SIDE=1)

add_library(fb_nt INTERFACE)
target_link_libraries(fb_nt INTERFACE fb_common)
target_compile_definitions(fb_nt INTERFACE FILTERBED_NT_SIDE=1 _AMD64_=1 _WIN64=1 NT_SEH_OPTIMIZED=1)
target_compile_options(fb_nt INTERFACE -fshort-wchar -fms-extensions -Wno-multichar
  -Wno-unknown-pragmas $<$<C_COMPILER_ID:Clang>:-Wno-microsoft>)
target_include_directories(fb_nt INTERFACE ${CMAKE_SOURCE_DIR}/include/nt)
