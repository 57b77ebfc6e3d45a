#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "acs/edge/frame_rules.h"
#include "acs/edge/frames.h"

namespace {

using namespace gw::acs::edge;

void require(bool holds) {
  if (!holds) std::abort();
}

// What must hold of everything that leaves the parser, whatever came in.
void check(const Invited& invited) {
  require(frames::is_call_id(invited.call_id));
  require(!invited.to.empty() && invited.to.size() <= frames::kMaxTargets);
  for (const Identity& to : invited.to)
    require(frames::is_raw_id(to.raw_id) && frames::is_plain(to.display_name));
  require(invited.caller_id.empty() || frames::is_number(invited.caller_id));
  require(invited.context.headers.size() <= frames::kMaxHeaders &&
          frames::is_plain(invited.context.user_to_user));
  for (const auto& [name, value] : invited.context.headers) {
    require(frames::is_custom_header(name) && frames::is_plain(value) &&
            value.size() <= frames::kMaxName);
  }
  require(invited.offer.size() <= frames::kMaxSdp);
}
void check(const Accepted& accepted) {
  require(frames::is_call_id(accepted.call_id) && accepted.offer.size() <= frames::kMaxSdp);
}
void check(const Offered& offered) {
  require(frames::is_call_id(offered.call_id) && !offered.sdp.empty() &&
          offered.sdp.size() <= frames::kMaxSdp);
}
void check(const DigitsAsked& digits) {
  require(frames::is_call_id(digits.call_id) && frames::is_digits(digits.digits));
  require(digits.length >= gw::Duration{} && digits.length <= std::chrono::seconds(10));
}
void check(const frames::Register& wanted) {
  require(!wanted.token.empty() && wanted.token.size() <= frames::kMaxToken &&
          frames::is_plain(wanted.instance_id));
}
void check(const frames::Refused& refused) {
  require(refused.status.code >= 400 && !refused.status.message.empty());
}
template <class T>
void check(const T&) {}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto frame = frames::parse(message);
  if (frame) std::visit([](const auto& body) { check(body); }, frame->body);
  // What comes from SIP leaves as UTF-8, whatever it was; and UTF-8 stays as it is.
  const std::string clean = frames::to_utf8(message);
  require(frames::to_utf8(clean) == clean);
  return 0;
}
