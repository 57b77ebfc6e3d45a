#include "gateway/policy/router.h"

#include <algorithm>

#include "acs/identity/token_service.h"
#include "base/text.h"
#include "gateway/config/pattern.h"
#include "gateway/policy/caller_id_policy.h"
#include "gateway/policy/dial_policy.h"

namespace gw::policy {
namespace {

using config::Config;
using config::Route;

constexpr size_t kMaxIdentity = 128;  // 8:acs:GUID_GUID has 79.

std::string quoted_name(const Route& route) {
  return "route \"" + route.name + "\": ";
}

// What people and phones put between digits (RFC 3966 5.1.1).
std::string without_separators(std::string_view text) {
  if (text.starts_with("4:")) text.remove_prefix(2);
  std::string out;
  for (const char c : text) {
    if (std::string_view(" ()-./").find(c) == std::string_view::npos) out += c;
  }
  return out;
}

// A rule may be written in the national form. Reading a number costs 10 us, so only what can be one
// is read.
bool is_national(std::string_view to) {
  return to.size() >= 6 && to.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view kind_of(const Party& party) {
  switch (party.kind) {
    case PartyKind::Phone: return "phones";
    case PartyKind::User: return "users";
    case PartyKind::Trunk: return "trunks";
    case PartyKind::App: return "apps";
  }
  return "";
}

// "phone:$1" with what the regex found.
std::string filled_in(std::string_view text, const std::vector<std::string>& groups) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool reference =
        text[i] == '$' && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
    if (!reference) {
      out += text[i];
      continue;
    }
    const auto group = static_cast<size_t>(text[++i] - '0');
    if (group < groups.size()) out += groups[group];
  }
  return out;
}

bool exists(const Config& config, const Party& party) {
  switch (party.kind) {
    case PartyKind::Phone: return config.phone(party.name) != nullptr;
    case PartyKind::User: return config.user(party.name) != nullptr;
    case PartyKind::Trunk: return config.trunk(party.name) != nullptr;
    case PartyKind::App: return config.app(party.name) != nullptr;
  }
  return false;
}

// "8:acs:..." stays, "+14255550100" is "4:+14255550100"; and back.
std::string as_raw_id(const std::string& called) {
  return called.starts_with("8:") ? called : "4:" + called;
}
std::string_view bare(std::string_view raw_id) {
  return raw_id.starts_with("4:") ? raw_id.substr(2) : raw_id;
}

bool includes(const std::vector<Rank>& ranks, const Party& party) {
  return std::ranges::any_of(ranks, [&](const Rank& rank) {
    return std::ranges::find(rank.parties, party) != rank.parties.end();
  });
}

bool includes(const std::vector<Rank>& ranks, PartyKind kind) {
  return std::ranges::any_of(ranks, [&](const Rank& rank) {
    return std::ranges::any_of(rank.parties, [&](const Party& p) { return p.kind == kind; });
  });
}

// One decision while it is made.
class Deciding {
 public:
  Deciding(const Config& config, const Dialled& dialled, WallTime now, Explain explain)
      : config_(config),
        dialled_(dialled),
        now_(now),
        explain_(explain == Explain::Yes),
        from_(to_string(dialled.from)) {
    decision_.media = config.media.user_codec;
  }

  Decision decide();

 private:
  bool try_emergency(const std::string& number);
  bool try_identity();
  bool try_extension(const std::string& number);
  void try_routes(const std::string& number);
  bool is_from(const Route& route) const;
  bool has_number_of_their_own() const;
  bool matches(const Route& route, const std::string& number, std::vector<std::string>& groups);
  std::vector<Rank> ranks_of(const Route& route, const std::vector<std::string>& groups);
  void take(const Route& route, const std::vector<std::string>& groups);
  bool forbidden_outside(const std::vector<Rank>& ranks);
  void accept(std::string route, std::vector<Rank> ranks, std::string_view caller_id_rule);
  void ring_subscribers();
  void refuse(Cause cause, std::string why);  // The reason goes to the log: numbers are masked.
  // Lines cost more than the decision: they are made for those who ask.
  template <class Line>
  void tried(Line line) {
    if (explain_) decision_.tried.push_back(line());
  }

  const Config& config_;
  const Dialled& dialled_;
  const WallTime now_;
  const bool explain_;
  const std::string from_;  // "phone:101"
  Decision decision_;
};

Decision Deciding::decide() {
  if (try_identity()) return std::move(decision_);
  if (dialled_.number.empty() || dialled_.number.size() > config::kMaxDialled) {
    refuse(Cause::BadNumber, "a number has 1 to 64 characters");
    return std::move(decision_);
  }
  const std::string number = without_separators(dialled_.number);
  decision_.normalised = number;
  if (try_emergency(number) || try_extension(number)) return std::move(decision_);
  const auto e164 = normalise(number, config_.numbers.country);
  if (!e164 && number.starts_with('+')) {
    refuse(Cause::BadNumber, mask(number) + " cannot be a telephone number");
    return std::move(decision_);
  }
  if (e164) decision_.normalised = *e164;
  try_routes(decision_.normalised);
  return std::move(decision_);
}

void Deciding::refuse(Cause cause, std::string why) {
  decision_.accepted = false;
  decision_.cause = {cause, 0, 0, std::move(why)};
}

void Deciding::accept(std::string route, std::vector<Rank> ranks, std::string_view caller_id_rule) {
  decision_.route = std::move(route);
  decision_.ranks = std::move(ranks);
  decision_.number_out = decision_.normalised;
  if (decision_.called.empty()) decision_.called = as_raw_id(decision_.normalised);
  if (!decision_.emergency) ring_subscribers();
  const bool to_trunk = includes(decision_.ranks, PartyKind::Trunk);
  auto outside = choose_caller_id(config_, dialled_, caller_id_rule, to_trunk);
  if (!outside && decision_.emergency) {
    // Help comes first: any number of theirs or ours that can be called back.
    const std::vector<std::string> own = allowed_numbers(config_, dialled_.from.name);
    outside = Presentation{own.empty() ? "" : own.front(), dialled_.from_display, false};
  }
  if (outside && decision_.emergency) {
    outside->anonymous = false;  // RFC 6443 9.2: who calls for help is called back.
    const std::string& callback = config_.emergency.callback;
    if (!callback.empty() && !has_number_of_their_own()) outside->number = callback;
    if (outside->number.empty() && !config_.numbers.owned.empty())
      outside->number = config_.numbers.owned.front();
  }
  if (!outside) {
    tried([&] { return "caller id: " + outside.error().detail; });
    refuse(Cause::CallerIdNotAllowed, outside.error().detail);
    return;
  }
  decision_.accepted = true;
  decision_.caller_to_phones = as_seen_by(config_, dialled_, *outside, PartyKind::Phone);
  const bool phones_only = !to_trunk && !includes(decision_.ranks, PartyKind::User) &&
                           !includes(decision_.ranks, PartyKind::App);
  decision_.caller = phones_only ? decision_.caller_to_phones
                                 : as_seen_by(config_, dialled_, *outside,
                                              to_trunk ? PartyKind::Trunk : PartyKind::User);
}

bool Deciding::has_number_of_their_own() const {
  const std::string& name = dialled_.from.name;
  if (dialled_.from.kind == PartyKind::Phone) {
    const config::Phone* phone = config_.phone(name);
    return phone && !phone->caller_id.empty();
  }
  const config::User* user = config_.user(name);
  return user && (!user->numbers.empty() || !user->alternate_caller_ids.empty());
}

// As with Azure's Event Grid: an app hears of every call to whom it subscribed to, and rings beside
// those whom the call is for. What an app itself passes on it has heard of.
void Deciding::ring_subscribers() {
  for (const config::App& app : config_.apps) {
    const Party party{PartyKind::App, app.name};
    const bool wants = app.subscribes_to(bare(decision_.called));
    if (!wants || party == dialled_.from || includes(decision_.ranks, party)) continue;
    tried([&] { return "app \"" + app.name + "\": subscribed to calls to " + decision_.called; });
    decision_.ranks.front().parties.push_back(party);
  }
}

bool Deciding::try_emergency(const std::string& number) {
  const auto& emergency = config_.numbers.emergency;
  if (!rights_of(dialled_.from.kind).emergency ||
      std::ranges::find(emergency, number) == emergency.end()) {
    return false;
  }
  // The caller's own route first, without regard to hours; then every trunk there is.
  const auto best = std::ranges::find_if(config_.routes, [&](const Route& route) {
    return is_from(route) && config::match_to(route, number);
  });
  const bool routed = best != config_.routes.end();
  std::vector<Rank> ranks;
  if (routed) ranks = ranks_of(*best, *config::match_to(*best, number));
  for (const config::Trunk& trunk : config_.trunks) {
    if (trunk.cloud) continue;  // Call Automation reaches no emergency service.
    const Party party{PartyKind::Trunk, trunk.name};
    if (!includes(ranks, party)) ranks.push_back({{party}});
  }
  if (ranks.empty()) {
    tried([&] { return "emergency: " + number + " has no route and there is no trunk"; });
    return false;
  }
  tried([&] {
    return "emergency: " + number +
           (routed ? " goes by route \"" + best->name + "\"" : " has no route") +
           ", then by every trunk";
  });
  decision_.emergency = true;
  if (routed) {
    decision_.media = best->media.value_or(decision_.media);
    decision_.ringback = best->ringback;
  }
  accept(routed ? best->name : "emergency", std::move(ranks), routed ? best->caller_id : "pass");
  return true;
}

// Another user by raw id, from an app.
bool Deciding::try_identity() {
  const std::string& id = dialled_.number;
  if (!id.starts_with("8:")) return false;
  if (id.size() > kMaxIdentity) {
    refuse(Cause::BadNumber, "an identity has at most 128 characters");
    return true;
  }
  decision_.normalised = id;
  if (!rights_of(dialled_.from.kind).identities) {
    refuse(Cause::NotFound, "only users and apps may call identities");
    return true;
  }
  if (const config::Phone* phone = config_.phone_by_identity(id)) {
    tried([&] { return "identity: phone:" + phone->username; });
    accept("identity", {{{Party{PartyKind::Phone, phone->username}}}}, "pass");
    return true;
  }
  const config::User* user = config_.user_by_id(id);
  if (!user && !acs::identity::is_acs_identity(id)) {
    refuse(Cause::NotFound, "there is no identity " + id);
    return true;
  }
  const std::string name = user ? user->name : id;
  tried([&] { return "identity: user:" + name; });
  // No number is involved: apps send an alternate caller id with every call.
  Dialled plain = dialled_;
  plain.caller_id.clear();
  Deciding deciding(config_, plain, now_, explain_ ? Explain::Yes : Explain::No);
  deciding.decision_ = std::move(decision_);
  deciding.accept("user", {{{Party{PartyKind::User, name}}}}, "pass");
  decision_ = std::move(deciding.decision_);
  return true;
}

bool Deciding::try_extension(const std::string& number) {
  if (!rights_of(dialled_.from.kind).extensions) return false;
  std::optional<Party> party;
  if (const config::Phone* phone = config_.phone_by_extension(number)) {
    party = Party{PartyKind::Phone, phone->username};
  } else if (const config::User* user = config_.user_by_extension(number)) {
    party = Party{PartyKind::User, user->name};
    decision_.called = user->id;
  }
  if (!party) {
    tried([&] { return "extension: " + number + " is none"; });
    return false;
  }
  tried([&] { return "extension: " + number + " is " + to_string(*party); });
  accept("extension", {{{*party}}}, "pass");
  return true;
}

bool Deciding::is_from(const Route& route) const {
  const std::string_view kind = kind_of(dialled_.from);
  return std::ranges::any_of(
      route.from, [&](const std::string& allowed) { return allowed == kind || allowed == from_; });
}

bool Deciding::matches(const Route& route, const std::string& number,
                       std::vector<std::string>& groups) {
  if (!is_from(route)) {
    tried([&] {
      return quoted_name(route) + "from " + from_ + " is not " + joined(route.from, ", ");
    });
    return false;
  }
  auto found = config::match_to(route, number);
  const bool same =
      !found && is_national(route.to) && normalise(route.to, config_.numbers.country) == number;
  if (!found && !same) {
    tried([&] { return quoted_name(route) + "to " + number + " does not match " + route.to; });
    return false;
  }
  if (!open_at(route.hours, now_)) {
    tried([&] { return quoted_name(route) + "closed now, open " + route.hours.text; });
    return false;
  }
  groups = found ? std::move(*found) : std::vector<std::string>{number};
  return true;
}

void Deciding::try_routes(const std::string& number) {
  for (const Route& route : config_.routes) {
    std::vector<std::string> groups;
    if (matches(route, number, groups)) return take(route, groups);
  }
  const bool no_way_out =
      dialled_.from.kind == PartyKind::User && number.starts_with('+') && config_.trunks.empty();
  refuse(no_way_out ? Cause::NoTrunk : Cause::NotFound, "no route serves " + mask(number));
}

std::vector<Rank> Deciding::ranks_of(const Route& route, const std::vector<std::string>& groups) {
  std::vector<Rank> ranks;
  for (const std::string& target : route.targets) {
    const std::string text = filled_in(target, groups);
    std::string_view rest = text;
    Rank rank;
    while (!rest.empty()) {
      const size_t bar = std::min(rest.find('|'), rest.size());
      const std::string_view one = rest.substr(0, bar);
      rest.remove_prefix(std::min(bar + 1, rest.size()));
      auto party = parse_party(one);
      if (party && exists(config_, *party)) {
        rank.parties.push_back(*std::move(party));
      } else {
        tried([&] { return quoted_name(route) + "there is no " + std::string(one); });
      }
    }
    if (!rank.parties.empty()) ranks.push_back(std::move(rank));
  }
  return ranks;
}

void Deciding::take(const Route& route, const std::vector<std::string>& groups) {
  tried([&] { return quoted_name(route) + "matches"; });
  decision_.route = route.name;
  decision_.media = route.media.value_or(decision_.media);
  decision_.ringback = route.ringback;
  decision_.ring_timeout = route.ring_timeout;
  decision_.auto_answer = route.auto_answer;
  std::vector<Rank> ranks = ranks_of(route, groups);
  if (ranks.empty())
    return refuse(Cause::NotFound, "no target of route \"" + route.name + "\" exists");
  if (forbidden_outside(ranks)) return;
  accept(route.name, std::move(ranks), route.caller_id);
}

// Inside the house nothing costs: the policy is for what a trunk reaches. The number is looked at
// as it came, or, where that is none ("9" before it, say), as the trunk would be dialled.
bool Deciding::forbidden_outside(const std::vector<Rank>& ranks) {
  const config::DialPolicy* policy = dial_policy_of(config_, dialled_.from);
  if (!policy) return false;
  for (const Rank& rank : ranks) {
    for (const Party& party : rank.parties) {
      const config::Trunk* trunk =
          party.kind == PartyKind::Trunk ? config_.trunk(party.name) : nullptr;
      if (!trunk) continue;
      std::string number = decision_.normalised;
      if (!number.starts_with('+')) {
        const std::string out = number_for_trunk(*trunk, number);
        number = normalise(out, config_.numbers.country).value_or(out);
      }
      const auto why = forbidden(*policy, number, config_.numbers.country);
      tried([&] { return "dial policy: " + number + (why ? " " + *why : " may be called"); });
      if (!why) continue;
      refuse(Cause::DialPolicy, mask(number) + " " + *why);
      return true;
    }
  }
  return false;
}

}  // namespace

std::string to_string(const Party& party) {
  switch (party.kind) {
    case PartyKind::Phone: return "phone:" + party.name;
    case PartyKind::User: return "user:" + party.name;
    case PartyKind::Trunk: return "trunk:" + party.name;
    case PartyKind::App: return "app:" + party.name;
  }
  return party.name;
}

std::optional<Party> parse_party(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return std::nullopt;
  const std::string_view kind = text.substr(0, colon);
  const std::string name(text.substr(colon + 1));
  if (kind == "phone") return Party{PartyKind::Phone, name};
  if (kind == "user") return Party{PartyKind::User, name};
  if (kind == "trunk") return Party{PartyKind::Trunk, name};
  if (kind == "app") return Party{PartyKind::App, name};
  return std::nullopt;
}

Decision decide(const Config& config, const Dialled& dialled, WallTime now, Explain explain) {
  return Deciding(config, dialled, now, explain).decide();
}

}  // namespace gw::policy
