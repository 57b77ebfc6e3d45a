#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/policy/hangup_cause.h"
#include "sip/invite.h"

namespace gw::policy {

enum class PartyKind { Phone, User, Trunk, App };

// A configured party by name: phone:101, user:alice, trunk:acme, app:ivr. A user whom the directory
// does not know (the identity came from an app's back end) is named by the raw id:
// user:8:acs:GUID_GUID. An app that is not configured and places calls over REST is app:rest.
struct Party {
  PartyKind kind = PartyKind::Phone;
  std::string name;
  bool operator==(const Party&) const = default;
};
std::string to_string(const Party& party);  // "phone:101"
std::optional<Party> parse_party(std::string_view text);

// Parties that ring together; the next Rank is tried when all of this one failed.
struct Rank {
  std::vector<Party> parties;
};

// What the caller asked for.
struct Dialled {
  Party from;
  std::string
      number;  // As dialled: "101", "+14255550123", "5550123"; or a raw id "8:acs:..." from users.
  std::string caller_id;    // The alternate caller id that a user asked for; empty = none.
  std::string from_number;  // What a trunk presented.
  std::string from_display;
  std::string from_identity;  // An app's call: the identity that calls, if it named one.
  std::vector<std::pair<std::string, std::string>>
      headers;  // User-To-User and X-MS-Custom-*, as they came or are to go.
  // Asked not to be shown (RFC 3323): emergency services are told all the same.
  bool wants_privacy = false;
  std::vector<sip::Diverted> diverted;  // Who sent the call on, the last one first.
  unsigned max_forwards = 70;  // What is left of the caller's; loops end by it (RFC 3261 16.6).
  std::string
      transferor{};  // Who gave the call away, as users name it: "4:+14255550100"; empty = nobody.
  std::string transferor_display{};
  bool forwarded = false;  // By a party of ours, the first of `diverted`.
  std::vector<std::pair<std::string, std::string>>
      voip_headers{};  // What an app tells users and other apps beside `headers`.
};

// What one side may see of the other.
struct Presentation {
  std::string number;  // E.164 or extension; empty = anonymous.
  std::string display_name;
  bool anonymous = false;
};

struct Decision {
  bool accepted = false;
  HangupCause cause;       // When refused.
  std::string normalised;  // E.164, extension or raw id.
  std::string called;      // The same as apps know it: "8:acs:...", "4:+1425...", "4:101".
  std::string route;       // Name of the rule; "extension" for own extensions, "user" for raw ids.
  std::vector<Rank> ranks;
  Presentation
      caller;  // As the targets see the caller: a number, toward phones of the house the extension.
  Presentation
      caller_to_phones;    // As phones see it when trunks or users ring too and see `caller`.
  std::string number_out;  // What a trunk target is dialled (before its [number] rules).
  config::RouteMedia media = config::RouteMedia::Auto;
  bool ringback = false;
  Duration ring_timeout{};   // Of each rank; 0 = [calls] ring_timeout.
  bool auto_answer = false;  // Phones are asked to answer by themselves, whoever calls.
  bool emergency = false;
  std::vector<std::string>
      tried;  // One line per rule: its name and why it did or did not match. Explain::Yes only.
};

// A number that was asked for, and where it goes.
struct Routed {
  Dialled dialled;
  Decision decision;
};

// Source, dialled number, time -> ranked targets or a cause; default: refuse. Pure; the Call's
// snapshot comes in. Numbers are normalised with libphonenumber (possible numbers pass), emergency
// numbers come first, callers that are phones or users may dial own extensions, then the routes;
// trunks the routes only.
enum class Explain { No, Yes };
Decision decide(const config::Config& config, const Dialled& dialled, WallTime now,
                Explain explain = Explain::No);

// Whether a route is open; the machine's zone when the hours name none.
bool open_at(const config::Hours& hours, WallTime now);

// E.164 when the text can be a number (possible, not only valid), nullopt otherwise ("101" is none
// in the US).
std::optional<std::string> normalise(std::string_view number, const std::string& country);

// What libphonenumber knows of an E.164 number: "US" (empty: no country's), and "geographic",
// "tollFree" or "mobile".
struct NumberKind {
  std::string country, type;
  bool premium = false;
};
NumberKind kind_of(const std::string& e164);

// The number as this trunk wants it ([number] rules).
std::string number_for_trunk(const config::Trunk& trunk, const std::string& e164);

}  // namespace gw::policy
