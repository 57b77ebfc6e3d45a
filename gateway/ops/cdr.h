#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "gateway/policy/hangup_cause.h"

namespace gw::ops {

struct CdrLeg {
  std::string kind;   // "sip", "edge", "echo"
  std::string party;  // "phone:101"
  std::string codec, srtp;
  uint64_t packets_in = 0, packets_lost = 0;
  double jitter_ms = 0, round_trip_ms = 0;
  double loss = 0, burst_loss = 0;  // 0..1: of all, and where losses crowd (RFC 3611).
  double burst_ms = 0, concealed_ms = 0;
  double mos = 0;           // Estimated (ITU-T G.107); 0 = unknown.
  double reported_mos = 0;  // What the user's browser measured last; 0 = nothing.
};

struct CdrForward {
  std::string by, reason, to;  // "phone:101", "user-busy", "+14255550123"
};

// The record of one call, or of one refused attempt.
struct Cdr {
  std::string call_id;
  WallTime started{}, answered{}, ended{};  // answered = {} when nobody did.
  std::string direction;  // "inbound" (from a trunk), "outbound" (to a trunk), "internal"
  std::string source;     // "phone:101"
  std::string dialled, normalised, route, caller_id_presented;
  std::vector<CdrLeg> legs;
  bool emergency = false;
  bool transcoded = false;
  policy::CdrCause cause;
  std::vector<CdrForward> forwarded;  // Who sent it on, in order.
  std::string joined_to;              // The call that its parties went on in.
  std::string ended_by;               // "caller", "callee", "gateway", "operator"
};

std::string to_json(
    const Cdr& cdr);  // One line, without the line feed; keys as documented in README.

// Appends records to the CDR file, one JSON object a line, on disk within a second of the call's
// end. Own thread; record() and reopen() from any. Owned by App.
class CdrWriter {
 public:
  static Result<std::unique_ptr<CdrWriter>> open(const std::string& path, Metrics& metrics,
                                                 Log log);
  virtual ~CdrWriter() = default;  // Writes what is queued.
  virtual void record(Cdr cdr) = 0;
  virtual void reopen() = 0;  // After logrotate moved the file (SIGHUP).
};

}  // namespace gw::ops
