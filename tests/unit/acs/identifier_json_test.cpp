#include "acs/identity/identifier_json.h"

#include <gtest/gtest.h>

namespace gw::test {
namespace {

using acs::identity::read_identifier;
using acs::identity::to_json;
using nlohmann::json;

// Raw ids and what Azure's communication-common 2.4.2 writes for them in requests.
struct Written {
  const char* raw_id;
  const char* request;
};
constexpr Written kWritten[] = {
    {R"(8:acs:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481-1c1c-4005-be24-0ffb879b1130)",
     R"({"rawId":"8:acs:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481-1c1c-4005-be24-0ffb879b1130","communicationUser":{"id":"8:acs:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481-1c1c-4005-be24-0ffb879b1130"}})"},
    {R"(8:acs:res_tenant_user)",
     R"({"rawId":"8:acs:res_tenant_user","teamsExtensionUser":{"userId":"user","tenantId":"tenant","resourceId":"res","cloud":"public"}})"},
    {R"(8:spool:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481)",
     R"({"rawId":"8:spool:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481","communicationUser":{"id":"8:spool:bbbcbc1e-9f06-482a-b5d8-20e3f26ef0cd_45ab2481"}})"},
    {R"(8:dod-acs:a_b)", R"({"rawId":"8:dod-acs:a_b","communicationUser":{"id":"8:dod-acs:a_b"}})"},
    {R"(8:gcch-acs:a_b)",
     R"({"rawId":"8:gcch-acs:a_b","communicationUser":{"id":"8:gcch-acs:a_b"}})"},
    {R"(8:gcch-acs:a_b_c)",
     R"({"rawId":"8:gcch-acs:a_b_c","teamsExtensionUser":{"userId":"c","tenantId":"b","resourceId":"a","cloud":"gcch"}})"},
    {R"(8:dod-acs:a_b_c)",
     R"({"rawId":"8:dod-acs:a_b_c","teamsExtensionUser":{"userId":"c","tenantId":"b","resourceId":"a","cloud":"dod"}})"},
    {R"(4:+14255550123)",
     R"({"rawId":"4:+14255550123","phoneNumber":{"value":"+14255550123","isAnonymous":false}})"},
    {R"(4:14255550123)",
     R"({"rawId":"4:14255550123","phoneNumber":{"value":"14255550123","isAnonymous":false}})"},
    {R"(4:anonymous)",
     R"({"rawId":"4:anonymous","phoneNumber":{"value":"anonymous","isAnonymous":true}})"},
    {R"(4:+14255550123_1)",
     R"({"rawId":"4:+14255550123_1","phoneNumber":{"value":"+14255550123_1","isAnonymous":false,"assertedId":"1"}})"},
    {R"(4:+14255550123_ab_12)",
     R"({"rawId":"4:+14255550123_ab_12","phoneNumber":{"value":"+14255550123_ab_12","isAnonymous":false,"assertedId":"12"}})"},
    {R"(4:)", R"({"rawId":"4:","phoneNumber":{"value":"","isAnonymous":false}})"},
    {R"(8:orgid:45ab2481-1c1c-4005-be24-0ffb879b1130)",
     R"({"rawId":"8:orgid:45ab2481-1c1c-4005-be24-0ffb879b1130","microsoftTeamsUser":{"userId":"45ab2481-1c1c-4005-be24-0ffb879b1130","isAnonymous":false,"cloud":"public"}})"},
    {R"(8:dod:45ab2481)",
     R"({"rawId":"8:dod:45ab2481","microsoftTeamsUser":{"userId":"45ab2481","isAnonymous":false,"cloud":"dod"}})"},
    {R"(8:gcch:45ab2481)",
     R"({"rawId":"8:gcch:45ab2481","microsoftTeamsUser":{"userId":"45ab2481","isAnonymous":false,"cloud":"gcch"}})"},
    {R"(8:teamsvisitor:45ab2481)",
     R"({"rawId":"8:teamsvisitor:45ab2481","microsoftTeamsUser":{"userId":"45ab2481","isAnonymous":true,"cloud":"public"}})"},
    {R"(28:orgid:45ab2481)",
     R"({"rawId":"28:orgid:45ab2481","microsoftTeamsApp":{"appId":"45ab2481","cloud":"public"}})"},
    {R"(28:gcch:45ab2481)",
     R"({"rawId":"28:gcch:45ab2481","microsoftTeamsApp":{"appId":"45ab2481","cloud":"gcch"}})"},
    {R"(28:dod:45ab2481)",
     R"({"rawId":"28:dod:45ab2481","microsoftTeamsApp":{"appId":"45ab2481","cloud":"dod"}})"},
    {R"(28:45ab2481-1c1c-4005-be24-0ffb879b1130)",
     R"({"rawId":"28:45ab2481-1c1c-4005-be24-0ffb879b1130"})"},
    {R"(28:ag08-global:01234567-89ab-cdef-0123-456789abcdef)",
     R"({"rawId":"28:ag08-global:01234567-89ab-cdef-0123-456789abcdef"})"},
    {R"(8:echo123)", R"({"rawId":"8:echo123"})"},
    {R"(48:45ab2481)", R"({"rawId":"48:45ab2481"})"},
    {R"(anything-else)", R"({"rawId":"anything-else"})"},
    {R"()", R"({"rawId":""})"},
};

TEST(IdentifierJson, is_written_as_azure_s_own_and_says_its_kind_besides) {
  for (const Written& row : kWritten) {
    json ours = to_json(row.raw_id);
    EXPECT_TRUE(ours.contains("kind")) << row.raw_id;
    EXPECT_EQ(ours["rawId"], row.raw_id);
    const json theirs = json::parse(row.request);
    for (const auto& [key, value] : theirs.items()) {
      EXPECT_EQ(ours[key], value) << row.raw_id << " " << key;
    }
  }
}

TEST(IdentifierJson, is_read_with_and_without_kind_and_raw_id) {
  for (const Written& row : kWritten) {
    const json request = json::parse(row.request);
    const std::string_view raw_id = row.raw_id;
    if (raw_id.empty() || raw_id == "4:") {  // Azure's client writes what names nobody.
      EXPECT_FALSE(read_identifier(request)) << raw_id;
      continue;
    }
    EXPECT_EQ(read_identifier(request), row.raw_id);
    EXPECT_EQ(read_identifier(to_json(row.raw_id)), row.raw_id);
  }
  EXPECT_EQ(read_identifier(json::parse(R"({"phoneNumber":{"value":"+14255550100"}})")),
            "4:+14255550100");
  EXPECT_EQ(read_identifier(json::parse(R"({"communicationUser":{"id":"8:acs:a_b"}})")),
            "8:acs:a_b");
  EXPECT_EQ(read_identifier(json::parse(R"({"microsoftTeamsUser":{"userId":"u","cloud":"dod"}})")),
            "8:dod:u");
}

TEST(IdentifierJson, what_contradicts_itself_or_says_nothing_is_refused) {
  for (const char* bad :
       {R"({})", R"([])", R"("8:acs:a_b")", R"({"rawId":7})", R"({"phoneNumber":{}})",
        R"({"phoneNumber":"+1"})", R"({"communicationUser":{"id":""}})",
        R"({"rawId":"8:acs:a_b","communicationUser":{"id":"8:acs:a_c"}})",
        R"({"phoneNumber":{"value":"+1"},"communicationUser":{"id":"8:acs:a_b"}})"}) {
    EXPECT_FALSE(read_identifier(json::parse(bad))) << bad;
  }
}

}  // namespace
}  // namespace gw::test
