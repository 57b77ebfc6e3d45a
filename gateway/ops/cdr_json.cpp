#include <nlohmann/json.hpp>

#include "gateway/ops/cdr.h"

namespace gw::ops {
namespace {

using nlohmann::ordered_json;

ordered_json time_or_null(WallTime t) {
  return t == WallTime{} ? ordered_json() : ordered_json(iso8601(t));
}

// Three places are more than any meter of ours knows.
double rounded(double value) {
  return static_cast<double>(static_cast<int64_t>(value * 1000 + 0.5)) / 1000;
}

ordered_json to_json(const CdrLeg& leg) {
  ordered_json out;
  out["kind"] = leg.kind;
  out["party"] = leg.party;
  out["codec"] = leg.codec;
  out["srtp"] = leg.srtp;
  out["packets_in"] = leg.packets_in;
  out["packets_lost"] = leg.packets_lost;
  out["loss_percent"] = rounded(100 * leg.loss);
  out["burst_loss_percent"] = rounded(100 * leg.burst_loss);
  out["burst_ms"] = rounded(leg.burst_ms);
  out["jitter_ms"] = rounded(leg.jitter_ms);
  out["round_trip_ms"] = rounded(leg.round_trip_ms);
  out["concealed_ms"] = rounded(leg.concealed_ms);
  out["mos"] = leg.mos > 0 ? ordered_json(rounded(leg.mos)) : ordered_json();
  if (leg.reported_mos > 0) out["reported_mos"] = rounded(leg.reported_mos);
  return out;
}

}  // namespace

std::string to_json(const Cdr& cdr) {
  ordered_json out;
  out["call_id"] = cdr.call_id;
  out["started"] = time_or_null(cdr.started);
  out["answered"] = time_or_null(cdr.answered);
  out["ended"] = time_or_null(cdr.ended);
  out["direction"] = cdr.direction;
  out["source"] = cdr.source;
  out["dialled"] = cdr.dialled;
  out["normalised"] = cdr.normalised;
  out["route"] = cdr.route;
  out["caller_id_presented"] = cdr.caller_id_presented;
  if (cdr.emergency) out["emergency"] = true;
  out["legs"] = ordered_json::array();
  for (const CdrLeg& leg : cdr.legs) out["legs"].push_back(to_json(leg));
  out["transcoded"] = cdr.transcoded;
  out["cause"] = {{"sip", cdr.cause.sip},
                  {"q850", cdr.cause.q850},
                  {"code", cdr.cause.code},
                  {"sub_code", cdr.cause.sub_code}};
  out["ended_by"] = cdr.ended_by;
  for (const CdrForward& forward : cdr.forwarded) {
    out["forwarded"].push_back(
        {{"by", forward.by}, {"reason", forward.reason}, {"to", forward.to}});
  }
  if (!cdr.joined_to.empty()) out["joined_to"] = cdr.joined_to;
  // What was dialled comes from the network and need not be UTF-8.
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace gw::ops
