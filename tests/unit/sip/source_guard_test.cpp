#include "sip/source_guard.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/support/manual_clock.h"

namespace gw::sip {
namespace {

SocketAddress from(const std::string& text) {
  return *SocketAddress::parse(text);
}

class SourceGuardTest : public testing::Test {
 protected:
  // Rate, failures, ban.
  static SourceLimits limits(double per_second, unsigned failed = 10, Duration ban = 5min) {
    return {.requests_per_second = per_second, .failed_digests = failed, .ban = ban};
  }
  SourceGuard guard(const SourceLimits& l, size_t max_sources = SourceGuard::kMaxSources) {
    return SourceGuard(l, clock, metrics, max_sources);
  }
  // How many of `count` requests at one moment pass.
  int passing(SourceGuard& g, const SocketAddress& source, int count) {
    int passed = 0;
    for (int i = 0; i < count; ++i) passed += g.admit(source, "phone") == Admission::Pass;
    return passed;
  }

  test::ManualClock clock;
  Metrics metrics;
  const SocketAddress phone = from("192.0.2.10:5060");
};

TEST_F(SourceGuardTest, a_burst_of_twice_the_rate_passes_then_the_rate_itself) {
  auto g = guard(limits(10));
  EXPECT_EQ(passing(g, phone, 100), 20);
  clock.advance(1s);
  EXPECT_EQ(passing(g, phone, 100), 10);
  clock.advance(1h);
  EXPECT_EQ(passing(g, phone, 100), 20);
}

TEST_F(SourceGuardTest, over_the_rate_one_refusal_a_second_then_silence) {
  auto g = guard(limits(1));
  EXPECT_EQ(passing(g, phone, 2), 2);
  EXPECT_EQ(g.admit(phone, ""), Admission::Refuse);
  EXPECT_EQ(g.admit(phone, ""), Admission::Silence);
  clock.advance(500ms);
  EXPECT_EQ(g.admit(phone, ""), Admission::Silence);
}

TEST_F(SourceGuardTest, another_port_is_the_same_source_another_address_is_not) {
  auto g = guard(limits(1));
  EXPECT_EQ(passing(g, phone, 2), 2);
  EXPECT_NE(g.admit(from("192.0.2.10:6000"), ""), Admission::Pass);
  EXPECT_EQ(g.admit(from("192.0.2.11:5060"), ""), Admission::Pass);
}

TEST_F(SourceGuardTest, loopback_is_limited_like_anyone) {
  auto g = guard(limits(5));
  EXPECT_EQ(passing(g, from("127.0.0.1:5060"), 50), 10);
}

TEST_F(SourceGuardTest, rate_zero_is_no_limit_and_a_rate_below_one_still_lets_one_through) {
  auto unlimited = guard(limits(0));
  EXPECT_EQ(passing(unlimited, phone, 10'000), 10'000);
  auto slow = guard(limits(0.1));
  EXPECT_EQ(passing(slow, phone, 5), 1);
  clock.advance(9s);
  EXPECT_EQ(passing(slow, phone, 5), 0);
  clock.advance(2s);
  EXPECT_EQ(passing(slow, phone, 5), 1);
}

TEST_F(SourceGuardTest, failed_digests_within_a_minute_ban_for_the_configured_time) {
  auto g = guard(limits(0, 3, 5min));
  g.digest_failed(phone);
  g.digest_failed(phone);
  EXPECT_FALSE(g.banned(phone));
  g.digest_failed(phone);
  EXPECT_TRUE(g.banned(phone));
  EXPECT_EQ(g.admit(phone, ""), Admission::Silence);
  EXPECT_EQ(g.admit(from("192.0.2.11"), ""), Admission::Pass);
  clock.advance(5min);
  EXPECT_EQ(g.admit(phone, ""), Admission::Pass);
}

TEST_F(SourceGuardTest, failures_spread_over_minutes_do_not_ban) {
  auto g = guard(limits(0, 3));
  for (int i = 0; i < 20; ++i) {
    g.digest_failed(phone);
    clock.advance(31s);
  }
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, each_ban_lasts_twice_as_long_up_to_a_day_and_a_quiet_day_forgets) {
  auto g = guard(limits(0, 1, 5min));
  Duration expected = 5min;
  for (int i = 0; i < 12; ++i) {
    g.digest_failed(phone);
    clock.advance(expected - 1ms);
    EXPECT_TRUE(g.banned(phone)) << i;
    clock.advance(1ms);
    EXPECT_FALSE(g.banned(phone)) << i;
    expected = std::min<Duration>(24h, 2 * expected);
  }
  clock.advance(25h);
  g.digest_failed(phone);
  clock.advance(5min);
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, a_source_with_a_good_phone_is_forgiven_more) {
  auto g = guard(limits(0, 3));
  g.digest_passed(phone);
  for (int i = 0; i < 11; ++i) g.digest_failed(phone);
  EXPECT_FALSE(g.banned(phone));
  g.digest_failed(phone);
  EXPECT_TRUE(g.banned(phone));
}

TEST_F(SourceGuardTest, failed_digests_zero_never_bans) {
  auto g = guard(limits(0, 0));
  for (int i = 0; i < 1'000; ++i) g.digest_failed(phone);
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, the_table_is_bounded_and_the_longest_unseen_source_makes_room) {
  auto g = guard(limits(1, 1), 3);
  const auto first = from("198.51.100.1"), second = from("198.51.100.2");
  g.digest_failed(first);
  g.admit(second, "");
  g.admit(from("198.51.100.3"), "");
  g.admit(first, "");  // Seen again: now `second` is the oldest.
  g.admit(from("198.51.100.4"), "");
  EXPECT_EQ(g.sources(), 3u);
  EXPECT_TRUE(g.banned(first));
  EXPECT_EQ(passing(g, second, 5), 2);
}

TEST_F(SourceGuardTest, scanners_get_silence_and_go_on_at_the_cost_of_a_ban) {
  auto g = guard(SourceLimits{});
  EXPECT_EQ(g.admit(phone, "friendly-scanner"), Admission::Silence);
  EXPECT_EQ(g.admit(phone, "SIPVicious 0.3"), Admission::Silence);
  EXPECT_EQ(g.admit(phone, "sipcli/v1.8"), Admission::Silence);
  EXPECT_EQ(g.admit(phone, "Yealink SIP-T54W 96.86.0.70"), Admission::Pass);
  EXPECT_EQ(g.admit(phone, ""), Admission::Pass);
  for (int i = 0; i < 7; ++i) g.admit(phone, "sipvicious");
  EXPECT_EQ(g.admit(phone, "Yealink SIP-T54W 96.86.0.70"), Admission::Silence);
  ASSERT_EQ(g.bans().size(), 1u);
  EXPECT_EQ(g.bans()[0].reason, "scan");
}

TEST_F(SourceGuardTest, who_goes_on_over_its_rate_is_banned_and_longer_each_time) {
  auto g = guard({.requests_per_second = 50, .over_rate = 500, .ban = 5min});
  std::vector<BannedSource> told;
  g.on_ban = [&](const BannedSource& ban) { told.push_back(ban); };
  EXPECT_EQ(passing(g, phone, 599), 100);
  EXPECT_FALSE(g.banned(phone));
  g.admit(phone, "");
  EXPECT_TRUE(g.banned(phone));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].address.to_string(), "192.0.2.10:0");
  EXPECT_EQ(told[0].reason, "rate");
  EXPECT_EQ(told[0].left, 5min);
  passing(g, phone, 1'000);
  EXPECT_EQ(told.size(), 1u) << "one line a ban";
  clock.advance(5min);
  passing(g, phone, 1'000);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].left, 10min);
  EXPECT_EQ(told[1].times, 2u);
}

TEST_F(SourceGuardTest, a_little_over_the_rate_is_refused_and_not_banned) {
  auto g = guard({.requests_per_second = 50, .over_rate = 500});
  for (int second = 0; second < 60; ++second) {
    passing(g, phone, 90);  // 40 a second too many: 400 in ten seconds.
    clock.advance(1s);
  }
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, challenges_that_nobody_answers_ban_and_one_answer_forgives_them) {
  auto g = guard({.requests_per_second = 0, .scans = 200});
  for (int i = 0; i < 199; ++i) g.challenged(phone);
  g.digest_passed(phone);
  clock.advance(2h);  // Known no more.
  for (int i = 0; i < 199; ++i) g.challenged(phone);
  EXPECT_FALSE(g.banned(phone));
  g.challenged(phone);
  EXPECT_TRUE(g.banned(phone));
}

TEST_F(SourceGuardTest, challenges_spread_over_minutes_do_not_ban) {
  auto g = guard({.requests_per_second = 0, .scans = 200});
  for (int i = 0; i < 1'000; ++i) {
    g.challenged(phone);
    clock.advance(400ms);
  }
  EXPECT_FALSE(g.banned(phone));
}

TEST_F(SourceGuardTest, malformed_requests_ban) {
  auto g = guard({.requests_per_second = 0, .scans = 200});
  for (int i = 0; i < 19; ++i) g.malformed(phone);
  EXPECT_FALSE(g.banned(phone));
  g.malformed(phone);
  EXPECT_TRUE(g.banned(phone));
}

// Anybody can send datagrams in the name of an office.
TEST_F(SourceGuardTest, a_known_source_is_limited_and_not_banned_for_what_others_may_have_sent) {
  auto g = guard({.requests_per_second = 50});
  g.digest_passed(phone);
  EXPECT_EQ(passing(g, phone, 5'000), 100);
  for (int i = 0; i < 5'000; ++i) {
    g.challenged(phone);
    g.malformed(phone);
    g.admit(phone, "friendly-scanner");
  }
  EXPECT_FALSE(g.banned(phone));
  clock.advance(1h);
  passing(g, phone, 5'000);
  EXPECT_TRUE(g.banned(phone));
}

TEST_F(SourceGuardTest, emergencies_of_strangers_have_a_bucket_each_and_one_together) {
  auto g = guard(SourceLimits{});
  const auto admitted = [&](const SocketAddress& source, int count) {
    int n = 0;
    for (int i = 0; i < count; ++i) n += g.admit_emergency(source);
    return n;
  };
  EXPECT_EQ(admitted(phone, 1'000), 20);
  EXPECT_EQ(passing(g, phone, 10), 10) << "what is over goes the ordinary way";
  int all = 0;
  for (int i = 0; i < 100; ++i) all += admitted(from("198.51.100." + std::to_string(i)), 20);
  EXPECT_EQ(all, 180);
  const auto office = from("203.0.113.1");
  g.digest_passed(office);
  EXPECT_EQ(admitted(office, 1'000), 20) << "strangers take nothing from who is known";
  clock.advance(1s);
  EXPECT_EQ(admitted(phone, 1'000), 2);
}

TEST_F(SourceGuardTest, a_ban_holds_for_a_strangers_emergency_and_not_for_a_known_sources) {
  auto g = guard({.requests_per_second = 0, .failed_digests = 2});
  g.digest_failed(phone);
  g.digest_failed(phone);
  EXPECT_FALSE(g.admit_emergency(phone));
  const auto office = from("203.0.113.1");
  g.digest_passed(office);
  for (int i = 0; i < 8; ++i) g.digest_failed(office);
  ASSERT_TRUE(g.banned(office));
  EXPECT_TRUE(g.admit_emergency(office));
  clock.advance(61min);
  g.digest_failed(office);
  g.digest_failed(office);
  ASSERT_TRUE(g.banned(office));
  EXPECT_FALSE(g.admit_emergency(office)) << "known no more";
}

TEST_F(SourceGuardTest, who_is_denied_or_not_allowed_is_not_heard) {
  SourceLimits l;
  l.deny = {*AddressRange::parse("192.0.2.0/24")};
  auto g = guard(l);
  EXPECT_EQ(g.admit(phone, ""), Admission::Silence);
  EXPECT_FALSE(g.admit_emergency(phone));
  EXPECT_EQ(g.sources(), 0u);
  EXPECT_EQ(g.admit(from("198.51.100.1:5060"), ""), Admission::Pass);
  l.allow = {*AddressRange::parse("198.51.100.0/24"), *AddressRange::parse("2001:db8::/32")};
  l.deny = {*AddressRange::parse("198.51.100.66")};
  g.set_limits(l);
  EXPECT_EQ(g.admit(from("198.51.100.1:5060"), ""), Admission::Pass);
  EXPECT_EQ(g.admit(from("[2001:db8::7]:5060"), ""), Admission::Pass);
  EXPECT_EQ(g.admit(from("198.51.100.66:5060"), ""), Admission::Silence) << "deny wins";
  EXPECT_EQ(g.admit(from("203.0.113.1:5060"), ""), Admission::Silence);
}

TEST_F(SourceGuardTest, bans_are_listed_while_they_last_and_can_be_lifted) {
  auto g = guard(limits(0, 1, 5min));
  g.digest_failed(phone);
  clock.advance(1min);
  g.digest_failed(from("192.0.2.11:5060"));
  ASSERT_EQ(g.bans().size(), 2u);
  EXPECT_EQ(g.bans()[0].address.host(), "192.0.2.11") << "the longest first";
  EXPECT_EQ(g.bans()[1].left, 4min);
  EXPECT_TRUE(g.lift(from("192.0.2.11")));
  EXPECT_FALSE(g.lift(from("192.0.2.11")));
  EXPECT_EQ(g.admit(from("192.0.2.11:5060"), ""), Admission::Pass);
  clock.advance(4min);
  EXPECT_TRUE(g.bans().empty());
  EXPECT_FALSE(g.lift(phone));
}

TEST_F(SourceGuardTest, made_up_addresses_push_out_neither_the_known_nor_the_banned) {
  auto g = guard(limits(0, 1), 16);
  const auto office = from("203.0.113.1"), attacker = from("203.0.113.66");
  g.digest_passed(office);
  g.digest_failed(attacker);
  for (int i = 0; i < 10'000; ++i) {
    g.admit(from("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)), "");
  }
  EXPECT_EQ(g.sources(), 16u);
  EXPECT_TRUE(g.known(office));
  EXPECT_TRUE(g.banned(attacker));
}

TEST_F(SourceGuardTest, refusals_are_counted_by_reason) {
  auto g = guard(limits(0, 1));
  g.admit(phone, "sipvicious");
  g.digest_failed(phone);
  g.admit(phone, "");
  const std::string text = metrics.expose();
  EXPECT_NE(text.find("gw_sip_source_refused_total{reason=\"scanner\"} 1"), std::string::npos);
  EXPECT_NE(text.find("gw_sip_source_refused_total{reason=\"banned\"} 1"), std::string::npos);
  EXPECT_NE(text.find("gw_sip_bans_total{reason=\"digest\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace gw::sip
