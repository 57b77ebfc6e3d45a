#include "acs/identity/identifier_json.h"

#include "acs/identity/any_case.h"
#include "acs/identity/identifier.h"

namespace gw::acs::identity {
namespace {

using nlohmann::json;
using Kind = Identifier::Kind;
using Cloud = Identifier::Cloud;

constexpr size_t kMaxRawId = 512;  // Teams extension users have about 120 characters.

// "8:dod:" of a user, "28:dod:" of an app; the public cloud's word is "orgid".
std::string teams_raw_id(std::string_view prefix, const std::string& id, std::string_view cloud) {
  const std::string_view word = cloud == "dod" ? "dod" : cloud == "gcch" ? "gcch" : "orgid";
  return std::string(prefix) + ":" + std::string(word) + ":" + id;
}

std::string extension_raw_id(const json& part, std::string_view cloud) {
  const std::string_view word = cloud == "dod" ? "dod-acs" : cloud == "gcch" ? "gcch-acs" : "acs";
  return "8:" + std::string(word) + ":" + part.value("resourceId", "") + "_" +
         part.value("tenantId", "") + "_" + part.value("userId", "");
}

bool has_text(const json& part, const char* key) {
  const auto value = part.find(key);
  return value != part.end() && value->is_string() && !value->get_ref<const std::string&>().empty();
}

std::string text(const json& part, const char* key) {
  return has_text(part, key) ? part[key].get<std::string>() : "";
}

// What a part says, as a raw id; "" = it says nothing.
std::string raw_id_by(const std::string& name, const json& part) {
  const std::string cloud = text(part, "cloud");
  if (name == "communicationUser") return text(part, "id");
  if (name == "phoneNumber") return has_text(part, "value") ? "4:" + text(part, "value") : "";
  if (name == "microsoftTeamsUser" && has_text(part, "userId")) {
    const auto anonymous = part.find("isAnonymous");
    if (anonymous != part.end() && *anonymous == true)
      return "8:teamsvisitor:" + text(part, "userId");
    return teams_raw_id("8", text(part, "userId"), cloud);
  }
  if (name == "microsoftTeamsApp" && has_text(part, "appId")) {
    return teams_raw_id("28", text(part, "appId"), cloud);
  }
  if (name == "teamsExtensionUser" && has_text(part, "userId") && has_text(part, "tenantId") &&
      has_text(part, "resourceId")) {
    return extension_raw_id(part, cloud);
  }
  return "";
}

}  // namespace

json to_json(std::string_view raw_id, WithKind with_kind) {
  const Identifier party = parse_raw_id(raw_id);
  json out = {{"rawId", party.raw_id}};
  if (with_kind == WithKind::Yes) out["kind"] = to_string(party.kind);
  switch (party.kind) {
    case Kind::CommunicationUser: out["communicationUser"] = {{"id", party.id}}; break;
    case Kind::PhoneNumber:
      out["phoneNumber"] = {{"value", party.id}, {"isAnonymous", party.anonymous}};
      if (!party.asserted_id.empty()) out["phoneNumber"]["assertedId"] = party.asserted_id;
      break;
    case Kind::MicrosoftTeamsUser:
      out["microsoftTeamsUser"] = {{"userId", party.id},
                                   {"isAnonymous", party.anonymous},
                                   {"cloud", to_string(party.cloud)}};
      break;
    case Kind::MicrosoftTeamsApp:
      out["microsoftTeamsApp"] = {{"appId", party.id}, {"cloud", to_string(party.cloud)}};
      break;
    case Kind::TeamsExtensionUser:
      out["teamsExtensionUser"] = {{"userId", party.id},
                                   {"tenantId", party.tenant_id},
                                   {"resourceId", party.resource_id},
                                   {"cloud", to_string(party.cloud)}};
      break;
    case Kind::Unknown: break;
  }
  return out;
}

std::optional<std::string> read_identifier(const json& value) {
  if (!value.is_object()) return std::nullopt;
  const std::string given = text(value, "rawId");
  std::string said;
  size_t parts = 0;
  for (const char* name : {"communicationUser", "phoneNumber", "microsoftTeamsUser",
                           "microsoftTeamsApp", "teamsExtensionUser"}) {
    const auto part = value.find(name);
    if (part == value.end() || part->is_null()) continue;
    if (!part->is_object()) return std::nullopt;
    ++parts;
    said = raw_id_by(name, *part);
    if (said.empty()) return std::nullopt;
  }
  if (parts > 1 || (parts == 0 && given.empty())) return std::nullopt;
  if (!given.empty() && !said.empty() && given != said) return std::nullopt;
  std::string raw_id = given.empty() ? said : given;
  if (raw_id.size() > kMaxRawId) return std::nullopt;
  return raw_id;
}

std::string raw_id_of(const json& identifier) {
  if (std::string raw = text_of(identifier, "rawId"); !raw.empty()) return raw;
  if (const json* user = member(identifier, "communicationUser")) return text_of(*user, "id");
  if (const json* phone = member(identifier, "phoneNumber")) {
    const std::string number = text_of(*phone, "value");
    return number.empty() ? number : "4:" + number;
  }
  if (const json* teams = member(identifier, "microsoftTeamsUser")) {
    const std::string user = text_of(*teams, "userId");
    const bool visitor = flag_of(*teams, "isAnonymous");
    return user.empty() ? user : (visitor ? "8:teamsvisitor:" : "8:orgid:") + user;
  }
  return {};
}

json number_json(std::string_view number) {
  return {{"value", number}, {"isAnonymous", number == "anonymous"}};
}

json user_json(std::string_view raw_id) {
  return {{"id", raw_id}};
}

}  // namespace gw::acs::identity
