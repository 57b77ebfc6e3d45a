#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace gw::acs::identity {

// {"kind":"phoneNumber","rawId":"4:+1...","phoneNumber":{"value":"+1...","isAnonymous":false}}: a
// party as Azure's REST APIs write it.
enum class WithKind { Yes, No };  // Media operations of Azure's own clients leave it out.
nlohmann::json to_json(std::string_view raw_id, WithKind with_kind = WithKind::Yes);

// The raw id of a party in a request. `kind` and `rawId` may be missing there, one of the parts
// must not, and what is given twice must agree. nullopt: it is no identifier, or one of a kind that
// no part names.
std::optional<std::string> read_identifier(const nlohmann::json& value);

// The raw id of a party in what the service says, in any letter case, or what it must be by the one
// part; "" when there is none.
std::string raw_id_of(const nlohmann::json& identifier);

// Bare parts, as sourceCallerIdNumber and source are written: {"value":"+1..."},
// {"id":"8:acs:..."}.
nlohmann::json number_json(std::string_view number);
nlohmann::json user_json(std::string_view raw_id);

}  // namespace gw::acs::identity
