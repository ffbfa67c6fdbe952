# The three functions every target uses, and the one place for compiler flags.
#
#   gannet_library(NAME SOURCES … [DEPS …] [TESTS …] [TEST_DEPS …] [ENGINE])
#   gannet_service(NAME SOURCES … [DEPS …])
#   gannet_test(NAME SOURCES … [DEPS …] [LABELS …] [TIMEOUT seconds])
#
# and gannet_fuzz(NAME ENTRY x_fuzz.cc LIBRARY its library [SOURCES …] [DEPS …]): a libFuzzer
# binary under ASan and UBSan of the entry and the sources it exercises, built on request with
# clang, and the test NAME_replay, which feeds the entry tests/fuzz/corpus/NAME.hex with any
# compiler.
#
# ENGINE marks a pure library: it is part of the target `gannet_engines`, which
# sanitizer, second-compiler and cross-build checks build without gRPC, Kafka,
# PostgreSQL or OpenTelemetry.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(GANNET_SANITIZE "" CACHE STRING "Sanitizers for the whole tree, e.g. address,undefined or thread")

find_program(GANNET_CCACHE ccache)
if(GANNET_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${GANNET_CCACHE})
endif()
find_program(GANNET_MOLD mold)
if(GANNET_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Determinism across compilers and build types: no fused multiply-add, one
# instruction set, never the build machine's own (ARCHITECTURE.md, determinism).
add_compile_options(-ffp-contract=off -march=x86-64-v2)
# Every library is static and every program position-independent: -fPIE lets the compiler
# see through calls within a file, which -fPIC forbids.
add_compile_options(-fPIE)
add_link_options(-pie)
if(GANNET_SANITIZE)
  add_compile_options(-fsanitize=${GANNET_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GANNET_SANITIZE})
endif()

# Warnings are errors in every preset but `release`, which people build to run: another
# optimisation finds other warnings, and must not keep them from starting.
option(GANNET_WARNINGS_STOP "Warnings are errors" ON)

# Two thirds of a compilation is reading headers: with the common ones compiled ahead, a
# build from nothing is a third shorter. But an include that is missing goes unnoticed, so
# it is for CI's clean build only; everybody else's build looks for that.
# gcc 12 warns of code of the standard library that came from there, so that no warning
# stops such a build.
option(GANNET_PRECOMPILED "Compile common headers ahead" OFF)
if(GANNET_PRECOMPILED)
  set(GANNET_WARNINGS_STOP OFF)
endif()

add_library(gannet_flags INTERFACE)
target_include_directories(gannet_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(gannet_flags INTERFACE
  -Wall -Wextra $<$<BOOL:${GANNET_WARNINGS_STOP}>:-Werror> -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wunused -Wno-missing-field-initializers)

if(GANNET_PRECOMPILED)
  add_compile_options(-pthread)
  add_library(gannet_precompiled STATIC ${CMAKE_SOURCE_DIR}/cmake/precompiled.cc)
  target_link_libraries(gannet_precompiled PRIVATE gannet_flags)
  target_precompile_headers(gannet_precompiled PRIVATE <algorithm> <array> <chrono> <cstdint> <deque> <functional>
    <map> <memory> <optional> <set> <span> <string> <string_view> <utility> <variant> <vector> <absl/status/statusor.h>
    <absl/strings/str_cat.h>)
endif()
function(gannet_precompile name)
  if(GANNET_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM gannet_precompiled)
  endif()
endfunction()

add_custom_target(gannet_engines)
add_custom_target(gannet_engine_tests)

function(gannet_library name)
  cmake_parse_arguments(arg "ENGINE" "" "SOURCES;DEPS;TESTS;TEST_DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC gannet_flags ${arg_DEPS})
  gannet_precompile(${name})
  if(arg_ENGINE)
    add_dependencies(gannet_engines ${name})
  endif()
  if(arg_TESTS)
    gannet_test(${name}_test SOURCES ${arg_TESTS} DEPS ${name} ${arg_TEST_DEPS})
    if(arg_ENGINE)
      add_dependencies(gannet_engine_tests ${name}_test)
    endif()
  endif()
endfunction()

function(gannet_service name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE gannet_flags ${arg_DEPS})
  gannet_precompile(${name})
endfunction()

function(gannet_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  find_package(Catch2 3 REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE gannet_flags ${arg_DEPS} Catch2::Catch2WithMain)
  gannet_precompile(${name})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # The exit code of a Catch2 run whose tests were all skipped is 4.
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    SKIP_RETURN_CODE 4)
endfunction()

function(gannet_fuzz name)
  cmake_parse_arguments(arg "" "ENTRY;LIBRARY" "SOURCES;DEPS" ${ARGN})
  add_executable(${name}_replay ${arg_ENTRY})
  target_link_libraries(${name}_replay PRIVATE gannet_flags gannet_fuzz_replay ${arg_LIBRARY})
  gannet_precompile(${name}_replay)
  add_dependencies(gannet_engine_tests ${name}_replay)
  add_test(NAME ${name}_replay COMMAND ${name}_replay tests/fuzz/corpus/${name}.hex
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name}_replay PROPERTIES LABELS unit TIMEOUT 120)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    return()
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${arg_ENTRY} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE gannet_flags ${arg_DEPS})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined -g1)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endfunction()
