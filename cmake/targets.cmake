# The rules every target of ours is built by.
function(gw_options target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough>
    -Werror)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  if(GW_FUZZ)
    # A fuzzer learns from the parsers' own branches, not from the few lines that call them.
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
      -fno-sanitize=function)  # Of clang 14, which cannot assemble coroutines with it.
    target_link_options(${target} PRIVATE -fsanitize=address,undefined)
  endif()
  if(GW_SANITIZE)
    target_compile_definitions(${target} PRIVATE GW_SANITIZED)
    target_compile_options(${target} PRIVATE -fsanitize=${GW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${GW_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
      target_compile_options(${target} PRIVATE -fno-sanitize=function)  # Clang 14 cannot assemble coroutines with it.
    elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # g++ 12 reports false positives of these when sanitizers instrument std::string, std::variant and coroutines.
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict -Wno-tsan>)
    endif()
  endif()
endfunction()

# With GW_UNITY: eight files of a folder at a time as one, in half the time. What one file names for itself must then be
# told apart from its neighbours' names; the files of GW_ALONE, whose macros or types cannot be, are compiled by themselves.
set(GW_ALONE
  media/wire/hmac_sha1.cpp       # Begins with a macro of OpenSSL's.
  sip/sofia_seam/tls.cpp         # Gives Sofia's magic types of its own.
  sip/sofia_loop.cpp
  gateway/call/edge_leg.cpp      # A call has states, and so has the edge.
  gateway/event_host.cpp)        # Two families of events meet in it.
foreach(test acs/cloud/cloud_events acs/cloud/token_check acs/rest/rest_door gateway/line_state gateway/trunk_health gateway/sip_routing
        gateway/automation_host gateway/automation_participants gateway/forwarding gateway/usage_limits gateway/outside_calls media/engine/media_move media/path/mixer_keys media/path/media_port
        media/path/packet_time media/path/rates media/path/silence media/transport/rtp_transport_dtls media/transport/webrtc_transport media/wire/offer_answer media/wire/our_offer)
  list(APPEND GW_ALONE tests/unit/${test}_test.cpp)  # Casts of their own: Alice, Bob, a Leg, a Pipe.
endforeach()
function(gw_unity target)
  if(NOT GW_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  set(folder "")
  foreach(source ${sources})
    get_filename_component(here ${source} DIRECTORY)
    if(NOT here STREQUAL folder)
      set(folder ${here})
      set(count 0)
    endif()
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${source})
    if(name IN_LIST GW_ALONE)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
      continue()
    endif()
    file(RELATIVE_PATH group ${CMAKE_SOURCE_DIR} ${folder})
    string(REPLACE "/" "_" group ${group})
    math(EXPR part "${count} / 8")
    math(EXPR count "${count} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group}_${part})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)  # Of a file that is included.
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
    list(FILTER sources EXCLUDE REGEX "/acs/(cloud/http_carrier|events/http_web_client)[.]cpp$")  # They call those.
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
  gw_unity(gw_${name})
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
