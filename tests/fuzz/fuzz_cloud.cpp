#include <cstdlib>
#include <string>

#include "acs/cloud/api_error.h"
#include "acs/cloud/call_event.h"
#include "acs/cloud/connection_string.h"
#include "acs/cloud/incoming_call.h"
#include "acs/cloud/key_set.h"

// What ACS, or somebody in its place, may write to us: callbacks, Event Grid's deliveries, errors,
// published keys. Whatever it says, what is read of it is bounded.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gw;
  using namespace gw::acs::cloud;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  if (const auto events = parse_call_events(text)) {
    if (events->size() > 100) std::abort();
    for (const CallEvent& event : *events) {
      if (event.connection_id.empty() || event.result.sip_status < 0) std::abort();
    }
  }
  if (const auto delivery = parse_event_delivery(text)) {
    for (const IncomingCall& call : delivery->calls) {
      if (call.context.empty() || call.to.empty()) std::abort();
    }
  }
  (void)parse_key_set(text);
  (void)parse_connection_string(Masked(std::string(text)));
  acs::http::Response answer = acs::http::Response::json(401, std::string(text));
  answer.headers = {{"Date", std::string(text)}, {"Retry-After", std::string(text)}};
  (void)to_error(answer, "operation", WallTime{});
  (void)retry_after(answer, WallTime{});
  return 0;
}
