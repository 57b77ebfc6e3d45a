#include "acs/cloud/token_check.h"

#include <gtest/gtest.h>

#include "tests/unit/acs/cloud/fake_carrier.h"
#include "tests/unit/acs/cloud/published_key.h"

namespace gw::test {
namespace {

using namespace acs::cloud;
using nlohmann::json;

constexpr const char* kIssuer = "https://acscallautomation.communication.azure.com";
constexpr const char* kAudience = "11111111-2222-3333-4444-555555555555";
constexpr const char* kMetadata = "https://keys.test/metadata";
constexpr const char* kJwks = R"({"issuer":"x","jwks_uri":"https://keys.test/keys"})";

class CloudTokenCheck : public ::testing::Test {
 protected:
  int64_t now() const { return unix_ms(clock.wall()) / 1000; }
  json claims() const {
    return {{"iss", kIssuer}, {"aud", kAudience}, {"nbf", now()}, {"exp", now() + 300}};
  }
  void publish(std::initializer_list<const IssuerKey*> published) {
    ASSERT_TRUE(carrier.waiting());
    carrier.answer(200, kJwks);
    carrier.answer(200, key_set(published));
  }
  // The verdict; "?" while it waits for keys.
  std::string check(const std::string& token) {
    auto verdict = std::make_shared<std::string>("?");
    last = verdict;
    tokens.check("Bearer " + token, [verdict](std::string_view refusal) { *verdict = refusal; });
    return *verdict;
  }
  void load() {
    keys.fetch();
    publish({&issuer_key()});
  }

  ManualClock clock;
  Metrics metrics;
  FakeCarrier carrier{clock};
  PublishedKeys keys{kMetadata, carrier, clock, metrics, Log()};
  TokenCheck tokens{{kIssuer, kAudience}, keys, clock};
  std::shared_ptr<std::string> last;
};

TEST_F(CloudTokenCheck, a_token_of_the_issuer_for_our_resource_is_accepted) {
  load();
  EXPECT_EQ(carrier.sent[0].url, kMetadata);
  EXPECT_EQ(carrier.sent[1].url, "https://keys.test/keys");
  EXPECT_EQ(check(issuer_key().token(claims())), "");
}

TEST_F(CloudTokenCheck, each_wrong_claim_is_refused_by_its_name) {
  load();
  const auto with = [&](const char* name, const json& value) {
    json wrong = claims();
    wrong[name] = value;
    return check(issuer_key().token(wrong));
  };
  EXPECT_EQ(with("iss", "https://evil.test"), "issuer");
  EXPECT_EQ(with("iss", 7), "issuer");
  EXPECT_EQ(with("aud", "99999999-2222-3333-4444-555555555555"), "audience");
  EXPECT_EQ(with("aud", json::array({"other"})), "audience");
  EXPECT_EQ(with("aud", nullptr), "audience");
  EXPECT_EQ(with("exp", now() - 301), "expired");
  EXPECT_EQ(with("exp", "tomorrow"), "expired");
  EXPECT_EQ(with("exp", 1e300), "expired");
  EXPECT_EQ(with("nbf", now() + 301), "not_yet");
  EXPECT_EQ(with("aud", json::array({"other", kAudience})), "");
  EXPECT_EQ(with("iss", std::string(kIssuer) + "/"), "");
  EXPECT_EQ(with("exp", now() - 299), "");  // Clocks differ.
  json no_expiry = claims();
  no_expiry.erase("exp");
  EXPECT_EQ(check(issuer_key().token(no_expiry)), "expired");
}

TEST_F(CloudTokenCheck, the_token_never_chooses_its_algorithm) {
  load();
  EXPECT_EQ(check(issuer_key().token(claims(), {{"alg", "none"}, {"kid", "key-1"}})), "algorithm");
  EXPECT_EQ(check(issuer_key().token(claims(), {{"alg", "HS256"}, {"kid", "key-1"}})), "algorithm");
  EXPECT_EQ(check(issuer_key().token(claims(), {{"alg", "RS256"}})), "key");
  EXPECT_EQ(
      check(issuer_key().token(claims(), {{"alg", "RS256"}, {"kid", "key-1"}, {"crit", {"x"}}})),
      "malformed");
}

TEST_F(CloudTokenCheck, a_token_signed_by_another_or_changed_is_refused) {
  load();
  EXPECT_EQ(check(next_issuer_key().token(claims(), {{"alg", "RS256"}, {"kid", "key-1"}})),
            "signature");
  std::string changed = issuer_key().token(claims());
  json more = claims();
  more["exp"] = now() + 3000;
  const std::string other = issuer_key().token(more);
  changed = other.substr(0, other.rfind('.')) + changed.substr(changed.rfind('.'));
  EXPECT_EQ(check(changed), "signature");
  EXPECT_EQ(check("a.b"), "malformed");
  EXPECT_EQ(check(""), "no_token");
  tokens.check("", [&](std::string_view refusal) { *last = refusal; });
  EXPECT_EQ(*last, "no_token");
}

TEST_F(CloudTokenCheck, waits_for_keys_that_were_not_fetched_yet) {
  EXPECT_EQ(check(issuer_key().token(claims())), "?");
  publish({&issuer_key()});
  EXPECT_EQ(*last, "");
}

TEST_F(CloudTokenCheck, a_rotated_key_is_fetched_when_a_token_names_it) {
  load();
  clock.advance(21s);
  EXPECT_EQ(check(next_issuer_key().token(claims())), "?");
  publish({&issuer_key(), &next_issuer_key()});
  EXPECT_EQ(*last, "");
  EXPECT_EQ(check(issuer_key().token(claims())), "");
}

TEST_F(CloudTokenCheck, made_up_key_ids_fetch_no_more_than_once_in_twenty_seconds) {
  load();
  const size_t before = carrier.sent.size();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(check(issuer_key().token(claims(), {{"alg", "RS256"}, {"kid", std::to_string(i)}})),
              "key");
  }
  EXPECT_EQ(carrier.sent.size(), before);
}

TEST_F(CloudTokenCheck, old_keys_stay_in_force_while_new_ones_cannot_be_had) {
  load();
  clock.advance(25h);
  EXPECT_EQ(check(issuer_key().token(claims())), "");
  carrier.answer(500);  // It was looked for all the same.
  EXPECT_EQ(check(issuer_key().token(claims())), "");
}

TEST_F(CloudTokenCheck, without_any_key_nobody_comes_in) {
  EXPECT_EQ(check(issuer_key().token(claims())), "?");
  carrier.lose();
  EXPECT_EQ(*last, "key");
}

TEST_F(CloudTokenCheck, keys_in_the_open_are_not_believed) {
  EXPECT_EQ(check(issuer_key().token(claims())), "?");
  carrier.answer(200, R"({"jwks_uri":"http://keys.test/keys"})");
  EXPECT_EQ(*last, "key");
}

TEST(CloudKeySet, weak_keys_and_keys_for_other_uses_are_left_out) {
  const IssuerKey weak("weak", 1024);
  json encryption = issuer_key().jwk();
  encryption["use"] = "enc";
  json strange = issuer_key().jwk();
  strange["alg"] = "RS512";
  const json set = {
      {"keys", {weak.jwk(), encryption, strange, {{"kty", "oct"}, {"k", "AAAA"}}, "x", nullptr}}};
  EXPECT_FALSE(parse_key_set(set.dump()));
  EXPECT_FALSE(parse_key_set("{}"));
  EXPECT_FALSE(parse_key_set("<html>"));
  const auto one = parse_key_set(key_set({&issuer_key()}));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->front().id, "key-1");
}

}  // namespace
}  // namespace gw::test
