#include "acs/identity/identifier.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "acs/identity/token_service.h"

namespace gw::acs::identity {
namespace {

using Kind = Identifier::Kind;
using Cloud = Identifier::Cloud;

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Identifier phone(std::string_view raw_id) {
  Identifier out;
  out.kind = Kind::PhoneNumber;
  out.raw_id = raw_id;
  out.id = raw_id.substr(2);
  out.anonymous = out.id == "anonymous";
  if (const size_t last = out.id.rfind('_'); last != std::string::npos)
    out.asserted_id = out.id.substr(last + 1);
  return out;
}

// "8:acs:" and its sovereign clouds: three segments are a Teams extension user, anything else is an
// ACS user.
void take_acs_user(Identifier& out, std::string_view suffix, Cloud cloud) {
  const auto segments = split(suffix, '_');
  if (segments.size() != 3) {
    out.kind = Kind::CommunicationUser;
    out.id = out.raw_id;
    return;
  }
  out.kind = Kind::TeamsExtensionUser;
  out.resource_id = segments[0];
  out.tenant_id = segments[1];
  out.id = segments[2];
  out.cloud = cloud;
}

void take_teams(Identifier& out, Kind kind, std::string_view id, Cloud cloud) {
  out.kind = kind;
  out.id = id;
  out.cloud = cloud;
}

}  // namespace

Identifier parse_raw_id(std::string_view raw_id) {
  if (raw_id.starts_with("4:")) return phone(raw_id);
  Identifier out;
  out.raw_id = raw_id;
  out.id = raw_id;
  const auto parts = split(raw_id, ':');
  if (parts.size() != 3) return out;
  const std::string prefix = std::string(parts[0]) + ":" + std::string(parts[1]);
  if (prefix == "8:acs") take_acs_user(out, parts[2], Cloud::Public);
  if (prefix == "8:dod-acs") take_acs_user(out, parts[2], Cloud::Dod);
  if (prefix == "8:gcch-acs") take_acs_user(out, parts[2], Cloud::Gcch);
  if (prefix == "8:spool") out.kind = Kind::CommunicationUser;
  if (prefix == "8:orgid") take_teams(out, Kind::MicrosoftTeamsUser, parts[2], Cloud::Public);
  if (prefix == "8:dod") take_teams(out, Kind::MicrosoftTeamsUser, parts[2], Cloud::Dod);
  if (prefix == "8:gcch") take_teams(out, Kind::MicrosoftTeamsUser, parts[2], Cloud::Gcch);
  if (prefix == "8:teamsvisitor")
    take_teams(out, Kind::MicrosoftTeamsUser, parts[2], Cloud::Public);
  if (prefix == "28:orgid") take_teams(out, Kind::MicrosoftTeamsApp, parts[2], Cloud::Public);
  if (prefix == "28:dod") take_teams(out, Kind::MicrosoftTeamsApp, parts[2], Cloud::Dod);
  if (prefix == "28:gcch") take_teams(out, Kind::MicrosoftTeamsApp, parts[2], Cloud::Gcch);
  out.anonymous = prefix == "8:teamsvisitor";
  return out;
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::CommunicationUser: return "communicationUser";
    case Kind::PhoneNumber: return "phoneNumber";
    case Kind::MicrosoftTeamsUser: return "microsoftTeamsUser";
    case Kind::MicrosoftTeamsApp: return "microsoftTeamsApp";
    case Kind::TeamsExtensionUser: return "teamsExtensionUser";
    case Kind::Unknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Cloud cloud) {
  switch (cloud) {
    case Cloud::Public: return "public";
    case Cloud::Dod: return "dod";
    case Cloud::Gcch: return "gcch";
  }
  return "public";
}

std::string make_identity(std::string_view resource_id, Random& random) {
  return "8:acs:" + std::string(resource_id) + "_" + random.uuid();
}

bool is_acs_identity(std::string_view raw_id) {
  constexpr size_t kMaxIdentity = 128;
  constexpr std::string_view kPrefix = "8:acs:";
  if (!raw_id.starts_with(kPrefix) || raw_id.size() > kMaxIdentity) return false;
  const auto segments = split(raw_id.substr(kPrefix.size()), '_');
  return segments.size() == 2 && std::ranges::all_of(segments, [](std::string_view segment) {
           return !segment.empty() && std::ranges::all_of(segment, [](unsigned char c) {
             return std::isalnum(c) != 0 || c == '-';
           });
         });
}

}  // namespace gw::acs::identity
