#include "sip/registrar.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/support/manual_clock.h"

namespace gw::sip {
namespace {

using Kind = Registrar::Change::Kind;

class RegistrarTest : public testing::Test {
 protected:
  RegistrarTest() {
    registrar.on_change = [this](const Registrar::Change& change) {
      changes.emplace_back(change.kind, change.binding.contact_uri);
    };
  }

  static Registrar::Request request(uint32_t cseq, std::vector<Registrar::Contact> contacts,
                                    std::optional<uint32_t> expires = {}) {
    Registrar::Request r;
    r.username = "101";
    r.call_id = "a@phone";
    r.cseq = cseq;
    r.expires = expires;
    r.contacts = std::move(contacts);
    r.source = *SocketAddress::parse("192.0.2.10:5062");
    return r;
  }
  static Registrar::Contact contact(std::string uri, std::optional<uint32_t> expires = {},
                                    std::string instance = {}) {
    return {std::move(uri), std::move(instance), expires};
  }
  std::vector<std::string> uris() const {
    std::vector<std::string> out;
    for (const Binding& b : registrar.bindings("101")) out.push_back(b.contact_uri);
    return out;
  }
  int64_t seconds_left(const Binding& b) const {
    return std::chrono::duration_cast<std::chrono::seconds>(b.expires - clock.wall()).count();
  }

  test::ManualClock clock;
  Metrics metrics;
  Registrar registrar{clock, metrics, {}};
  std::vector<std::pair<Kind, std::string>> changes;
};

TEST_F(RegistrarTest, a_contact_is_bound_with_its_source_until_it_expires) {
  const auto bound = registrar.handle(request(1, {contact("sip:101@10.0.0.5:5062")}, 120));
  ASSERT_TRUE(bound);
  ASSERT_EQ(bound->size(), 1u);
  EXPECT_EQ(bound->front().source.to_string(), "192.0.2.10:5062");
  EXPECT_EQ(seconds_left(bound->front()), 120);
  clock.advance(119s);
  EXPECT_EQ(uris().size(), 1u);
  clock.advance(1s);
  EXPECT_TRUE(uris().empty());
  registrar.expire();
  EXPECT_EQ(changes.back(), std::pair(Kind::Expired, std::string("sip:101@10.0.0.5:5062")));
  EXPECT_TRUE(registrar.all().empty());
}

TEST_F(RegistrarTest,
       expiry_is_the_contacts_own_then_the_headers_then_the_default_at_most_the_maximum) {
  const auto own = registrar.handle(request(1, {contact("sip:a@h", 90)}, 200));
  EXPECT_EQ(seconds_left(own->front()), 90);
  const auto header = registrar.handle(request(2, {contact("sip:a@h")}, 200));
  EXPECT_EQ(seconds_left(header->front()), 200);
  const auto fallback = registrar.handle(request(3, {contact("sip:a@h")}));
  EXPECT_EQ(seconds_left(fallback->front()), 600);
  const auto most = registrar.handle(request(4, {contact("sip:a@h", 4'294'967'295u)}));
  EXPECT_EQ(seconds_left(most->front()), 3600);
}

TEST_F(RegistrarTest, an_interval_below_the_minimum_is_too_brief_and_changes_nothing) {
  ASSERT_TRUE(registrar.handle(request(1, {contact("sip:a@h", 300)})));
  const auto brief =
      registrar.handle(request(2, {contact("sip:b@h", 300), contact("sip:c@h", 59)}));
  ASSERT_FALSE(brief);
  EXPECT_EQ(brief.error().code, ErrorCode::NotAcceptable);
  EXPECT_EQ(uris(), std::vector<std::string>{"sip:a@h"});
}

TEST_F(RegistrarTest, expires_zero_removes_that_contact_and_leaves_the_others) {
  ASSERT_TRUE(registrar.handle(request(1, {contact("sip:a@h"), contact("sip:b@h")})));
  const auto left = registrar.handle(request(2, {contact("sip:a@h", 0)}));
  ASSERT_TRUE(left);
  EXPECT_EQ(uris(), std::vector<std::string>{"sip:b@h"});
  EXPECT_EQ(changes.back(), std::pair(Kind::Removed, std::string("sip:a@h")));
  EXPECT_TRUE(registrar.handle(request(3, {contact("sip:never@h", 0)})));
}

TEST_F(RegistrarTest, star_with_expires_zero_removes_all) {
  ASSERT_TRUE(registrar.handle(request(1, {contact("sip:a@h"), contact("sip:b@h")})));
  auto all = request(2, {}, 0);
  all.remove_all = true;
  const auto left = registrar.handle(all);
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->empty());
  EXPECT_TRUE(uris().empty());
}

TEST_F(RegistrarTest, star_with_another_expiry_or_another_contact_is_a_bad_request) {
  ASSERT_TRUE(registrar.handle(request(1, {contact("sip:a@h")})));
  auto with_time = request(2, {}, 60);
  with_time.remove_all = true;
  auto with_contact = request(3, {contact("sip:a@h")}, 0);
  with_contact.remove_all = true;
  auto without_expires = request(4, {});
  without_expires.remove_all = true;
  for (const auto& bad : {with_time, with_contact, without_expires}) {
    const auto refused = registrar.handle(bad);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_EQ(uris().size(), 1u);
}

TEST_F(RegistrarTest, no_contact_is_a_query_and_changes_nothing) {
  ASSERT_TRUE(registrar.handle(request(5, {contact("sip:a@h", 300)})));
  changes.clear();
  const auto asked = registrar.handle(request(1, {}));
  ASSERT_TRUE(asked);
  ASSERT_EQ(asked->size(), 1u);
  EXPECT_EQ(asked->front().cseq, 5u);
  EXPECT_TRUE(changes.empty());
}

TEST_F(RegistrarTest, an_old_cseq_of_the_same_call_id_is_refused_another_call_id_is_a_new_boot) {
  ASSERT_TRUE(registrar.handle(request(7, {contact("sip:a@h")})));
  for (const uint32_t old : {6u, 7u}) {
    const auto late = registrar.handle(request(old, {contact("sip:a@h", 0)}));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::Conflict);
  }
  EXPECT_EQ(uris().size(), 1u);
  auto rebooted = request(1, {contact("sip:a@h")});
  rebooted.call_id = "b@phone";
  EXPECT_TRUE(registrar.handle(rebooted));
}

TEST_F(RegistrarTest, a_device_that_names_itself_keeps_one_binding_when_its_address_changes) {
  ASSERT_TRUE(
      registrar.handle(request(1, {contact("sip:101@10.0.0.5:40001", {}, "<urn:uuid:1>")})));
  ASSERT_TRUE(
      registrar.handle(request(2, {contact("sip:101@10.0.0.9:40002", {}, "<urn:uuid:1>")})));
  EXPECT_EQ(uris(), std::vector<std::string>{"sip:101@10.0.0.9:40002"});
  EXPECT_EQ(changes.back().first, Kind::Refreshed);
}

TEST_F(RegistrarTest,
       too_many_devices_are_refused_but_a_known_one_may_refresh_and_one_may_replace_another) {
  for (uint32_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(registrar.handle(request(i + 1, {contact("sip:" + std::to_string(i) + "@h")})));
  }
  const auto sixth = registrar.handle(request(10, {contact("sip:6@h")}));
  ASSERT_FALSE(sixth);
  EXPECT_EQ(sixth.error().code, ErrorCode::Exhausted);
  EXPECT_TRUE(registrar.handle(request(11, {contact("sip:0@h")})));
  EXPECT_TRUE(registrar.handle(request(12, {contact("sip:1@h", 0), contact("sip:6@h")})));
  EXPECT_EQ(uris().size(), 5u);
}

TEST_F(RegistrarTest, an_expired_device_makes_room) {
  auto one = request(1, {contact("sip:a@h", 60)});
  one.max_devices = 1;
  ASSERT_TRUE(registrar.handle(one));
  clock.advance(61s);
  auto other = request(2, {contact("sip:b@h", 60)});
  other.max_devices = 1;
  EXPECT_TRUE(registrar.handle(other));
  EXPECT_EQ(uris(), std::vector<std::string>{"sip:b@h"});
}

TEST_F(RegistrarTest, contacts_that_are_not_sip_or_too_long_are_refused) {
  for (const std::string& uri : {std::string("tel:+1"), std::string(""), std::string("mailto:x@h"),
                                 "sip:" + std::string(600, 'a') + "@h"}) {
    const auto refused = registrar.handle(request(1, {contact(uri)}));
    ASSERT_FALSE(refused) << uri;
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
  }
}

TEST_F(RegistrarTest, the_latest_registration_comes_first) {
  ASSERT_TRUE(registrar.handle(request(1, {contact("sip:desk@h")}, 600)));
  clock.advance(10s);
  auto mobile = request(1, {contact("sip:mobile@h")}, 600);
  mobile.call_id = "other";
  ASSERT_TRUE(registrar.handle(mobile));
  EXPECT_EQ(uris(), (std::vector<std::string>{"sip:mobile@h", "sip:desk@h"}));
}

TEST_F(RegistrarTest, restored_bindings_are_in_force_unless_they_expired_meanwhile) {
  Binding live;
  live.username = "101";
  live.contact_uri = "sip:a@h";
  live.expires = clock.wall() + 60s;
  Binding dead = live;
  dead.contact_uri = "sip:b@h";
  dead.expires = clock.wall() - 1s;
  registrar.restore({live, dead});
  EXPECT_EQ(uris(), std::vector<std::string>{"sip:a@h"});
  EXPECT_TRUE(changes.empty());
  EXPECT_NE(metrics.expose().find("gw_sip_registrations 1"), std::string::npos);
}

TEST_F(RegistrarTest, the_gauge_follows_every_change) {
  const auto gauge = [&](int count) {
    return metrics.expose().find("gw_sip_registrations " + std::to_string(count)) !=
           std::string::npos;
  };
  ASSERT_TRUE(registrar.handle(request(1, {contact("sip:a@h", 60), contact("sip:b@h", 600)})));
  EXPECT_TRUE(gauge(2));
  ASSERT_TRUE(registrar.handle(request(2, {contact("sip:a@h", 60)})));
  EXPECT_TRUE(gauge(2));
  clock.advance(61s);
  registrar.expire();
  EXPECT_TRUE(gauge(1));
  registrar.remove("101", "sip:b@h");
  registrar.remove("101", "sip:b@h");
  EXPECT_TRUE(gauge(0));
}

TEST_F(RegistrarTest, flows_of_an_instance_are_bindings_of_their_own_and_one_device) {
  auto flow = [](uint32_t reg_id) {
    Registrar::Contact c = contact("sip:101@10.0.0.5;transport=tcp", {}, "<urn:uuid:1>");
    c.reg_id = reg_id;
    return c;
  };
  Registrar::Request first = request(1, {flow(1)}), second = request(1, {flow(2)});
  first.max_devices = second.max_devices = 1;
  second.call_id = "b@phone";
  second.source = *SocketAddress::parse("192.0.2.10:5063");
  ASSERT_TRUE(registrar.handle(first));
  ASSERT_EQ(registrar.handle(second)->size(), 2u);
  // The same flow over a new connection takes the old one's place.
  first.cseq = 2;
  first.source = *SocketAddress::parse("192.0.2.10:5099");
  const auto bound = registrar.handle(first);
  ASSERT_EQ(bound->size(), 2u);
  Registrar::Request other = request(1, {contact("sip:101@10.0.0.9", {}, "<urn:uuid:2>")});
  other.max_devices = 1;
  other.call_id = "c@phone";
  EXPECT_EQ(registrar.handle(other).error().code, ErrorCode::Exhausted);
}

TEST_F(RegistrarTest, a_flow_that_failed_is_gone_unless_it_was_made_anew) {
  Registrar::Contact flow = contact("sip:101@10.0.0.5;transport=tcp", {}, "<urn:uuid:1>");
  flow.reg_id = 1;
  const Binding old = registrar.handle(request(1, {flow}))->front();
  Registrar::Request again = request(2, {flow});
  again.source = *SocketAddress::parse("192.0.2.10:5099");
  registrar.handle(again);
  registrar.flow_failed(old);
  EXPECT_EQ(uris().size(), 1u);
  registrar.flow_failed(registrar.bindings("101").front());
  EXPECT_TRUE(uris().empty());
  EXPECT_EQ(changes.back().first, Kind::Removed);
}

TEST_F(RegistrarTest, more_flows_than_a_phone_needs_are_refused) {
  for (uint32_t n = 1; n <= 5; ++n) {
    Registrar::Contact flow = contact("sip:101@10.0.0.5", {}, "<urn:uuid:1>");
    flow.reg_id = n;
    EXPECT_EQ(registrar.handle(request(n, {flow})).has_value(), n <= 4) << n;
  }
}

}  // namespace
}  // namespace gw::sip
