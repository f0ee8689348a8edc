# Settings that every target of ours gets. Nothing is set globally, so third-party headers stay quiet.
add_library(quern_settings INTERFACE)
target_compile_features(quern_settings INTERFACE cxx_std_20)
target_include_directories(quern_settings INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(quern_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                                 -Wno-missing-field-initializers -fno-omit-frame-pointer)
# g++ 12 sees overflows in the own code of std::vector and std::string (GCC bug 105329 and its kin).
target_compile_options(quern_settings INTERFACE
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-restrict>)
if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES ccache)
  target_compile_options(quern_settings INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()
if(QUERN_WERROR)
  target_compile_options(quern_settings INTERFACE -Werror)
endif()
if(QUERN_SANITIZE)
  target_compile_options(quern_settings INTERFACE -fsanitize=${QUERN_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(quern_settings INTERFACE -fsanitize=${QUERN_SANITIZE})
  if(QUERN_SANITIZE MATCHES thread)
    # g++ does not model atomic_thread_fence, which Asio uses; our own code uses no bare fences.
    target_compile_options(quern_settings INTERFACE -Wno-tsan)
  endif()
endif()
if(QUERN_FUZZ)
  # The libraries must report their branches too, or the fuzzer searches blindly.
  target_compile_options(quern_settings INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(quern_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
# Asio and Beast are compiled once (net/*_impl.cpp), not in every file.
target_compile_definitions(quern_settings INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                                    BOOST_ASIO_NO_DEPRECATED)

# Headers that most files see, parsed once for all (cmake/pch/): of PCH base, or of PCH net where Asio is used.
function(quern_pch name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "DEPS")
  add_library(quern_pch_${name} OBJECT ${PROJECT_SOURCE_DIR}/cmake/pch/empty.cpp)
  target_link_libraries(quern_pch_${name} PRIVATE quern_settings ${ARG_DEPS})
  target_precompile_headers(quern_pch_${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch/${name}.hpp)
  if(name MATCHES "_test$")  # for executables, whose flags must be the same
    set_target_properties(quern_pch_${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(quern_pch_${name} PRIVATE -fPIE)
  endif()
endfunction()
# A target that reuses one gets the macros it was parsed with.
function(quern_reuse_pch target name)
  target_precompile_headers(${target} REUSE_FROM quern_pch_${name})
  get_target_property(deps quern_pch_${name} LINK_LIBRARIES)
  foreach(dep IN LISTS deps)
    target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:${dep},INTERFACE_COMPILE_DEFINITIONS>)
  endforeach()
endfunction()
set(pch_deps Boost::headers spdlog::spdlog fmt::fmt Threads::Threads)
quern_pch(base DEPS ${pch_deps})
quern_pch(net DEPS ${pch_deps} Boost::json)
if(QUERN_TESTS)
  quern_pch(base_test DEPS ${pch_deps} GTest::gtest)
  quern_pch(net_test DEPS ${pch_deps} Boost::json GTest::gtest)
endif()

# SOURCES may be written in groups, `a.cpp b.cpp | c.cpp`. With QUERN_GROUPS a group is compiled as one file, which halves the time
# of a build, so the names in the anonymous namespaces of one group differ. The preset dev compiles every file alone.
function(quern_sources target)
  set(groups FALSE)
  if(QUERN_GROUPS AND "|" IN_LIST ARGN)
    set(groups TRUE)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
  endif()
  set(group 0)
  foreach(source IN LISTS ARGN)
    if(source STREQUAL "|")
      math(EXPR group "${group} + 1")
      continue()
    endif()
    target_sources(${target} PRIVATE ${source})
    if(groups)
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${target}_${group})
    endif()
  endforeach()
endfunction()

# quern_library(<name> SOURCES ... DEPS ... PRIVATE_DEPS ... [PCH base|net|none]): the static library of one folder.
# none: for targets with code generation flags of their own.
function(quern_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PCH" "SOURCES;DEPS;PRIVATE_DEPS")
  add_library(quern_${name} STATIC)
  quern_sources(quern_${name} ${ARG_SOURCES})
  target_link_libraries(quern_${name} PUBLIC quern_settings ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(NOT ARG_PCH)
    set(ARG_PCH base)
  endif()
  if(NOT ARG_PCH STREQUAL none)
    quern_reuse_pch(quern_${name} ${ARG_PCH})
  endif()
endfunction()

# quern_isa(<tier> FLAGS ... SOURCES ...): the kernels of one ISA tier as an object library linked into quern_kernels.
# Own -m flags, always -O3, no exceptions, no LTO: nothing compiled here may be called on another CPU.
function(quern_isa isa)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "FLAGS;SOURCES")
  add_library(quern_kernels_${isa} OBJECT ${ARG_SOURCES})
  target_link_libraries(quern_kernels_${isa} PRIVATE quern_settings)
  target_compile_options(quern_kernels_${isa} PRIVATE ${ARG_FLAGS} -O3 -fno-exceptions -fno-lto)
  if(QUERN_TESTS AND NOT QUERN_SANITIZE AND CMAKE_BUILD_TYPE MATCHES "Rel")
    # A weak symbol compiled with -mavx2 may be the copy that the linker keeps for everybody.
    add_test(NAME isa_symbols_${isa}
             COMMAND sh -c "${CMAKE_NM} -C --defined-only $<JOIN:$<TARGET_OBJECTS:quern_kernels_${isa}>, > >symbols_${isa}.txt && \
! grep -E ' [WVu] ' symbols_${isa}.txt")
    set_tests_properties(isa_symbols_${isa} PROPERTIES LABELS unit)
    if(TARGET neon_tests)
      set_tests_properties(isa_symbols_${isa} PROPERTIES LABELS "unit;neon")
    endif()
  endif()
endfunction()

# quern_test(<name> LABELS unit|per_isa|golden|stress|slow SOURCES ... DEPS ... [PCH base|net]): one GoogleTest binary = one ctest test.
# LABELS per_isa registers the binary once per tier with QUERN_FORCE_ISA set; unsupported tiers are skipped, with a reason.
function(quern_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT;PCH" "LABELS;SOURCES;DEPS")
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(NOT ARG_PCH)
    set(ARG_PCH base)
  endif()
  add_executable(${name})
  quern_sources(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE quern_settings quern_test_support ${ARG_DEPS} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE QUERN_TEST_DATA_DIR="${PROJECT_SOURCE_DIR}/tests/data"
                                             QUERN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  quern_reuse_pch(${name} ${ARG_PCH}_test)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# quern_neon_test(<name> [CPU <cpu>...] [WITHOUT <filter>]): a test of the NEON tier, where that is built: gets the label neon, and
# is built by the target neon_tests. CPU: it runs once more on each of these (qemu's names). WITHOUT: of GoogleTest's tests, what
# would take an emulator minutes.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  add_custom_target(neon_tests)
endif()
function(quern_neon_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "WITHOUT" "CPU")
  if(NOT TARGET neon_tests)
    return()
  endif()
  add_dependencies(neon_tests ${name})
  set_property(TEST ${name} APPEND PROPERTY LABELS neon)
  if(NOT CMAKE_CROSSCOMPILING)
    return()
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT 1800 ENVIRONMENT "GTEST_FILTER=-${ARG_WITHOUT}")
  foreach(cpu IN LISTS ARG_CPU)
    add_test(NAME ${name}_${cpu} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name}_${cpu} PROPERTIES LABELS neon TIMEOUT 1800
                         ENVIRONMENT "GTEST_FILTER=-${ARG_WITHOUT};QEMU_CPU=${cpu}")
  endforeach()
endfunction()

# quern_fuzz(<name> SOURCES ... DEPS ... CORPUS dir): a libFuzzer binary with -DQUERN_FUZZ=ON (clang), and always a plain
# binary that replays the corpus in ctest. The source defines LLVMFuzzerTestOneInput.
function(quern_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "CORPUS" "SOURCES;DEPS")
  if(QUERN_FUZZ)
    add_executable(fuzz_${name} ${ARG_SOURCES})
    target_link_libraries(fuzz_${name} PRIVATE quern_settings ${ARG_DEPS})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
  if(QUERN_TESTS)
    add_executable(replay_${name} ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cpp)
    target_link_libraries(replay_${name} PRIVATE quern_settings ${ARG_DEPS})
    add_test(NAME replay_${name} COMMAND replay_${name} ${ARG_CORPUS})
    set_tests_properties(replay_${name} PROPERTIES LABELS unit)
  endif()
endfunction()

# quern_bench(<name> SOURCES ... DEPS ...): one google-benchmark binary, never part of ctest.
function(quern_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS")
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE quern_settings ${ARG_DEPS} benchmark::benchmark)
endfunction()
