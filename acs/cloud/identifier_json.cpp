#include "acs/cloud/identifier_json.h"

#include <nlohmann/json.hpp>

#include "acs/cloud/any_case.h"
#include "acs/identity/identifier.h"

namespace gw::acs::cloud {
namespace {

using identity::Identifier;
using nlohmann::json;
using Kind = Identifier::Kind;

std::string cloud_of(const Identifier& id) {
  return std::string(identity::to_string(id.cloud));
}

// Visitors of Teams meetings have ids of their own kind.
bool is_teams_visitor(std::string_view raw_id) {
  return raw_id.starts_with("8:teamsvisitor:");
}

json model_of(const Identifier& id) {
  switch (id.kind) {
    case Kind::CommunicationUser: return user_model(id.id);
    case Kind::PhoneNumber: {
      json model = phone_number_model(id.id);
      if (!id.asserted_id.empty()) model["assertedId"] = id.asserted_id;
      return model;
    }
    case Kind::MicrosoftTeamsUser:
      return {
          {"userId", id.id}, {"isAnonymous", is_teams_visitor(id.raw_id)}, {"cloud", cloud_of(id)}};
    case Kind::MicrosoftTeamsApp: return {{"appId", id.id}, {"cloud", cloud_of(id)}};
    case Kind::TeamsExtensionUser:
      return {{"userId", id.id},
              {"tenantId", id.tenant_id},
              {"resourceId", id.resource_id},
              {"cloud", cloud_of(id)}};
    case Kind::Unknown: break;
  }
  return nullptr;
}

}  // namespace

json phone_number_model(std::string_view number) {
  return {{"value", std::string(number)}, {"isAnonymous", number == "anonymous"}};
}

json user_model(std::string_view raw_id) {
  return {{"id", std::string(raw_id)}};
}

json to_json(std::string_view raw_id, WithKind with_kind) {
  const Identifier id = identity::parse_raw_id(raw_id);
  const std::string kind(identity::to_string(id.kind));
  json out = {{"rawId", id.raw_id}};
  if (with_kind == WithKind::Yes) out["kind"] = kind;
  if (json model = model_of(id); !model.is_null()) out[kind] = std::move(model);
  return out;
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

}  // namespace gw::acs::cloud
