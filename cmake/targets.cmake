# The rules every target of ours is built by.
function(gw_options target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough>
    -Werror)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  if(GW_FUZZ)
    # A fuzzer learns from the parsers' own branches, not from the few lines that call them.
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
  endif()
  if(GW_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${GW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${GW_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # g++ 12 reports false positives of these when sanitizers instrument std::string, std::variant and coroutines.
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict -Wno-tsan>)
    endif()
  endif()
endfunction()

# gw_library(NAME PUBLIC dep... [EXCLUDE file...]): all sources under NAME/ as the static library gw_NAME.
function(gw_library name)
  cmake_parse_arguments(ARG "" "" "PUBLIC;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/(web|node_modules|sofia_seam)/")
  if(GW_FUZZ)
    # clang 14 cannot assemble instrumented coroutines ("difference across sections"); no fuzzed parser lives there.
    # What reads requests without coroutines is fuzzed with the REST parsers.
    list(FILTER sources EXCLUDE REGEX "/acs/http/[a-z_]*(connection|server|client|core|context|files|signed|line|channel)[.]cpp$")
  endif()
  foreach(file ${ARG_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${file})
  endforeach()
  if(NOT sources)
    add_library(gw_${name} INTERFACE)
    target_link_libraries(gw_${name} INTERFACE ${ARG_PUBLIC})
    return()
  endif()
  add_library(gw_${name} STATIC ${sources})
  gw_options(gw_${name})
  target_link_libraries(gw_${name} PUBLIC ${ARG_PUBLIC})
endfunction()

# Our functions in place of Sofia's. An OBJECT library with default visibility: from a static archive the linker
# would silently drop what nothing references. Every executable that runs Sofia links gw_sofia_seam_objects.
function(gw_sofia_seam)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sip/sofia_seam/*.cpp)
  add_library(gw_sofia_seam_objects INTERFACE)
  if(NOT sources)
    return()
  endif()
  add_library(gw_sofia_seam OBJECT ${sources})
  gw_options(gw_sofia_seam)
  target_compile_options(gw_sofia_seam PRIVATE -fvisibility=default)
  target_link_libraries(gw_sofia_seam PUBLIC gw_base PkgConfig::sofia OpenSSL::SSL OpenSSL::Crypto)
  target_sources(gw_sofia_seam_objects INTERFACE $<TARGET_OBJECTS:gw_sofia_seam>)
  # Sofia's shared library must find our definitions first: export them from the executable.
  target_link_options(gw_sofia_seam_objects INTERFACE -rdynamic)
endfunction()
