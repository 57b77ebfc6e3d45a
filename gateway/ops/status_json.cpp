#include "gateway/ops/status_json.h"

#include <nlohmann/json.hpp>

#include "gateway/call/edge_leg.h"

namespace gw::ops {
namespace {

using nlohmann::json;

json leg_json(const Leg& leg, media::MediaEngine& media) {
  json out = {{"kind", leg.kind()},
              {"party", policy::to_string(leg.party())},
              {"held", leg.locally_held()}};
  if (const auto stats = leg.port() ? media.stats(leg.port()) : std::nullopt) {
    out["codec"] = stats->codec;
    out["srtp"] = stats->srtp;
    out["packets_in"] = stats->packets_in;
    out["packets_out"] = stats->packets_out;
    out["packets_lost"] = stats->packets_lost;
    out["discarded"] = stats->discarded;
    out["jitter_ms"] = stats->jitter_ms;
    out["round_trip_ms"] = stats->round_trip_ms;
    out["loss_percent"] = 100 * stats->loss;
    out["burst_loss_percent"] = 100 * stats->burst_loss;
    out["burst_ms"] = stats->burst_ms;
    out["gap_loss_percent"] = 100 * stats->gap_loss;
    out["gap_ms"] = stats->gap_ms;
    out["concealed_ms"] = stats->concealed_ms;
    out["remote_loss_percent"] = 100 * stats->remote_loss;
    if (stats->remote_mos > 0) out["remote_mos"] = stats->remote_mos;
    out["mos"] = stats->mos;
    out["speaks"] = stats->speaks;
  }
  if (const auto* edge = dynamic_cast<const EdgeLeg*>(&leg); edge && edge->quality()) {
    out["reported"] = {
        {"rtt_ms", edge->quality()->rtt_ms},   {"jitter_ms", edge->quality()->jitter_ms},
        {"loss_in", edge->quality()->loss_in}, {"loss_out", edge->quality()->loss_out},
        {"mos", edge->quality()->mos},         {"codec", edge->quality()->codec}};
  }
  return out;
}

// The legs an operator wants to see: who talks; until then the caller, and who rings.
json legs_json(const Call& call, media::MediaEngine& media) {
  json legs = json::array();
  if (call.state() == CallState::Talking) {
    for (const Leg* leg : call.talking()) legs.push_back(leg_json(*leg, media));
  } else {
    for (const Leg* leg : call.parties()) legs.push_back(leg_json(*leg, media));
  }
  return legs;
}

json registration_json(const std::optional<TrunkRegistrations::Status>& status) {
  if (!status) return {};
  json out = {{"state", to_string(status->state)}, {"status", status->status}};
  if (status->state == TrunkRegistrations::State::Registered)
    out["expires_in_s"] = to_ms(status->left) / 1000;
  if (!status->why.empty()) out["why"] = status->why;
  return out;
}

json time_json(WallTime t) {
  return t == WallTime{} ? json() : json(iso8601(t));
}

}  // namespace

std::string calls_json(const CallControl& control, media::MediaEngine& media) {
  json calls = json::array();
  control.registry().for_each([&](const Call& call) {
    if (call.state() == CallState::Ended) return;
    calls.push_back(
        {{"call_id", call.id().value},
         {"state", to_string(call.state())},
         {"source", policy::to_string(call.dialled().from)},
         {"dialled", call.dialled().number},
         {"normalised", call.decision().normalised},
         {"route", call.decision().route},
         {"caller_id_presented", call.decision().caller.number},
         {"started", time_json(call.times().started)},
         {"answered", time_json(call.times().answered)},
         {"participants", call.state() == CallState::Talking ? call.talking().size() : 0},
         {"legs", legs_json(call, media)}});
  });
  return json{{"calls", std::move(calls)}}.dump();
}

std::string phones_json(const CallControl& control, const sip::Registrar& registrar, WallTime now) {
  json phones = json::array();
  for (const config::Phone& phone : control.config().phones) {
    json devices = json::array();
    for (const sip::Binding& binding : registrar.bindings(phone.username)) {
      devices.push_back({{"contact", binding.contact_uri},
                         {"transport", sip::to_string(binding.transport)},
                         {"source", binding.source.to_string()},
                         {"user_agent", binding.user_agent},
                         {"expires_in_s", to_ms(binding.expires - now) / 1000}});
    }
    phones.push_back(
        {{"username", phone.username},
         {"extension", phone.extension},
         {"display_name", phone.display_name},
         {"identity", phone.identity},
         {"registered", !devices.empty()},
         {"devices", std::move(devices)},
         {"calls", control.registry().live_with({policy::PartyKind::Phone, phone.username})}});
  }
  return json{{"phones", std::move(phones)}}.dump();
}

std::string trunks_json(const CallControl& control, const TrunkHealth& health,
                        const TrunkRegistrations& registrations) {
  json trunks = json::array();
  for (const config::Trunk& trunk : control.config().trunks) {
    json addresses = json::array();
    for (const TrunkHealth::Address& one : health.addresses(trunk.name)) {
      json address = {{"address", one.address}, {"state", to_string(one.state)}};
      if (one.status != 0) address["status"] = one.status;
      if (!one.why.empty()) address["why"] = one.why;
      addresses.push_back(std::move(address));
    }
    const auto registration = registrations.status(trunk.name);
    trunks.push_back(
        {{"name", trunk.name},
         {"state", to_string(health.state(trunk.name))},
         {"registered", registration ? json(to_string(registration->state)) : json()},
         {"registration", registration_json(registration)},
         {"targets", trunk.targets},
         {"addresses", std::move(addresses)},
         {"calls", control.registry().live_with({policy::PartyKind::Trunk, trunk.name})},
         {"max_calls", trunk.max_calls},
         {"calls_per_second", trunk.calls_per_second}});
  }
  return json{{"trunks", std::move(trunks)}}.dump();
}

std::string users_json(const CallControl& control, const acs::edge::EdgeServer* edge) {
  json users = json::array();
  for (const config::User& user : control.config().users) {
    users.push_back(
        {{"name", user.name},
         {"email", user.email},
         {"id", user.id},
         {"extension", user.extension},
         {"numbers", user.numbers},
         {"alternate_caller_ids", user.alternate_caller_ids},
         {"devices", edge ? edge->devices(user.id) : 0},
         {"calls", control.registry().live_with({policy::PartyKind::User, user.name})}});
  }
  return json{{"users", std::move(users)}}.dump();
}

std::string status_json(const CallControl& control, const sip::Registrar& registrar,
                        const acs::edge::EdgeServer* edge, Duration uptime, Duration loop_lag,
                        size_t bans) {
  size_t devices = 0;
  if (edge) {
    for (const config::User& user : control.config().users) devices += edge->devices(user.id);
  }
  return json{{"state", control.draining() ? "draining" : "running"},
              {"version", GW_VERSION},
              {"uptime_s", to_ms(uptime) / 1000},
              {"calls", control.registry().live()},
              {"registrations", registrar.all().size()},
              {"user_devices", devices},
              {"phones", control.config().phones.size()},
              {"users", control.config().users.size()},
              {"trunks", control.config().trunks.size()},
              {"bans", bans},
              {"signalling_lag_ms", static_cast<double>(loop_lag.count()) / 1e6}}
      .dump();
}

std::string bans_json(const std::vector<sip::BannedSource>& bans) {
  static constexpr size_t kShown = 1'000;
  json rows = json::array();
  for (const sip::BannedSource& ban : bans) {
    if (rows.size() == kShown) break;
    rows.push_back({{"source", ban.address.host()},
                    {"reason", ban.reason},
                    {"seconds_left", to_ms(ban.left) / 1000},
                    {"times", ban.times}});
  }
  return json{{"bans", std::move(rows)}, {"total", bans.size()}}.dump();
}

}  // namespace gw::ops
