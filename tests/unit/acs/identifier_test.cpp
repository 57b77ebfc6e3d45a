#include "acs/identity/identifier.h"

#include <gtest/gtest.h>

#include "acs/identity/token_service.h"

namespace gw::test {
namespace {

using namespace acs::identity;

struct Vector {
  const char* raw_id;
  const char* kind;
  const char* id;
  const char* cloud = "public";
  bool anonymous = false;
  const char* asserted_id = "";
};

// As Azure's communication-common takes them apart.
constexpr Vector kVectors[] = {
    {"8:acs:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481-1c1c-4005-be24-0ffb879b1130",
     "communicationUser",
     "8:acs:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481-1c1c-4005-be24-0ffb879b1130"},
    {"8:acs:res_tenant_user", "teamsExtensionUser", "user"},
    {"8:spool:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481", "communicationUser",
     "8:spool:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481"},
    {"8:dod-acs:a_b", "communicationUser", "8:dod-acs:a_b"},
    {"8:gcch-acs:a_b_c", "teamsExtensionUser", "c", "gcch"},
    {"8:dod-acs:a_b_c", "teamsExtensionUser", "c", "dod"},
    {"4:+14255550123", "phoneNumber", "+14255550123"},
    {"4:101", "phoneNumber", "101"},
    {"4:anonymous", "phoneNumber", "anonymous", "public", true},
    {"4:+14255550123_1", "phoneNumber", "+14255550123_1", "public", false, "1"},
    {"4:+14255550123_ab_12", "phoneNumber", "+14255550123_ab_12", "public", false, "12"},
    {"4:", "phoneNumber", ""},
    {"8:orgid:45ab2481", "microsoftTeamsUser", "45ab2481"},
    {"8:dod:45ab2481", "microsoftTeamsUser", "45ab2481", "dod"},
    {"8:gcch:45ab2481", "microsoftTeamsUser", "45ab2481", "gcch"},
    {"8:teamsvisitor:45ab2481", "microsoftTeamsUser", "45ab2481", "public", true},
    {"28:orgid:45ab2481", "microsoftTeamsApp", "45ab2481"},
    {"28:gcch:45ab2481", "microsoftTeamsApp", "45ab2481", "gcch"},
    {"28:dod:45ab2481", "microsoftTeamsApp", "45ab2481", "dod"},
    {"28:45ab2481", "unknown", "28:45ab2481"},
    {"28:ag08-global:01234567", "unknown", "28:ag08-global:01234567"},
    {"8:echo123", "unknown", "8:echo123"},
    {"48:45ab2481", "unknown", "48:45ab2481"},
    {"anything-else", "unknown", "anything-else"},
    {"", "unknown", ""},
};

TEST(Identifier, raw_ids_mean_what_they_mean_to_azures_clients) {
  for (const Vector& v : kVectors) {
    const Identifier parsed = parse_raw_id(v.raw_id);
    EXPECT_EQ(parsed.raw_id, v.raw_id);
    EXPECT_EQ(to_string(parsed.kind), v.kind) << v.raw_id;
    EXPECT_EQ(parsed.id, v.id) << v.raw_id;
    EXPECT_EQ(to_string(parsed.cloud), v.cloud) << v.raw_id;
    EXPECT_EQ(parsed.anonymous, v.anonymous) << v.raw_id;
    EXPECT_EQ(parsed.asserted_id, v.asserted_id) << v.raw_id;
  }
}

TEST(Identifier, a_teams_extension_user_is_taken_apart) {
  const Identifier parsed = parse_raw_id("8:acs:res_tenant_user");
  EXPECT_EQ(parsed.resource_id, "res");
  EXPECT_EQ(parsed.tenant_id, "tenant");
}

TEST(Identifier, identities_that_we_make_are_acs_users_to_everybody) {
  SystemRandom random;
  const std::string made = make_identity("f0000000-0000-4000-8000-00000000000a", random);
  EXPECT_TRUE(is_acs_identity(made));
  EXPECT_EQ(parse_raw_id(made).kind, Identifier::Kind::CommunicationUser);
  EXPECT_NE(made, make_identity("f0000000-0000-4000-8000-00000000000a", random));
}

TEST(Identifier, only_acs_users_pass_as_such) {
  for (const char* bad :
       {"", "8:acs:", "8:acs:a", "8:acs:a_b_c", "8:acs:a_", "8:acs:_b", "8:acs:a_b\r\n",
        "8:acs:a_b c", "8:echo123", "4:+14255550123", "8:spool:a_b", "8:acs:a:b_c"}) {
    EXPECT_FALSE(is_acs_identity(bad)) << bad;
  }
}

}  // namespace
}  // namespace gw::test
