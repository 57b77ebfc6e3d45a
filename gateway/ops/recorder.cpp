#include "gateway/ops/recorder.h"

#include <algorithm>
#include <set>

#include "gateway/call/edge_leg.h"

namespace gw::ops {
namespace {

using policy::Far;
using policy::FarDirection;
using policy::PartyKind;

// A call that touches a trunk is inbound or outbound, all others stay in the house.
std::string direction(const policy::Party& from, const policy::Decision& decision,
                      const Leg* callee) {
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
  out.round_trip_ms = stats.round_trip_ms;
  out.loss = stats.loss;
  out.burst_loss = stats.burst_loss;
  out.burst_ms = stats.burst_ms;
  out.concealed_ms = stats.concealed_ms;
  out.mos = stats.mos;
  if (const auto* edge = dynamic_cast<const EdgeLeg*>(&leg); edge && edge->quality()) {
    out.reported_mos = edge->quality()->mos;
  }
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

Recorder::Recorder(CdrWriter& cdr, Metrics& metrics) : cdr_(cdr) {
  for (size_t i = 0; i < kKinds.size(); ++i) {
    const Labels labels{{"kind", kKinds[i]}};
    legs_[i].mos = &metrics.histogram(
        "gw_leg_mos", "Estimated quality of what legs sent (ITU-T G.107), at their end.",
        {1.5, 2, 2.6, 3.1, 3.6, 4, 4.3}, labels);
    legs_[i].loss =
        &metrics.histogram("gw_leg_loss_percent", "What was lost of what legs sent, at their end.",
                           {0.1, 0.5, 1, 2, 3, 5, 10, 20}, labels);
    legs_[i].jitter =
        &metrics.histogram("gw_leg_jitter_ms", "Jitter of what legs sent (RFC 3550), at their end.",
                           {1, 2, 5, 10, 20, 30, 50, 100}, labels);
    legs_[i].round_trip =
        &metrics.histogram("gw_leg_round_trip_ms", "Round trip to legs by RTCP, at their end.",
                           {5, 10, 20, 50, 100, 150, 200, 300, 500}, labels);
  }
}

void Recorder::observe(const CdrLeg& leg) {
  const auto kind =
      std::ranges::find_if(kKinds, [&](const char* name) { return leg.kind == name; });
  if (kind == kKinds.end() || leg.mos <= 0) return;  // Nothing came from it.
  const LegMetrics& of = legs_[static_cast<size_t>(kind - kKinds.begin())];
  of.mos->Observe(leg.mos);
  of.loss->Observe(100 * leg.loss);
  of.jitter->Observe(leg.jitter_ms);
  if (leg.round_trip_ms > 0) of.round_trip->Observe(leg.round_trip_ms);
}

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
  cdr.caller_id_presented = call.decision().caller.anonymous ? "" : call.decision().caller.number;
  cdr.emergency = call.decision().emergency;
  for (const Leg* leg : call.parties()) cdr.legs.push_back(leg_of(call, *leg));
  std::set<std::string> codecs;
  for (const CdrLeg& leg : cdr.legs) {
    if (!leg.codec.empty()) codecs.insert(leg.codec);
    observe(leg);
  }
  cdr.transcoded = codecs.size() > 1;
  cdr.cause = cause_of(call);
  cdr.ended_by = to_string(call.ended_by());
  for (const policy::Forward& forward : call.forwards()) {
    cdr.forwarded.push_back({policy::to_string(forward.by),
                             std::string(policy::to_string(forward.reason)), forward.to});
  }
  if (call.joined_to()) cdr.joined_to = call.joined_to()->value;
  call.log().info("call ended",
                  {{"cause", policy::to_string(call.cause().cause)},
                   {"sip", cdr.cause.sip},
                   {"by", cdr.ended_by},
                   {"why", call.cause().detail},
                   {"talked_s", call.times().answered == WallTime{}
                                    ? 0
                                    : to_ms(call.times().ended - call.times().answered) / 1000}});
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
  cdr.emergency = refused.decision.emergency;
  cdr.cause = policy::cdr_cause(refused.cause, Far::Phone, FarDirection::WeCalledIt);
  cdr.ended_by = to_string(EndedBy::Gateway);
  cdr_.record(std::move(cdr));
}

}  // namespace gw::ops
