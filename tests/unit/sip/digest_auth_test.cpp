#include "sip/digest_auth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "tests/unit/support/manual_clock.h"

namespace gw::sip {
namespace {

constexpr std::array kBoth{DigestAlgorithm::Md5, DigestAlgorithm::Sha256};
constexpr std::array kMd5{DigestAlgorithm::Md5};

// 0, 1, 2, ... : the same in each run.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) b = std::byte{static_cast<unsigned char>(next_ += 7)};
  }

 private:
  unsigned next_ = 0;
};

class FixedCnonce final : public Random {
 public:
  void fill(std::span<std::byte> out) override { std::ranges::fill(out, std::byte{0xab}); }
};

class DigestTest : public testing::Test {
 protected:
  std::vector<DigestHeader> challenge(bool stale = false) {
    std::vector<DigestHeader> out;
    for (const std::string& value : server.challenge(kBoth, stale))
      out.push_back(*parse_digest(value));
    return out;
  }
  DigestHeader credentials(const std::vector<DigestHeader>& challenges, const std::string& password,
                           const std::string& user = "101", std::string_view uri = kUri) {
    DigestClient client({user, password}, random);
    return *parse_digest(*client.answer(challenges, "REGISTER", uri));
  }
  DigestVerdict verify(const DigestHeader& h, std::optional<PhoneAccount> account,
                       std::string_view method = "REGISTER", std::string_view uri = kUri) {
    return server.verify(h, method, uri, account, kBoth);
  }
  DigestVerdict verify(const DigestHeader& h) { return verify(h, phone); }

  static constexpr const char* kUri = "sip:pbx.example.com";
  test::ManualClock clock;
  CountingRandom random;
  DigestServer server{"pbx.example.com", clock, random, 5min, 4};
  const PhoneAccount phone{"101", "demo-101", {}, 5};
};

// RFC 7616 3.9.1
TEST(DigestParsing, the_example_of_rfc_7616_is_read) {
  const std::string cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const auto parsed = parse_digest(
      R"(Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5,)"
      R"( nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",)"
      R"( qop=auth, response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->username, "Mufasa");
  EXPECT_EQ(parsed->cnonce, cnonce);
  EXPECT_EQ(parsed->qop, "auth");
  EXPECT_EQ(parsed->opaque, "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
}

// Computed with md5sum and sha256sum from "bob:biloxi.com:zanzibar", "INVITE:sip:bob@biloxi.com"
// and the parts between.
TEST(DigestClient, responses_are_what_md5sum_and_sha256sum_say) {
  FixedCnonce random;  // cnonce abababababababab
  const std::vector<DigestHeader> with_qop{
      *parse_digest(R"(Digest realm="biloxi.com", qop="auth,auth-int", nonce="n1", opaque="o1")")};
  DigestClient md5({"bob", "zanzibar"}, random);
  const auto answer = parse_digest(*md5.answer(with_qop, "INVITE", "sip:bob@biloxi.com"));
  EXPECT_EQ(answer->response, "e1e1347738918dc7110073ca93d378fb");
  EXPECT_EQ(answer->nc, "00000001");
  EXPECT_EQ(answer->qop, "auth");
  EXPECT_EQ(answer->opaque, "o1");

  const std::vector<DigestHeader> without_qop{
      *parse_digest(R"(Digest realm="biloxi.com", nonce="n1")")};
  DigestClient old({"bob", "zanzibar"}, random);
  const auto plain = parse_digest(*old.answer(without_qop, "INVITE", "sip:bob@biloxi.com"));
  EXPECT_EQ(plain->response, "360f520d6dcb382fd91a6e8ed7851a61");
  EXPECT_EQ(plain->qop, "");

  const std::vector<DigestHeader> sha{
      *parse_digest(R"(Digest realm="biloxi.com", qop="auth", nonce="n1", algorithm=SHA-256)")};
  DigestClient strong({"bob", "zanzibar"}, random);
  EXPECT_EQ(parse_digest(*strong.answer(sha, "INVITE", "sip:bob@biloxi.com"))->response,
            "a7167d42b5bec030afa694c5372abdd7707257982a85c9f49d2415d66c277a68");
}

TEST(DigestClient, the_strongest_known_algorithm_is_answered_wherever_it_stands) {
  FixedCnonce random;
  const auto md5 = *parse_digest(R"(Digest realm="r", nonce="1", algorithm=MD5)");
  const auto sha = *parse_digest(R"(Digest realm="r", nonce="2", algorithm=sha-256)");
  const auto future = *parse_digest(R"(Digest realm="r", nonce="3", algorithm=SHA-512-256)");
  for (const auto& order : {std::vector{md5, sha, future}, std::vector{future, sha, md5}}) {
    DigestClient client({"u", "p"}, random);
    EXPECT_EQ(parse_digest(*client.answer(order, "INVITE", "sip:x"))->nonce, "2");
  }
  DigestClient client({"u", "p"}, random);
  EXPECT_EQ(parse_digest(*client.answer({future, md5}, "INVITE", "sip:x"))->nonce, "1");
  DigestClient lost({"u", "p"}, random);
  EXPECT_FALSE(lost.answer({future}, "INVITE", "sip:x"));
  EXPECT_FALSE(lost.answer({*parse_digest(R"(Digest realm="r", nonce="1", qop="auth-int")")},
                           "INVITE", "sip:x"));
  EXPECT_FALSE(lost.again("INVITE", "sip:x"));
}

TEST(DigestClient, a_refused_password_is_not_tried_again_but_a_stale_nonce_is_a_few_times) {
  FixedCnonce random;
  const std::vector fresh{*parse_digest(R"(Digest realm="r", nonce="1")")};
  const std::vector stale{*parse_digest(R"(Digest realm="r", nonce="2", stale=TRUE)")};
  DigestClient client({"u", "p"}, random);
  EXPECT_TRUE(client.answer(fresh, "INVITE", "sip:x"));
  EXPECT_FALSE(client.answer(fresh, "INVITE", "sip:x"));
  EXPECT_TRUE(client.answer(stale, "INVITE", "sip:x"));
  EXPECT_TRUE(client.answer(stale, "INVITE", "sip:x"));
  EXPECT_TRUE(client.answer(stale, "INVITE", "sip:x"));
  EXPECT_FALSE(client.answer(stale, "INVITE", "sip:x"));
}

TEST(DigestClient, later_requests_count_nc_up_and_may_be_challenged_anew) {
  FixedCnonce random;
  const std::vector challenge{*parse_digest(R"(Digest realm="r", nonce="1", qop="auth")")};
  DigestClient client({"u", "p"}, random);
  const auto first = parse_digest(*client.answer(challenge, "REGISTER", "sip:x"));
  const auto second = parse_digest(*client.again("REGISTER", "sip:x"));
  EXPECT_EQ(second->nc, "00000002");
  EXPECT_NE(first->response, second->response);
  const auto third = client.answer({*parse_digest(R"(Digest realm="r", nonce="9", qop="auth")")},
                                   "REGISTER", "sip:x");
  ASSERT_TRUE(third);
  EXPECT_EQ(parse_digest(*third)->nc, "00000001");
}

TEST(DigestParsing, quoting_blanks_case_and_commas_inside_quotes) {
  const auto h = parse_digest(
      "dIGEST \tRealm = \"a, b\" ,nonce=\"x=y\",ALGORITHM=md5 , stale = True,unknown=1");
  ASSERT_TRUE(h);
  EXPECT_EQ(h->realm, "a, b");
  EXPECT_EQ(h->nonce, "x=y");
  EXPECT_EQ(h->algorithm, "md5");
  EXPECT_TRUE(h->stale);
}

TEST(DigestParsing, what_is_no_digest_or_no_header_is_refused) {
  for (const std::string& bad :
       {std::string("Basic dXNlcg=="), std::string("Digest"), std::string("Digestrealm=\"x\""),
        std::string(""), std::string("Digest realm=\"x"),
        std::string("Digest realm=\"x\", realm=\"y\""), std::string("Digest realm=\"x\", nonsense"),
        "Digest realm=\"" + std::string(600, 'x') + "\"", std::string("Digest realm=\"a\rb\"")}) {
    EXPECT_FALSE(parse_digest(bad)) << bad.substr(0, 60);
  }
  std::string large = "Digest a0=1";
  for (int i = 1; i < 10; ++i) large += ",a" + std::to_string(i) + "=" + std::string(500, 'x');
  EXPECT_FALSE(parse_digest(large));
  std::string many = "Digest a0=1";
  for (int i = 1; i < 40; ++i) many += ",a" + std::to_string(i) + "=1";
  EXPECT_FALSE(parse_digest(many));
}

TEST_F(DigestTest, one_challenge_for_each_algorithm_in_order_with_auth_only) {
  const auto values = server.challenge(kBoth, false);
  ASSERT_EQ(values.size(), 2u);
  EXPECT_NE(values[0].find("algorithm=MD5,"), std::string::npos);
  EXPECT_NE(values[1].find("algorithm=SHA-256,"), std::string::npos);
  for (const auto& value : values) {
    EXPECT_NE(value.find("realm=\"pbx.example.com\""), std::string::npos);
    EXPECT_NE(value.find("qop=\"auth\""), std::string::npos);
    EXPECT_EQ(value.find("stale"), std::string::npos);
  }
  EXPECT_NE(server.challenge(kMd5, true)[0].find("stale=true"), std::string::npos);
  EXPECT_NE(parse_digest(values[0])->nonce, challenge()[0].nonce);
}

TEST_F(DigestTest, the_right_password_passes_with_either_algorithm) {
  const auto both = challenge();
  EXPECT_EQ(verify(credentials({both[0]}, "demo-101")), DigestVerdict::Passed);
  EXPECT_EQ(verify(credentials({challenge()[1]}, "demo-101")), DigestVerdict::Passed);
}

TEST_F(DigestTest, a_wrong_password_and_an_unknown_user_fail_alike) {
  EXPECT_EQ(verify(credentials(challenge(), "demo-102")), DigestVerdict::Failed);
  EXPECT_EQ(verify(credentials(challenge(), "demo-101", "999"), std::nullopt),
            DigestVerdict::Failed);
  // Whatever stands in for the password of nobody is no password.
  EXPECT_EQ(verify(credentials(challenge(), "no such user has any password", "999"), std::nullopt),
            DigestVerdict::Failed);
  EXPECT_EQ(server.tracked_nonces(), 0u);
}

TEST_F(DigestTest, a_wrong_password_and_an_unknown_user_cost_the_same_number_of_hashes) {
  const auto cost_of = [&](const DigestHeader& h, std::optional<PhoneAccount> account) {
    const uint64_t before = hashes_computed();
    EXPECT_EQ(verify(h, account), DigestVerdict::Failed);
    return hashes_computed() - before;
  };
  const uint64_t wrong = cost_of(credentials(challenge(), "demo-102"), phone);
  EXPECT_EQ(wrong, 3u) << "RFC 7616: A1, A2, response";
  EXPECT_EQ(cost_of(credentials(challenge(), "any", "999"), std::nullopt), wrong);
}

TEST_F(DigestTest, a_name_picks_the_same_number_always_and_others_another) {
  EXPECT_EQ(server.pick("999"), server.pick("999"));
  EXPECT_NE(server.pick("999"), server.pick("998"));
  DigestServer restarted("pbx.example.com", clock, random);
  EXPECT_NE(server.pick("999"), restarted.pick("999")) << "nobody else can compute it";
}

TEST_F(DigestTest, another_users_account_does_not_vouch) {
  auto h = credentials(challenge(), "demo-101", "102");
  EXPECT_EQ(verify(h, phone), DigestVerdict::Failed);
}

TEST_F(DigestTest, an_algorithm_that_was_not_offered_fails) {
  const auto h = credentials({challenge()[1]}, "demo-101");
  EXPECT_EQ(server.verify(h, "REGISTER", kUri, phone, kMd5), DigestVerdict::Failed);
  auto sess = h;
  sess.algorithm = "MD5-sess";
  EXPECT_EQ(verify(sess), DigestVerdict::Failed);
}

TEST_F(DigestTest, the_same_count_again_is_a_replay_and_only_a_higher_one_passes) {
  DigestClient client({"101", "demo-101"}, random);
  const auto first = *parse_digest(*client.answer(challenge(), "REGISTER", kUri));
  EXPECT_EQ(verify(first), DigestVerdict::Passed);
  EXPECT_EQ(verify(first), DigestVerdict::Stale);
  const auto second = *parse_digest(*client.again("REGISTER", kUri));
  const auto third = *parse_digest(*client.again("REGISTER", kUri));
  EXPECT_EQ(verify(third), DigestVerdict::Passed);
  EXPECT_EQ(verify(second), DigestVerdict::Stale);
}

TEST_F(DigestTest, a_count_that_is_not_eight_hex_digits_or_zero_fails) {
  for (const char* nc : {"", "1", "0000000g", "000000001", "00000000", "-0000001", "0x000001"}) {
    auto h = credentials(challenge(), "demo-101");
    h.nc = nc;
    EXPECT_EQ(verify(h), DigestVerdict::Failed) << nc;
  }
}

TEST_F(DigestTest, a_client_without_qop_may_use_a_nonce_once) {
  auto offered = challenge();
  for (auto& one : offered) one.qop.clear();
  const auto h = credentials(offered, "demo-101");
  EXPECT_EQ(verify(h), DigestVerdict::Passed);
  EXPECT_EQ(verify(h), DigestVerdict::Stale);
}

TEST_F(DigestTest, an_old_nonce_with_the_right_password_is_stale_with_a_wrong_one_failed) {
  const auto right = credentials(challenge(), "demo-101");
  const auto wrong = credentials(challenge(), "guess");
  clock.advance(5min);
  EXPECT_EQ(verify(right), DigestVerdict::Passed);
  const auto later = credentials(challenge(), "demo-101");
  clock.advance(5min + 1ms);
  EXPECT_EQ(verify(later), DigestVerdict::Stale);
  EXPECT_EQ(verify(wrong), DigestVerdict::Failed);
}

TEST_F(DigestTest, a_nonce_of_our_shape_that_we_did_not_make_is_stale) {
  auto forged = challenge();
  for (auto& one : forged) one.nonce.back() = one.nonce.back() == '0' ? '1' : '0';
  EXPECT_EQ(verify(credentials(forged, "demo-101")), DigestVerdict::Stale);
  for (auto& one : forged) one.nonce = "short";
  EXPECT_EQ(verify(credentials(forged, "demo-101")), DigestVerdict::Stale);
  DigestServer other("pbx.example.com", clock, random);
  EXPECT_EQ(verify(credentials({*parse_digest(other.challenge(kMd5, false)[0])}, "demo-101")),
            DigestVerdict::Stale);
}

TEST_F(DigestTest, credentials_for_another_realm_or_empty_ones_are_simply_missing) {
  auto h = credentials(challenge(), "demo-101");
  h.realm = "elsewhere";
  EXPECT_EQ(verify(h), DigestVerdict::Missing);
  EXPECT_EQ(server.ours({h}), nullptr);
  auto empty = *parse_digest(
      "Digest username=\"101\", realm=\"pbx.example.com\", nonce=\"\", response=\"\"");
  EXPECT_EQ(verify(empty), DigestVerdict::Missing);
  EXPECT_EQ(server.ours({h, empty})->realm, "pbx.example.com");
}

TEST_F(DigestTest, the_digest_is_bound_to_method_and_uri) {
  const auto h = credentials(challenge(), "demo-101");
  EXPECT_EQ(verify(h, phone, "INVITE"), DigestVerdict::Failed);
  EXPECT_EQ(verify(h, phone, "REGISTER", "sip:other.example.com"), DigestVerdict::Failed);
  const auto to_102 = credentials(challenge(), "demo-101", "101", "sip:102@pbx.example.com");
  EXPECT_EQ(verify(to_102, phone, "REGISTER", "sip:900123@pbx.example.com"), DigestVerdict::Failed);
  EXPECT_EQ(verify(to_102, phone, "REGISTER", "sip:102@pbx.example.com"), DigestVerdict::Passed);
}

TEST_F(DigestTest, phones_may_leave_out_port_and_parameters_of_the_uri) {
  for (const char* request_uri :
       {"sip:pbx.example.com:5060", "sip:PBX.example.com;transport=udp", "sips:pbx.example.com"}) {
    EXPECT_EQ(verify(credentials(challenge(), "demo-101"), phone, "REGISTER", request_uri),
              DigestVerdict::Passed)
        << request_uri;
  }
}

TEST_F(DigestTest, a_uri_without_user_is_that_of_any_user_at_this_host) {
  EXPECT_EQ(verify(credentials(challenge(), "demo-101"), phone, "REGISTER",
                   "sip:9196@pbx.example.com:5060"),
            DigestVerdict::Passed);
}

TEST_F(DigestTest, an_upper_case_response_is_the_same_response) {
  auto h = credentials(challenge(), "demo-101");
  std::ranges::transform(h.response, h.response.begin(),
                         [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(verify(h), DigestVerdict::Passed);
}

TEST_F(DigestTest, the_table_of_nonces_is_bounded_and_a_forgotten_one_cannot_be_replayed) {
  std::vector<DigestHeader> sent;
  for (int i = 0; i < 8; ++i) {
    clock.advance(1s);
    sent.push_back(credentials(challenge(), "demo-101"));
    EXPECT_EQ(verify(sent.back()), DigestVerdict::Passed);
  }
  EXPECT_EQ(server.tracked_nonces(), 4u);
  for (const auto& replay : sent) EXPECT_EQ(verify(replay), DigestVerdict::Stale);
  EXPECT_EQ(verify(credentials(challenge(), "demo-101")), DigestVerdict::Passed);
}

TEST_F(DigestTest, expired_nonces_leave_the_table) {
  for (int i = 0; i < 3; ++i) verify(credentials(challenge(), "demo-101"));
  EXPECT_EQ(server.tracked_nonces(), 3u);
  clock.advance(6min);
  verify(credentials(challenge(), "demo-101"));
  EXPECT_EQ(server.tracked_nonces(), 1u);
}

}  // namespace
}  // namespace gw::sip
