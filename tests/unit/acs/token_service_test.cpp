#include "acs/identity/token_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "acs/identity/base64.h"
#include "acs/identity/jwt.h"
#include "tests/unit/acs/edge_fixture.h"

namespace gw::test {
namespace {

using identity::Scope;
using nlohmann::json;
using ::testing::HasSubstr;

class Tokens : public ::testing::Test {
 protected:
  void SetUp() override { service = load("token.pem"); }

  std::unique_ptr<identity::TokenService> load(const std::string& key,
                                               const char* resource = kResource) {
    auto loaded = identity::TokenService::load(folder / key, resource, clock, random);
    EXPECT_TRUE(loaded) << loaded.error().detail;
    return loaded ? std::move(*loaded) : nullptr;
  }
  std::string issue(Duration lifetime = 1h) {
    return service->issue(kAlice, {Scope::Voip, Scope::Chat}, lifetime).jwt;
  }
  std::string why(const std::string& jwt) {
    const auto result = service->verify(jwt);
    return result ? "accepted" : result.error().detail;
  }
  static json part(const std::string& jwt, int index) {
    size_t begin = 0;
    for (int i = 0; i < index; ++i) begin = jwt.find('.', begin) + 1;
    return json::parse(
        *identity::base64url_decode(jwt.substr(begin, jwt.find('.', begin) - begin)));
  }
  static std::string encode(const json& value) { return identity::base64url_encode(value.dump()); }

  ScratchFolder folder;
  ManualClock clock;
  SystemRandom random;
  std::unique_ptr<identity::TokenService> service;
};

TEST_F(Tokens, what_was_issued_verifies_with_its_claims) {
  const auto token = service->issue(kAlice, {Scope::Voip, Scope::Chat}, 1h);
  const auto claims = service->verify(token.jwt);
  ASSERT_TRUE(claims) << claims.error().detail;
  EXPECT_EQ(claims->identity, kAlice);
  EXPECT_TRUE(claims->may(Scope::Voip));
  EXPECT_TRUE(claims->may(Scope::Chat));
  EXPECT_FALSE(claims->may(Scope::VoipJoin));
  EXPECT_EQ(claims->expires, token.expires);
  EXPECT_EQ(token.expires, clock.wall() + 1h);
  EXPECT_EQ(claims->token_id.size(), 36u);
}

TEST_F(Tokens, the_claims_are_named_as_azure_names_them) {
  service->set_edge_url("wss://gw.example.com:8443/edge");
  const std::string jwt = issue();
  const json header = part(jwt, 0);
  EXPECT_EQ(header["alg"], "ES256");
  EXPECT_EQ(header["typ"], "JWT");
  const json claims = part(jwt, 1);
  EXPECT_EQ("8:" + claims["skypeid"].get<std::string>(), kAlice);
  EXPECT_EQ(claims["acsScope"], "voip,chat");
  EXPECT_EQ(claims["resourceId"], kResource);
  EXPECT_EQ(claims["exp"].get<int64_t>() - claims["iat"].get<int64_t>(), 3600);
  EXPECT_EQ(claims["edge"], "wss://gw.example.com:8443/edge");
}

TEST_F(Tokens, an_unsigned_token_is_refused) {
  const std::string jwt = issue();
  const std::string none =
      encode({{"alg", "none"}, {"typ", "JWT"}}) + "." + encode(part(jwt, 1)) + ".";
  EXPECT_EQ(why(none), "wrong algorithm");
}

TEST_F(Tokens, the_public_key_as_hmac_secret_is_refused) {
  const std::string jwt = issue();
  std::ifstream file(folder / "token.pem");
  const std::string pem((std::istreambuf_iterator<char>(file)), {});
  const std::string text = encode({{"alg", "HS256"}, {"typ", "JWT"}}) + "." + encode(part(jwt, 1));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), pem.data(), static_cast<int>(pem.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  EXPECT_EQ(why(text + "." + identity::base64url_encode({reinterpret_cast<char*>(digest), size})),
            "wrong algorithm");
}

TEST_F(Tokens, another_key_is_refused) {
  const auto other = load("other.pem");
  EXPECT_EQ(why(other->issue(kAlice, {Scope::Voip}, 1h).jwt), "wrong signature");
}

TEST_F(Tokens, changed_claims_are_refused) {
  const std::string jwt = issue();
  json claims = part(jwt, 1);
  claims["exp"] = claims["exp"].get<int64_t>() + 1;
  const size_t first = jwt.find('.'), last = jwt.rfind('.');
  EXPECT_EQ(why(jwt.substr(0, first + 1) + encode(claims) + jwt.substr(last)), "wrong signature");
}

TEST_F(Tokens, every_single_changed_character_is_refused) {
  const std::string jwt = issue();
  for (size_t i = 0; i < jwt.size(); ++i) {
    std::string changed = jwt;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed == jwt) continue;
    EXPECT_NE(why(changed), "accepted") << "at " << i;
  }
}

TEST_F(Tokens, one_signature_has_one_spelling) {
  const std::string jwt = issue();
  EXPECT_NE(why(jwt + "="), "accepted");
  EXPECT_NE(why(jwt + "\n"), "accepted");
  EXPECT_NE(why(" " + jwt), "accepted");
  EXPECT_NE(why(jwt + "."), "accepted");
  EXPECT_NE(why(jwt + ".x"), "accepted");
}

TEST_F(Tokens, time_is_checked_with_a_minute_of_skew) {
  const std::string jwt = issue(1h);
  clock.advance(1h + 59s);
  EXPECT_EQ(why(jwt), "accepted");
  clock.advance(1s);
  EXPECT_EQ(why(jwt), "expired");
}

TEST_F(Tokens, a_token_from_the_future_is_refused) {
  const std::string jwt = issue();
  clock.advance(-2min);
  EXPECT_EQ(why(jwt), "not valid yet");
}

TEST_F(Tokens, times_that_our_clock_cannot_hold_are_refused) {
  const auto key = identity::SigningKey::load_or_make(folder / "token.pem");
  ASSERT_TRUE(key);
  json claims = part(issue(), 1);
  for (const int64_t late :
       {int64_t{9'223'372'037}, int64_t{32'503'679'999}, INT64_MAX, int64_t{-1}}) {
    claims["exp"] = late;
    EXPECT_EQ(why(identity::encode_jwt(*key, claims)), "malformed: claims missing") << late;
  }
  claims["exp"] = 8'999'999'999;
  EXPECT_EQ(why(identity::encode_jwt(*key, claims)), "accepted");
}

TEST_F(Tokens, a_token_of_another_resource_is_refused) {
  const auto other = load("token.pem", "00000000-0000-4000-8000-0000000000ff");
  EXPECT_EQ(why(other->issue(kAlice, {Scope::Voip}, 1h).jwt), "other resource");
}

TEST_F(Tokens, a_revocation_kills_what_came_before_and_nothing_after) {
  const std::string before = issue();
  const std::string bob = service->issue(kBob, {Scope::Voip}, 1h).jwt;
  service->revoke(kAlice, clock.wall());
  EXPECT_EQ(why(before), "revoked");
  EXPECT_EQ(why(bob), "accepted");
  EXPECT_EQ(why(issue()), "accepted") << "in the same millisecond";
}

TEST_F(Tokens, an_older_revocation_restored_does_not_undo_a_newer_one) {
  const std::string jwt = issue();
  service->revoke(kAlice, clock.wall());
  service->revoke(kAlice, clock.wall() - 1h);
  EXPECT_EQ(why(jwt), "revoked");
}

TEST_F(Tokens, garbage_is_refused_as_malformed) {
  for (const char* bad :
       {"", ".", "..", "...", "a.b", "a.b.c", "e30.e30.", "bm90IGpzb24.e30.AAAA"}) {
    EXPECT_NE(why(bad), "accepted") << bad;
  }
  EXPECT_THAT(why(std::string(100'000, 'a')), HasSubstr("too long"));
}

TEST_F(Tokens, the_key_is_kept_private_and_used_again) {
  struct stat status {};
  ASSERT_EQ(::stat((folder / "token.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto again = load("token.pem");
  EXPECT_TRUE(again->verify(issue()));
}

TEST_F(Tokens, a_key_that_others_can_read_is_refused) {
  ASSERT_EQ(::chmod((folder / "token.pem").c_str(), 0640), 0);
  const auto result = identity::TokenService::load(folder / "token.pem", kResource, clock, random);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Forbidden);
}

void write_rsa_key(const std::string& path, unsigned bits) {
  const identity::Owned<EVP_PKEY> key(EVP_RSA_gen(bits));
  ASSERT_TRUE(identity::write_file(path, identity::to_pem(key.get()), 0600));
}

TEST_F(Tokens, an_rsa_key_signs_with_rs256_and_does_not_take_es256) {
  write_rsa_key(folder / "rsa.pem", 2048);
  const auto rsa = load("rsa.pem");
  const std::string jwt = rsa->issue(kAlice, {Scope::Voip}, 1h).jwt;
  EXPECT_EQ(part(jwt, 0)["alg"], "RS256");
  EXPECT_TRUE(rsa->verify(jwt));
  EXPECT_EQ(rsa->verify(issue()).error().detail, "wrong algorithm");
}

TEST_F(Tokens, a_weak_rsa_key_is_refused) {
  write_rsa_key(folder / "weak.pem", 1024);
  EXPECT_FALSE(identity::TokenService::load(folder / "weak.pem", kResource, clock, random));
}

TEST(Base64, is_strict) {
  EXPECT_EQ(identity::base64url_encode("\xff\xfe"), "__4");
  EXPECT_EQ(identity::base64url_decode("__4"), "\xff\xfe");
  EXPECT_EQ(identity::base64_encode("a"), "YQ==");
  EXPECT_EQ(identity::base64_decode("YQ=="), "a");
  for (const char* bad : {"__5", "a", "YQ==", "a b", "+/8"})
    EXPECT_FALSE(identity::base64url_decode(bad)) << bad;
  for (const char* bad : {"YQ", "YQ=", "YQ===", "YR==", "Y Q="})
    EXPECT_FALSE(identity::base64_decode(bad)) << bad;
}

TEST_F(Tokens, a_key_that_was_exchanged_verifies_until_its_last_token_expired) {
  const std::string old = issue(24h);
  ASSERT_TRUE(identity::TokenService::retire_key(folder / "token.pem", clock));
  ASSERT_TRUE(service->reload());
  const std::string fresh = issue();
  EXPECT_NE(part(old, 0)["kid"], part(fresh, 0)["kid"]);
  EXPECT_EQ(why(old), "accepted");
  EXPECT_EQ(why(fresh), "accepted");
  EXPECT_EQ(load("token.pem")->verify(old).has_value(), true) << "after a restart too";
  clock.advance(24h + 61s);
  EXPECT_NE(why(old), "accepted");
  ASSERT_TRUE(service->reload());
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    files += entry.path().extension() == ".old" ? 1 : 0;
  }
  EXPECT_EQ(files, 0u) << "the old key's file goes";
}

TEST_F(Tokens, an_exchanged_key_makes_no_forged_token_good) {
  ASSERT_TRUE(identity::TokenService::retire_key(folder / "token.pem", clock));
  ASSERT_TRUE(service->reload());
  const auto stranger = load("other.pem");
  EXPECT_NE(why(stranger->issue(kAlice, {Scope::Voip}, 1h).jwt), "accepted");
}

}  // namespace
}  // namespace gw::test
