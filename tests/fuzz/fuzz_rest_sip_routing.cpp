#include <cstdlib>
#include <string>

#include "acs/rest/number_pattern.h"
#include "acs/rest/sip_routing.h"
#include "tests/fuzz/input.h"

using namespace gw::acs::rest;

// PATCH /sip: a configuration as it is stored, a patch to it, a number that goes by it. What is
// taken is stored and read again as it was, and whatever pattern is taken says within the fuzzer's
// limit whether a number matches.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gw::fuzz::Input input(data, size);
  const SipRouting stored = parse_stored(input.text());
  const auto patched = merge_patch(stored, input.text());
  const std::string_view number = input.text();
  const std::string_view pattern = input.text();
  if (patched) {
    const std::string kept = to_json(*patched, Trunks::Stored);
    if (to_json(parse_stored(kept), Trunks::Stored) != kept) std::abort();
    for (const SipRoute& route : patched->routes) {
      if (!matches_in_bounded_time(pattern_of(route))) std::abort();
    }
    (void)to_json(matching(*patched, number));
  } else if (patched.error().status < 400 || patched.error().code.empty()) {
    std::abort();
  }
  SipRoute route;
  route.number_pattern = pattern.substr(0, 1024);
  if (!matches_in_bounded_time(pattern_of(route))) return 0;
  SipRouting one;
  one.routes = {route};
  if (matching(one, number).size() > 1) std::abort();
  return 0;
}
