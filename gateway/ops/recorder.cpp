#include "gateway/ops/recorder.h"

#include <set>

namespace gw::ops {
namespace {

using policy::Far;
using policy::FarDirection;
using policy::PartyKind;

// A call that touches a trunk is inbound or outbound, all others stay in the house.
std::string direction(const policy::Party& from, const policy::Decision& decision, const Leg* callee) {
  if (from.kind == PartyKind::Trunk) return "inbound";
  if (callee) return callee->party().kind == PartyKind::Trunk ? "outbound" : "internal";
  for (const auto& rank : decision.ranks) {
    for (const auto& party : rank.parties) {
      if (party.kind == PartyKind::Trunk) return "outbound";
    }
  }
  return "internal";
}

CdrLeg leg_of(const Call& call, const Leg& leg) {
  CdrLeg out;
  out.kind = leg.kind();
  out.party = policy::to_string(leg.party());
  const media::PortStats stats = call.final_stats(leg.port());
  out.codec = stats.codec;
  out.srtp = stats.srtp;
  out.packets_in = stats.packets_in;
  out.packets_lost = stats.packets_lost;
  out.jitter_ms = stats.jitter_ms;
  out.mos = stats.mos;
  return out;
}

// Causes are told from the calling side: 560xxx when the callee is a SIP leg that we called.
policy::CdrCause cause_of(const Call& call) {
  const bool by_caller = call.ended_by() == EndedBy::Caller;
  const Leg* far = by_caller ? call.caller() : call.callee();
  const FarDirection way = by_caller ? FarDirection::ItCalledUs : FarDirection::WeCalledIt;
  return policy::cdr_cause(call.cause(), far ? far->far() : Far::Phone, way);
}

}  // namespace

void Recorder::record(const Call& call) {
  Cdr cdr;
  cdr.call_id = call.id().value;
  cdr.started = call.times().started;
  cdr.answered = call.times().answered;
  cdr.ended = call.times().ended;
  cdr.direction = direction(call.dialled().from, call.decision(), call.callee());
  cdr.source = policy::to_string(call.dialled().from);
  cdr.dialled = call.dialled().number;
  cdr.normalised = call.decision().normalised;
  cdr.route = call.decision().route;
  cdr.caller_id_presented = call.decision().caller.number;
  if (call.caller()) cdr.legs.push_back(leg_of(call, *call.caller()));
  if (call.callee()) cdr.legs.push_back(leg_of(call, *call.callee()));
  std::set<std::string> codecs;
  for (const CdrLeg& leg : cdr.legs) {
    if (!leg.codec.empty()) codecs.insert(leg.codec);
  }
  cdr.transcoded = codecs.size() > 1;
  cdr.cause = cause_of(call);
  cdr.ended_by = to_string(call.ended_by());
  call.log().info("call ended", {{"cause", policy::to_string(call.cause().cause)}, {"sip", cdr.cause.sip},
                                 {"by", cdr.ended_by}, {"why", call.cause().detail},
                                 {"talked_s", call.times().answered == WallTime{}
                                                  ? 0 : to_ms(call.times().ended - call.times().answered) / 1000}});
  cdr_.record(std::move(cdr));
}

void Recorder::record(const RefusedCall& refused) {
  Cdr cdr;
  cdr.call_id = refused.id.value;
  cdr.started = cdr.ended = refused.at;
  cdr.direction = direction(refused.dialled.from, refused.decision, nullptr);
  cdr.source = policy::to_string(refused.dialled.from);
  cdr.dialled = refused.dialled.number;
  cdr.normalised = refused.decision.normalised;
  cdr.route = refused.decision.route;
  cdr.cause = policy::cdr_cause(refused.cause, Far::Phone, FarDirection::WeCalledIt);
  cdr.ended_by = to_string(EndedBy::Gateway);
  cdr_.record(std::move(cdr));
}

}  // namespace gw::ops
