#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "acs/cloud/api_error.h"
#include "acs/cloud/call_event.h"
#include "acs/cloud/call_requests.h"
#include "acs/edge/edge_events.h"
#include "base/result.h"
#include "sip/dialog.h"

namespace gw::policy {

// Why a call or a leg ended, whatever its network. One table (hangup_cause.cpp) says it in SIP,
// Q.850 and ACS terms; nothing else in the gateway knows a code or subCode.
enum class Cause {
  NormalClearing,       // 200/16; a party hung up.
  CancelledByCaller,    // 487; before the answer.
  AnsweredElsewhere,    // 487 + 10003
  Busy,                 // 486/17
  Declined,             // 603/21
  NoAnswer,             // 480/19 to phones, 487/10004 at users
  NotRegistered,        // 480/20; no device there: 480/10037 for a user
  NotFound,             // 404/1; no such number or no route
  BadNumber,            // 484/28
  Forbidden,            // 403; policy
  CallerIdNotAllowed,   // 403/510403
  DialPolicy,           // 403; the caller's dial policy forbids the number
  UsageLimit,           // 403; the caller used up what its dial policy grants
  NotAcceptable,        // 488/88; no common codec or SRTP
  NoTrunk,              // 403/511532: a user dialled out, no trunk serves it
  Exhausted,            // 503/34; capacity, ports
  Unavailable,          // 503/38; draining, transport, carrier down
  MediaLost,            // 410/301005
  MediaNeverConnected,  // 410/301004
  SignallingLost,       // 496/7
  TokenExpired,         // 495/4507
  MaxDuration,          // ended by us
  Timeout,              // 408; the other side never answered a request
  ServerShutdown,
  Transferred,  // 0/7015; the party gave its place to somebody else
  Failed,       // 500
};

// Whose point of view: which side of the call hears the cause, and what it was talking to.
enum class Far { Phone, User };                      // The other party is a SIP leg or an app user.
enum class FarDirection { WeCalledIt, ItCalledUs };  // 560xxx or 540xxx for SIP far ends.

// A cause together with what the network said, when it said something.
struct HangupCause {
  Cause cause = Cause::NormalClearing;
  // The far SIP leg's final status, if any (503, 606, ...): kept over our own mapping.
  int sip_status = 0;
  int q850 = 0;          // From a Reason header, if any.
  std::string detail{};  // For the log and CDR.
  bool local = false;    // The network said nothing: silence, or it could not be reached.
  bool heard = false;    // The network said so: the refusal is its own, not ours.
};

HangupCause from_sip(const sip::Refusal& refusal);
HangupCause from_bye(const sip::Reason& reason);
HangupCause from_error(const Error& error);
// What ACS tells of a call's end: its SIP and Q.850 details when there are some, else code and
// subCode. `answered`: an end without fault is a hang-up then, and no answer before.
HangupCause from_acs(const acs::cloud::ResultInformation& result, bool answered);
// ACS did not take a request. `with_number`: a caller's number was asked to be presented.
HangupCause from_acs(const acs::cloud::ApiError& error, bool with_number);
// How ACS is told that the called phone does not take a call; nullopt: let it ring out.
std::optional<acs::cloud::RejectReason> reject_reason(const HangupCause& cause);
std::string_view to_string(Cause cause);  // "busy", "no_answer", ...

// Of several failed targets the caller hears the one that says most: a person's refusal before a
// device's absence.
int weight(Cause cause);

int sip_status(const HangupCause& cause);  // What a SIP caller is told before the answer.
std::string_view sip_phrase(int status);
int q850(const HangupCause& cause);
sip::Reason sip_reason(const HangupCause& cause);  // For BYE and CANCEL.
// What a refusal of ours says beside its status: Retry-After with 503; a Warning (RFC 3261 20.43)
// that tells who calls what was wrong, in words of this table alone.
std::vector<std::pair<std::string, std::string>> refusal_headers(const HangupCause& cause);

// What an app user is told.
acs::edge::EndReason acs_reason(const HangupCause& cause, Far far, FarDirection direction,
                                acs::edge::EndReason::By by);

struct CdrCause {
  int sip = 0, q850 = 0;
  uint32_t code = 0, sub_code = 0;
};
CdrCause cdr_cause(const HangupCause& cause, Far far, FarDirection direction);

}  // namespace gw::policy
