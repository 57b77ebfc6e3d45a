#include "acs/rest/identity_api.h"

#include <openssl/hmac.h>

#include "acs/identity/base64.h"
#include "acs/rest/http_date.h"
#include "tests/unit/acs/rest/rest_rig.h"

namespace gw::test {
namespace {

using nlohmann::json;

constexpr const char* kVersion = "?api-version=2023-10-01";

class IdentityApiTest : public RestTest {
 protected:
  void SetUp() override {
    RestTest::SetUp();
    door->set_keys(acs::rest::Authenticator({Masked("AAECAwQFBgcICQoLDA0ODw==")}, {}));
    identity::DirectoryUser alice;
    alice.name = "alice";
    alice.identity = kAlice;
    directory.replace({alice});
    api.emplace(*door, acs::rest::IdentityApi::Needs{*tokens, store, directory,
                                                     [this](const std::string& id) {
                                                       revoked.push_back(id);
                                                       tokens->revoke(id, clock.wall());
                                                     },
                                                     24h, clock, random, acs::rest::Audit(Log{})});
  }

  http::Response ask(const std::string& method, const std::string& target,
                     const std::string& body = "") {
    http::Request asked = request(method, target, body);
    const std::string date = acs::rest::http_date(clock.wall());
    std::string hash(32, '\0');
    EVP_Digest(body.data(), body.size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr,
               EVP_sha256(), nullptr);
    hash = identity::base64_encode(hash);
    const std::string text = method + "\n" + target + "\n" + date + ";h;" + hash;
    const std::string key = *identity::base64_decode("AAECAwQFBgcICQoLDA0ODw==");
    std::string signature(32, '\0');
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(signature.data()), nullptr);
    asked.headers = {{"Host", "h"},
                     {"x-ms-date", date},
                     {"x-ms-content-sha256", hash},
                     {"Authorization",
                      "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" +
                          identity::base64_encode(signature)}};
    return routes.ask(asked);
  }
  std::string path(const std::string& id, const std::string& verb = "") {
    std::string escaped = id;
    for (size_t at; (at = escaped.find(':')) != std::string::npos;) escaped.replace(at, 1, "%3A");
    return "/identities/" + escaped + verb + kVersion;
  }
  std::string made() {
    const auto answer = ask("POST", std::string("/identities") + kVersion);
    EXPECT_EQ(answer.status, 201u);
    return json::parse(answer.body)["identity"]["id"];
  }

  StoredInMemory store;
  identity::UserDirectory directory;
  std::vector<std::string> revoked;
  std::optional<acs::rest::IdentityApi> api;
};

TEST_F(IdentityApiTest, makes_identities_with_and_without_a_token) {
  const auto bare = json::parse(ask("POST", std::string("/identities") + kVersion).body);
  EXPECT_TRUE(identity::is_acs_identity(bare["identity"]["id"].get<std::string>()));
  EXPECT_FALSE(bare.contains("accessToken"));
  const auto full =
      json::parse(ask("POST", std::string("/identities") + kVersion,
                      R"({"createTokenWithScopes":["chat","voip"],"expiresInMinutes":60})")
                      .body);
  const auto claims = tokens->verify(full["accessToken"]["token"].get<std::string>());
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->identity, full["identity"]["id"]);
  EXPECT_EQ(claims->expires - claims->issued, Duration(1h));
  EXPECT_TRUE(claims->may(identity::Scope::Chat));
  EXPECT_EQ(store.ids.size(), 2u);
}

TEST_F(IdentityApiTest, issues_tokens_for_known_identities_alone) {
  for (const std::string& id : {made(), std::string(kAlice)}) {
    const auto answer = ask("POST", path(id, "/:issueAccessToken"), R"({"scopes":["voip"]})");
    ASSERT_EQ(answer.status, 200u) << answer.body;
    const auto claims = tokens->verify(json::parse(answer.body)["token"].get<std::string>());
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->identity, id);
    EXPECT_EQ(claims->expires - claims->issued, Duration(24h));
  }
  EXPECT_EQ(code_of(ask("POST", path(kBob, "/:issueAccessToken"), R"({"scopes":["voip"]})")),
            "404 IdentityNotFound");
  EXPECT_EQ(code_of(ask("POST", path(kAlice, "/:issueAccessToken"))), "400 ValidationError");
}

TEST_F(IdentityApiTest, a_revocation_ends_what_was_issued_and_not_what_is_issued_next) {
  const std::string id = made();
  const auto issue = [&] {
    return json::parse(
               ask("POST", path(id, "/:issueAccessToken"), R"({"scopes":["voip"]})").body)["token"]
        .get<std::string>();
  };
  const std::string before = issue();
  EXPECT_EQ(ask("POST", path(id, "/:revokeAccessTokens")).status, 204u);
  EXPECT_THAT(revoked, ::testing::ElementsAre(id));
  EXPECT_FALSE(tokens->verify(before));
  EXPECT_TRUE(tokens->verify(issue()));
  EXPECT_EQ(code_of(ask("POST", path(kBob, "/:revokeAccessTokens"))), "404 IdentityNotFound");
}

TEST_F(IdentityApiTest, deletes_what_apps_made_and_not_what_the_operator_has) {
  const std::string id = made();
  EXPECT_EQ(ask("DELETE", path(id)).status, 204u);
  EXPECT_THAT(revoked, ::testing::ElementsAre(id));
  EXPECT_TRUE(store.ids.empty());
  EXPECT_EQ(code_of(ask("DELETE", path(id))), "404 IdentityNotFound");
  EXPECT_EQ(code_of(ask("DELETE", path(kAlice))), "403 Forbidden");
}

TEST_F(IdentityApiTest, a_disk_that_fails_is_told_and_nothing_is_issued) {
  store.broken = true;
  EXPECT_EQ(code_of(ask("POST", std::string("/identities") + kVersion,
                        R"({"createTokenWithScopes":["voip"]})")),
            "503 ServiceUnavailable");
  EXPECT_EQ(code_of(ask("POST", path(kBob, "/:issueAccessToken"), R"({"scopes":["voip"]})")),
            "503 ServiceUnavailable");
}

TEST_F(IdentityApiTest, other_paths_and_methods_are_refused) {
  EXPECT_EQ(code_of(ask("GET", path(kAlice))), "405 MethodNotAllowed");
  EXPECT_EQ(code_of(ask("POST", path(kAlice, "/:fly"))), "404 NotFound");
  EXPECT_EQ(code_of(ask("POST", path("8:acs:x", "/:issueAccessToken"))), "404 IdentityNotFound");
  EXPECT_EQ(code_of(ask("POST", std::string("/teamsUser/:exchangeAccessToken") + kVersion)),
            "501 NotSupported");
}

}  // namespace
}  // namespace gw::test
