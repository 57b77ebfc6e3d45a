# What Debian 12 provides; scripts/setup.sh installs it. docs/dependencies.md says why each is here.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(absl REQUIRED)  # libphonenumber stands on it; its time zones are ours too (g++ 12 has no std::chrono::tzdb).
find_package(Protobuf REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(sofia REQUIRED IMPORTED_TARGET sofia-sip-ua)
pkg_check_modules(srtp2 REQUIRED IMPORTED_TARGET libsrtp2)
pkg_check_modules(opus REQUIRED IMPORTED_TARGET opus)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)

# Libraries that ship neither a CMake package nor a pkg-config file.
add_library(gw_expected INTERFACE)
find_path(TL_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)
target_include_directories(gw_expected SYSTEM INTERFACE ${TL_EXPECTED_INCLUDE})

add_library(gw_spandsp INTERFACE)
find_library(SPANDSP_LIBRARY spandsp REQUIRED)
target_link_libraries(gw_spandsp INTERFACE ${SPANDSP_LIBRARY})

add_library(gw_phonenumber INTERFACE)
find_library(PHONENUMBER_LIBRARY phonenumber REQUIRED)
target_link_libraries(gw_phonenumber INTERFACE ${PHONENUMBER_LIBRARY} protobuf::libprotobuf absl::time)

add_library(gw_boost INTERFACE)
target_link_libraries(gw_boost INTERFACE Boost::headers)
target_compile_definitions(gw_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT)
# g++ 12 needs <utility> before Asio 1.74's coroutine headers ("exchange is not a member of std").
target_compile_options(gw_boost INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-include$<SEMICOLON>utility>)
set_property(TARGET gw_boost PROPERTY INTERFACE_COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include utility>")
