#include "gateway/cli/route.h"

#include <absl/time/time.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "gateway/config/config_load.h"
#include "gateway/ops/store.h"
#include "gateway/policy/router.h"

namespace gw::cli {
namespace {

using nlohmann::ordered_json;
using policy::Decision;
using policy::PartyKind;

// "2026-11-21T09:30:00Z", "2026-11-21T09:30:00+01:00"; without a zone, or with a date alone, it is
// local time.
std::optional<WallTime> parse_time(const std::string& text) {
  absl::Time time;
  std::string ignored;
  bool good = absl::ParseTime(absl::RFC3339_full, text, &time, &ignored);
  for (const char* format :
       {"%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d%ET%H:%M", "%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d %H:%M",
        "%Y-%m-%d", "%Y-%m-%d%ET%H:%M%Ez", "%Y-%m-%d %H:%M:%E*S%Ez"}) {
    if (!good) good = absl::ParseTime(format, text, absl::LocalTimeZone(), &time, &ignored);
  }
  if (!good) return std::nullopt;
  return WallTime(std::chrono::milliseconds(absl::ToUnixMillis(time)));
}

bool known(const config::Config& config, const policy::Party& party) {
  switch (party.kind) {
    case PartyKind::Phone: return config.phone(party.name) != nullptr;
    case PartyKind::User: return config.user(party.name) || config.user_by_id(party.name);
    case PartyKind::Trunk: return config.trunk(party.name) != nullptr;
    case PartyKind::App: return config.app(party.name) != nullptr;
  }
  return false;
}

// `user add` keeps its users in the state, if there is one yet.
void add_users_of_state(config::Config& config) {
  const std::string path = config::store_path(config);
  if (std::error_code error; !std::filesystem::exists(path, error)) return;
  const auto store = ops::Store::open(path, Log{});
  if (!store) {
    std::fprintf(stderr, "users of `user add` are left out: %s\n", store.error().detail.c_str());
    return;
  }
  for (config::User& user : (*store)->added_users()) {
    if (!config.user(user.name)) config.users.push_back(std::move(user));
  }
}

std::vector<std::string> targets_of(const Decision& decision) {
  std::vector<std::string> out;
  for (const policy::Rank& rank : decision.ranks) {
    std::string together;
    for (const policy::Party& party : rank.parties)
      together += (together.empty() ? "" : "|") + policy::to_string(party);
    out.push_back(std::move(together));
  }
  return out;
}

std::string caller_id_of(const Decision& decision, bool from_trunk) {
  // A trunk's number comes with the call; here there is none.
  if (decision.caller.anonymous && from_trunk) return "pass";
  return decision.caller.anonymous ? "anonymous" : decision.caller.number;
}

ordered_json cause_json(const Decision& decision) {
  const policy::CdrCause cause =
      policy::cdr_cause(decision.cause, policy::Far::Phone, policy::FarDirection::WeCalledIt);
  return {{"name", policy::to_string(decision.cause.cause)},
          {"sip", cause.sip},
          {"q850", cause.q850},
          {"code", cause.code},
          {"sub_code", cause.sub_code},
          {"text", decision.cause.detail}};
}

ordered_json to_json(const Decision& decision, bool from_trunk) {
  ordered_json out;
  out["decision"] = decision.accepted ? "accepted" : "refused";
  out["route"] = decision.route.empty() ? ordered_json() : ordered_json(decision.route);
  out["normalised"] = decision.normalised;
  out["targets"] = decision.accepted ? targets_of(decision) : std::vector<std::string>{};
  out["caller_id"] =
      decision.accepted ? ordered_json(caller_id_of(decision, from_trunk)) : ordered_json();
  out["display_name"] = decision.caller.display_name;
  out["cause"] = decision.accepted ? ordered_json() : cause_json(decision);
  out["emergency"] = decision.emergency;
  out["tried"] = decision.tried;
  return out;
}

// What each trunk of the decision would be dialled with.
void print_trunk_numbers(const config::Config& config, const Decision& decision) {
  for (const policy::Rank& rank : decision.ranks) {
    for (const policy::Party& party : rank.parties) {
      const config::Trunk* trunk =
          party.kind == PartyKind::Trunk ? config.trunk(party.name) : nullptr;
      if (!trunk) continue;
      std::printf("  %s is dialled %s\n", policy::to_string(party).c_str(),
                  policy::number_for_trunk(*trunk, decision.number_out).c_str());
    }
  }
}

void print(const config::Config& config, const RouteQuery& query, const Decision& decision,
           bool from_trunk) {
  std::printf("%s dials %s, read as %s\n", query.from.c_str(), query.to.c_str(),
              decision.normalised.c_str());
  for (const std::string& line : decision.tried) std::printf("  %s\n", line.c_str());
  if (!decision.accepted) {
    std::printf("refused: %d %s (%s)\n", policy::sip_status(decision.cause),
                std::string(policy::to_string(decision.cause.cause)).c_str(),
                decision.cause.detail.c_str());
    return;
  }
  std::printf("accepted by %s%s\n", decision.route.c_str(),
              decision.emergency ? " (emergency)" : "");
  int number = 0;
  for (const std::string& target : targets_of(decision))
    std::printf("  %d. %s\n", ++number, target.c_str());
  print_trunk_numbers(config, decision);
  const std::string name = decision.caller.display_name;
  std::printf("caller id: %s%s\n", caller_id_of(decision, from_trunk).c_str(),
              name.empty() ? "" : (" \"" + name + "\"").c_str());
}

}  // namespace

int route(const Common& common, const RouteQuery& query) {
  const auto from = policy::parse_party(query.from);
  if (!from) {
    std::fprintf(stderr, "--from: \"%s\" is not phone:NAME, trunk:NAME or user:NAME\n",
                 query.from.c_str());
    return kBadUsage;
  }
  const auto now = query.at.empty() ? std::optional(SystemClock{}.wall()) : parse_time(query.at);
  if (!now) {
    std::fprintf(stderr, "--at: \"%s\" is no ISO 8601 time, e.g. 2026-11-21T09:30:00Z\n",
                 query.at.c_str());
    return kBadUsage;
  }
  const config::Loaded loaded = config::load(common.path, common.overrides);
  if (!loaded.ok()) {
    for (const config::Problem& problem : loaded.problems) {
      if (!problem.warning) std::fprintf(stderr, "%s\n", config::to_string(problem).c_str());
    }
    return kBadConfiguration;
  }
  add_users_of_state(*loaded.config);
  if (!known(*loaded.config, *from)) {
    std::fprintf(stderr, "--from: there is no %s\n", query.from.c_str());
    return kBadUsage;
  }
  policy::Dialled dialled;
  dialled.from = *from;
  dialled.number = query.to;
  const Decision decision = policy::decide(*loaded.config, dialled, *now, policy::Explain::Yes);
  const bool from_trunk = from->kind == PartyKind::Trunk;
  if (common.json) {
    std::printf("%s\n", to_json(decision, from_trunk)
                            .dump(-1, ' ', false, ordered_json::error_handler_t::replace)
                            .c_str());
  } else {
    print(*loaded.config, query, decision, from_trunk);
  }
  return decision.accepted ? kDone : kRefused;
}

}  // namespace gw::cli
