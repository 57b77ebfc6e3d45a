#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace gw::acs::cloud {

// Parties in the REST form of Azure's APIs: {"kind","rawId","communicationUser":{"id"}}. Pure.
enum class WithKind { Yes, No };  // Media operations of Azure's own clients leave it out.
nlohmann::json to_json(std::string_view raw_id, WithKind with_kind = WithKind::Yes);

// The raw id, or what it must be by the one sub-object; "" when there is none.
std::string raw_id_of(const nlohmann::json& identifier);

// The bare sub-models: {"value":"+1...","isAnonymous":false} and {"id":"8:acs:..."}.
nlohmann::json phone_number_model(std::string_view number);
nlohmann::json user_model(std::string_view raw_id);

}  // namespace gw::acs::cloud
