#include "gateway/policy/hangup_cause.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"

namespace gw::policy {
namespace {

using acs::edge::Category;
using acs::edge::EndReason;

// The one table. `sip` is what a caller is told before the answer. The ACS columns are what a user
// is told when the other party is a user, or whatever it is when `everywhere`; otherwise a SIP
// party's final status makes the codes (560xxx when we called it, 540xxx when it called us).
struct Row {
  Cause cause;
  std::string_view name;
  int sip, q850;
  uint32_t code, sub_code;
  bool everywhere;
  std::string_view message;
};

constexpr Row kRows[] = {
    {Cause::NormalClearing, "normal_clearing", 480, 16, 0, 5003, false, "The call has ended."},
    {Cause::CancelledByCaller, "cancelled", 487, 16, 487, 0, false,
     "The caller cancelled the call."},
    {Cause::AnsweredElsewhere, "answered_elsewhere", 487, 26, 487, 10003, true,
     "The call was answered on another device."},
    {Cause::Busy, "busy", 486, 17, 486, 0, false, "The other party is busy."},
    {Cause::Declined, "declined", 603, 21, 603, 0, false, "The other party declined the call."},
    {Cause::NoAnswer, "no_answer", 480, 19, 487, 10004, false,
     "The other party did not answer in time."},
    {Cause::NotRegistered, "not_registered", 480, 20, 480, 10037, false,
     "The other party has no device online."},
    {Cause::NotFound, "not_found", 404, 1, 404, 560404, false, "There is no such number."},
    {Cause::BadNumber, "bad_number", 484, 28, 484, 560484, false,
     "The number is incomplete or malformed."},
    {Cause::Forbidden, "forbidden", 403, 21, 403, 560403, false, "This call is not allowed."},
    {Cause::CallerIdNotAllowed, "caller_id_not_allowed", 403, 21, 403, 510403, true,
     "The caller id may not be presented by this user."},
    {Cause::DialPolicy, "dial_policy", 403, 21, 403, 560403, false,
     "This number may not be called from here."},
    {Cause::UsageLimit, "usage_limit", 403, 21, 403, 560403, false,
     "What may be called from here is used up."},
    {Cause::NotAcceptable, "not_acceptable", 488, 88, 488, 560488, false,
     "The parties have no codec or encryption in common."},
    {Cause::NoTrunk, "no_trunk", 403, 3, 403, 511532, true, "No trunk serves this number."},
    {Cause::Exhausted, "exhausted", 503, 34, 503, 560503, false,
     "The gateway has no capacity left."},
    {Cause::Unavailable, "unavailable", 503, 38, 503, 560503, false,
     "The service is not available."},
    {Cause::MediaLost, "media_lost", 480, 41, 410, 301005, true, "The media connection was lost."},
    {Cause::MediaNeverConnected, "media_never_connected", 480, 41, 410, 301004, true,
     "The media connection could not be set up."},
    {Cause::SignallingLost, "signalling_lost", 480, 41, 496, 7, true,
     "The signalling connection was lost."},
    {Cause::TokenExpired, "token_expired", 480, 41, 495, 4507, true, "The token expired."},
    {Cause::MaxDuration, "max_duration", 480, 31, 0, 7000, true,
     "The call reached its longest duration."},
    {Cause::Timeout, "timeout", 408, 102, 408, 10057, false, "The other party did not respond."},
    {Cause::ServerShutdown, "server_shutdown", 503, 38, 503, 560503, false,
     "The gateway is shutting down."},
    {Cause::Transferred, "transferred", 480, 16, 0, 7015, true, "The call was transferred."},
    {Cause::Failed, "failed", 500, 41, 500, 560500, false, "The call failed."},
};

const Row& row_of(Cause cause) {
  const auto* row = std::ranges::find(kRows, cause, &Row::cause);
  GW_ASSERT(row != std::end(kRows));
  return *row;
}

constexpr struct {
  int status;
  Cause cause;
  int q850;  // RFC 3398 8.2.6.1
} kStatuses[] = {
    {400, Cause::Failed, 41},        {401, Cause::Forbidden, 21},
    {402, Cause::Forbidden, 21},     {403, Cause::Forbidden, 21},
    {404, Cause::NotFound, 1},       {405, Cause::Failed, 63},
    {406, Cause::NotAcceptable, 79}, {407, Cause::Forbidden, 21},
    {408, Cause::Timeout, 102},      {410, Cause::NotFound, 22},
    {413, Cause::Failed, 127},       {414, Cause::Failed, 127},
    {415, Cause::NotAcceptable, 79}, {416, Cause::Failed, 127},
    {420, Cause::Failed, 127},       {421, Cause::Failed, 127},
    {423, Cause::Failed, 127},       {433, Cause::Forbidden, 21},
    {480, Cause::NoAnswer, 18},      {481, Cause::Failed, 41},
    {482, Cause::Failed, 25},        {483, Cause::Failed, 25},
    {484, Cause::BadNumber, 28},     {485, Cause::NotFound, 1},
    {486, Cause::Busy, 17},          {487, Cause::CancelledByCaller, 16},
    {488, Cause::NotAcceptable, 88}, {491, Cause::Failed, 41},
    {500, Cause::Failed, 41},        {501, Cause::Failed, 79},
    {502, Cause::Failed, 38},        {503, Cause::Unavailable, 41},
    {504, Cause::Timeout, 102},      {505, Cause::Failed, 127},
    {513, Cause::Failed, 127},       {600, Cause::Busy, 17},
    {603, Cause::Declined, 21},      {604, Cause::NotFound, 1},
    {606, Cause::NotAcceptable, 88}, {607, Cause::Declined, 21},
    {608, Cause::Declined, 21},
};

int q850_of_status(int status) {
  const auto* entry = std::ranges::find(kStatuses, status, [](const auto& s) { return s.status; });
  return entry == std::end(kStatuses) ? 0 : entry->q850;
}

Cause cause_of_status(int status) {
  const auto* entry = std::ranges::find(kStatuses, status, [](const auto& s) { return s.status; });
  if (entry != std::end(kStatuses)) return entry->cause;
  return status >= 400 && status < 500 ? Cause::Forbidden : Cause::Failed;
}

// What a network says beside a status, or in a BYE.
std::optional<Cause> cause_of_q850(int q850) {
  switch (q850) {
    case 1:
    case 2:
    case 3:
    case 22: return Cause::NotFound;
    case 17: return Cause::Busy;
    case 18:
    case 19: return Cause::NoAnswer;
    case 20: return Cause::NotRegistered;
    case 21: return Cause::Declined;
    case 26: return Cause::AnsweredElsewhere;
    case 28: return Cause::BadNumber;
    case 34:
    case 42:
    case 44: return Cause::Exhausted;
    case 27:
    case 38:
    case 41:
    case 47: return Cause::Unavailable;
    case 65:
    case 79:
    case 88: return Cause::NotAcceptable;
    case 102: return Cause::Timeout;
    default: return std::nullopt;  // 16, 31, 127 and whatever else: nothing special.
  }
}

// A status of the far side that the near side may be told as it is. 401 and 407 are between it and
// us; 3xx we follow or not.
bool passes(int status) {
  return status >= 400 && status <= 699 && status != 401 && status != 407;
}

Category category_of(uint32_t code, uint32_t sub_code) {
  if (code == 0 || code == 603) return Category::Success;
  if (code == 487 && (sub_code == 0 || sub_code == 10003 || sub_code == 10024))
    return Category::Success;
  if (code == 486) return Category::Success;
  for (const uint32_t expected : {10004u, 10037u, 10057u, 3112u, 7u, 4521u, 510403u}) {
    if (sub_code == expected) return Category::ExpectedError;
  }
  return code < 500 ? Category::UnexpectedClientError : Category::UnexpectedServerError;
}

struct AcsCodes {
  uint32_t code = 0, sub_code = 0;
};

AcsCodes acs_codes(const HangupCause& cause, Far far, FarDirection direction, EndReason::By by) {
  const Row& row = row_of(cause.cause);
  const uint32_t base = direction == FarDirection::WeCalledIt ? 560'000 : 540'000;
  if (cause.cause == Cause::NormalClearing) {
    if (by == EndReason::By::Local) return {0, 0};
    if (by == EndReason::By::Network) return {0, 7000};  // Ended by the service.
    return {0, far == Far::Phone ? base : row.sub_code};
  }
  if (far == Far::User || row.everywhere) return {row.code, row.sub_code};
  const auto status = static_cast<uint32_t>(sip_status(cause));
  return {status, base + status};
}

}  // namespace

HangupCause from_sip(const sip::Refusal& refusal) {
  HangupCause cause;
  cause.sip_status = refusal.status;
  cause.q850 = refusal.reason.q850;
  cause.detail = refusal.phrase;
  cause.local = refusal.local;
  cause.heard = !refusal.local;
  cause.cause = cause_of_status(refusal.status);
  // 480 says little and 503 covers all of a carrier's troubles; Q.850 says which.
  if (refusal.status == 480 || refusal.status == 503 || refusal.status == 500) {
    cause.cause = cause_of_q850(refusal.reason.q850).value_or(cause.cause);
  }
  if (!passes(refusal.status)) cause.sip_status = 0;
  return cause;
}

HangupCause from_bye(const sip::Reason& reason) {
  HangupCause cause;
  cause.q850 = reason.q850;
  cause.detail = reason.text;
  cause.cause = cause_of_q850(reason.q850).value_or(Cause::NormalClearing);
  // RFC 3326 2: a CANCEL to the branches that lost carries SIP;cause=200.
  if (reason.sip_status == 200) cause.cause = Cause::AnsweredElsewhere;
  return cause;
}

HangupCause from_error(const Error& error) {
  HangupCause cause;
  cause.detail = error.detail;
  switch (error.code) {
    case ErrorCode::InvalidArgument: cause.cause = Cause::NotAcceptable; break;
    case ErrorCode::NotFound: cause.cause = Cause::NotFound; break;
    case ErrorCode::Conflict: cause.cause = Cause::Failed; break;
    case ErrorCode::Unauthorized: cause.cause = Cause::Forbidden; break;
    case ErrorCode::Forbidden: cause.cause = Cause::Forbidden; break;
    case ErrorCode::NotAcceptable: cause.cause = Cause::NotAcceptable; break;
    case ErrorCode::Exhausted: cause.cause = Cause::Exhausted; break;
    case ErrorCode::Timeout: cause.cause = Cause::Timeout; break;
    case ErrorCode::Unavailable: cause.cause = Cause::Unavailable; break;
    case ErrorCode::Protocol: cause.cause = Cause::NotAcceptable; break;
    case ErrorCode::Io: cause.cause = Cause::Failed; break;
    case ErrorCode::Internal: cause.cause = Cause::Failed; break;
  }
  return cause;
}

namespace {

// Codes of the Calling SDK and of Call Automation; sub_code 0 = any.
constexpr struct {
  int code, sub_code;
  Cause cause;
} kAcsCodes[] = {
    {403, 510403, Cause::CallerIdNotAllowed},
    {403, 510532, Cause::NoTrunk},
    {403, 511532, Cause::NoTrunk},
    {403, 510559, Cause::NoTrunk},
    {403, 0, Cause::Forbidden},
    {404, 0, Cause::NotFound},
    {408, 0, Cause::Timeout},
    {410, 301005, Cause::MediaLost},
    {410, 3101, Cause::MediaLost},
    {410, 0, Cause::MediaNeverConnected},
    {430, 0, Cause::NotRegistered},
    {480, 0, Cause::NotRegistered},
    {481, 0, Cause::SignallingLost},
    {486, 0, Cause::Busy},
    {487, 10003, Cause::AnsweredElsewhere},
    {487, 10004, Cause::NoAnswer},
    {487, 10024, Cause::Declined},
    {487, 0, Cause::CancelledByCaller},
    {497, 0, Cause::CancelledByCaller},
    {495, 0, Cause::TokenExpired},
    {603, 0, Cause::Declined},
};

// 560xxx and 540xxx: a carrier's SIP status, outbound and inbound.
int status_in(int sub_code) {
  const int network = sub_code / 1000;
  return network == 560 || network == 540 ? sub_code % 1000 : 0;
}

Cause cause_of_acs(int code, int sub_code) {
  for (const auto& row : kAcsCodes) {
    if (row.code == code && (row.sub_code == 0 || row.sub_code == sub_code)) return row.cause;
  }
  return code >= 500 && code < 600 ? Cause::Unavailable : Cause::Failed;
}

}  // namespace

HangupCause from_acs(const acs::cloud::ResultInformation& result, bool answered) {
  HangupCause cause;
  cause.heard = true;
  cause.q850 = result.q850;
  cause.detail = "acs " + std::to_string(result.code) + "/" + std::to_string(result.sub_code);
  if (!result.message.empty()) cause.detail += " " + result.message;
  int status = result.sip_status;
  if (!passes(status)) status = status_in(result.sub_code);
  if (passes(status) && !answered) {
    const HangupCause said = from_sip({status, "", {result.q850, 0, ""}, 0, {}});
    cause.cause = said.cause;
    cause.sip_status = said.sip_status;
    return cause;
  }
  const bool fault = result.code >= 300;
  if (!fault) {
    cause.cause =
        cause_of_q850(result.q850).value_or(answered ? Cause::NormalClearing : Cause::NoAnswer);
    return cause;
  }
  cause.cause = cause_of_acs(result.code, result.sub_code);
  // In a call 487 and 603 are ways to hang up.
  if (answered && (result.code == 487 || result.code == 603)) cause.cause = Cause::NormalClearing;
  return cause;
}

HangupCause from_acs(const acs::cloud::ApiError& error, bool with_number) {
  HangupCause cause;
  cause.detail = error.detail;
  switch (error.status) {
    case 403: cause.cause = with_number ? Cause::CallerIdNotAllowed : Cause::Forbidden; break;
    case 404:
    case 410: cause.cause = Cause::NotFound; break;
    case 400: cause.cause = Cause::BadNumber; break;
    case 429: cause.cause = Cause::Exhausted; break;
    // Our own trouble with the service, 401 above all, is none of the caller's rights.
    default: cause.cause = error.code == ErrorCode::Timeout ? Cause::Timeout : Cause::Unavailable;
  }
  return cause;
}

std::optional<acs::cloud::RejectReason> reject_reason(const HangupCause& cause) {
  using acs::cloud::RejectReason;
  switch (cause.cause) {
    case Cause::NoAnswer: return std::nullopt;
    case Cause::Busy: return RejectReason::Busy;
    case Cause::Forbidden:
    case Cause::DialPolicy:
    case Cause::UsageLimit:
    case Cause::CallerIdNotAllowed: return RejectReason::Forbidden;
    default: return RejectReason::None;
  }
}

std::string_view to_string(Cause cause) {
  return row_of(cause).name;
}

int weight(Cause cause) {
  switch (cause) {
    case Cause::Declined: return 9;
    case Cause::Busy: return 8;
    case Cause::NoAnswer: return 7;
    case Cause::NotAcceptable: return 6;
    case Cause::Forbidden:
    case Cause::DialPolicy:
    case Cause::UsageLimit:
    case Cause::CallerIdNotAllowed: return 5;
    case Cause::NotFound:
    case Cause::BadNumber: return 4;
    case Cause::Exhausted:
    case Cause::Unavailable:
    case Cause::Timeout: return 3;
    case Cause::NotRegistered: return 2;
    default: return 1;
  }
}

int sip_status(const HangupCause& cause) {
  return passes(cause.sip_status) ? cause.sip_status : row_of(cause.cause).sip;
}

std::string_view sip_phrase(int status) {
  switch (status) {
    case 180: return "Ringing";
    case 181: return "Call Is Being Forwarded";
    case 182: return "Queued";
    case 183: return "Session Progress";
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 410: return "Gone";
    case 415: return "Unsupported Media Type";
    case 480: return "Temporarily Unavailable";
    case 481: return "Call/Transaction Does Not Exist";
    case 482: return "Loop Detected";
    case 483: return "Too Many Hops";
    case 484: return "Address Incomplete";
    case 485: return "Ambiguous";
    case 486: return "Busy Here";
    case 487: return "Request Terminated";
    case 488: return "Not Acceptable Here";
    case 491: return "Request Pending";
    case 500: return "Server Internal Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Server Time-out";
    case 600: return "Busy Everywhere";
    case 603: return "Decline";
    case 604: return "Does Not Exist Anywhere";
    case 606: return "Not Acceptable";
    case 607: return "Unwanted";
    case 608: return "Rejected";
    default: return status < 500 ? "Refused" : "Failed";
  }
}

int q850(const HangupCause& cause) {
  if (cause.q850 > 0 && cause.q850 <= 127) return cause.q850;
  // A status from the network says more than our own word for it, except where the word came from
  // it anyway.
  if (const int mapped = q850_of_status(cause.sip_status); mapped > 0) return mapped;
  return row_of(cause.cause).q850;
}

sip::Reason sip_reason(const HangupCause& cause) {
  sip::Reason reason;
  reason.q850 = q850(cause);
  if (cause.cause == Cause::AnsweredElsewhere) reason.sip_status = 200;
  reason.text = cause.cause == Cause::AnsweredElsewhere ? "Call completed elsewhere"
                                                        : std::string(row_of(cause.cause).message);
  // The header's text is quoted by the sender; a full stop looks odd there.
  if (reason.text.ends_with('.')) reason.text.pop_back();
  return reason;
}

namespace {

// RFC 3261 20.43. The reasons are the media's own words for an SDP that cannot be used.
struct Warning {
  std::string_view reason;  // Part of the detail.
  int code;
  std::string_view text;
};
constexpr Warning kSessionWarnings[] = {
    {"no audio", 304, "no audio is offered"},
    {"rejects the audio", 304, "no audio is accepted"},
    {"codec", 305, "no common codec"},
    {"srtp is required", 302, "SRTP is required"},
    {"srtp is off", 302, "SRTP is not available"},
    {"a=crypto", 302, "no usable key for SRTP"},
    {"address is a name", 301, "an IP address is needed"},
};

std::string warning_of(const HangupCause& cause) {
  const auto line = [](int code, std::string_view text) {
    // The agent is a pseudonym: our name inside the house is nobody's business.
    return std::to_string(code) + " gw \"" + std::string(text) + "\"";
  };
  const Row& row = row_of(cause.cause);
  std::string_view message = row.message;
  if (message.ends_with('.')) message.remove_suffix(1);
  switch (cause.cause) {
    case Cause::NotAcceptable: {
      const auto* warning = std::ranges::find_if(kSessionWarnings, [&](const Warning& w) {
        return cause.detail.find(w.reason) != std::string::npos;
      });
      if (warning != std::end(kSessionWarnings)) return line(warning->code, warning->text);
      return line(399, "the session description cannot be used");
    }
    case Cause::NotFound:
    case Cause::BadNumber:
    case Cause::Forbidden:
    case Cause::CallerIdNotAllowed:
    case Cause::DialPolicy:
    case Cause::UsageLimit:
    case Cause::NoTrunk:
    case Cause::Exhausted: return line(399, message);
    default: return {};
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> refusal_headers(const HangupCause& cause) {
  std::vector<std::pair<std::string, std::string>> headers;
  if (sip_status(cause) == 503) headers.emplace_back("Retry-After", "5");
  if (const std::string warning = cause.heard ? "" : warning_of(cause); !warning.empty()) {
    headers.emplace_back("Warning", warning);
  }
  return headers;
}

acs::edge::EndReason acs_reason(const HangupCause& cause, Far far, FarDirection direction,
                                EndReason::By by) {
  const AcsCodes codes = acs_codes(cause, far, direction, by);
  EndReason reason;
  reason.by = by;
  reason.status.code = codes.code;
  reason.status.sub_code = codes.sub_code;
  reason.status.category = category_of(codes.code, codes.sub_code);
  reason.status.message = std::string(row_of(cause.cause).message);
  const bool answered = cause.cause == Cause::NormalClearing;
  reason.sip_status = answered ? 0 : static_cast<uint32_t>(sip_status(cause));
  reason.q850_cause = static_cast<uint32_t>(q850(cause));
  return reason;
}

CdrCause cdr_cause(const HangupCause& cause, Far far, FarDirection direction) {
  const AcsCodes codes = acs_codes(cause, far, direction, EndReason::By::Remote);
  const int sip = cause.cause == Cause::NormalClearing ? 200 : sip_status(cause);
  return {sip, q850(cause), codes.code, codes.sub_code};
}

}  // namespace gw::policy
