#pragma once

#include <string>
#include <string_view>

namespace gw::acs::identity {

// A raw id taken apart by the rules of Azure's communication-common, so that both sides mean the
// same party.
struct Identifier {
  enum class Kind {
    CommunicationUser,
    PhoneNumber,
    MicrosoftTeamsUser,
    MicrosoftTeamsApp,
    TeamsExtensionUser,
    Unknown
  };
  enum class Cloud { Public, Dod, Gcch };

  Kind kind = Kind::Unknown;
  std::string raw_id;
  std::string id;  // The user or app; the number ("+14255550123", "101", "anonymous") of a phone.
  std::string
      asserted_id;  // Phone: what follows the last '_', when the same number is in a call twice.
  std::string tenant_id, resource_id;  // Teams extension users.
  bool anonymous = false;
  Cloud cloud = Cloud::Public;
};

Identifier parse_raw_id(std::string_view raw_id);
std::string_view to_string(Identifier::Kind kind);    // "communicationUser"
std::string_view to_string(Identifier::Cloud cloud);  // "public"

}  // namespace gw::acs::identity
