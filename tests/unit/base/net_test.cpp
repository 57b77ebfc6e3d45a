#include "base/net.h"

#include <gtest/gtest.h>

namespace gw {
namespace {

TEST(SocketAddress, literals_are_read_and_written_back) {
  const struct {
    const char* text;
    const char* canonical;
  } cases[] = {{"192.0.2.1", "192.0.2.1:0"},
               {"192.0.2.1:5060", "192.0.2.1:5060"},
               {"2001:db8::1", "[2001:db8::1]:0"},
               {"[2001:DB8::1]:5061", "[2001:db8::1]:5061"},
               {"[::1]", "[::1]:0"}};
  for (const auto& c : cases) {
    const auto address = SocketAddress::parse(c.text);
    ASSERT_TRUE(address) << c.text;
    EXPECT_EQ(address->to_string(), c.canonical);
  }
}

TEST(SocketAddress, what_is_no_literal_is_refused) {
  for (const char* text : {"", "localhost", "192.0.2", "192.0.2.1:", "192.0.2.1:70000",
                           "192.0.2.1:5060x", "[::1", "[::1]5060", "1.2.3.4.5"}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
}

TEST(SocketAddress, a_mapped_ipv4_address_is_the_ipv4_address) {
  const auto mapped = SocketAddress::parse("[::ffff:192.0.2.1]:5060");
  ASSERT_TRUE(mapped);
  EXPECT_EQ(*mapped, *SocketAddress::parse("192.0.2.1:5060"));
}

TEST(SocketAddress, loopback_and_any_are_told_apart) {
  EXPECT_TRUE(SocketAddress::parse("127.8.9.1")->loopback());
  EXPECT_TRUE(SocketAddress::parse("::1")->loopback());
  EXPECT_FALSE(SocketAddress::parse("10.0.0.1")->loopback());
  EXPECT_TRUE(SocketAddress::parse("0.0.0.0")->any());
  EXPECT_TRUE(SocketAddress::parse("::")->any());
}

TEST(AddressRange, a_peer_matches_by_prefix_and_by_port_when_one_is_given) {
  const struct {
    const char* range;
    const char* address;
    bool inside;
  } cases[] = {{"198.51.100.0/24", "198.51.100.77:9", true},
               {"198.51.100.0/24", "198.51.101.1:9", false},
               {"203.0.113.9:5070", "203.0.113.9:5070", true},
               {"203.0.113.9:5070", "203.0.113.9:5060", false},
               {"203.0.113.9", "203.0.113.9:1234", true},
               {"10.0.0.0/9", "10.127.0.1:1", true},
               {"10.0.0.0/9", "10.128.0.1:1", false},
               {"2001:db8::/32", "[2001:db8:9::1]:1", true},
               {"2001:db8::/32", "[2001:db9::1]:1", false},
               {"0.0.0.0/0", "9.9.9.9:1", true},
               {"0.0.0.0/0", "[::1]:1", false}};
  for (const auto& c : cases) {
    const auto range = AddressRange::parse(c.range);
    ASSERT_TRUE(range) << c.range;
    EXPECT_EQ(range->contains(*SocketAddress::parse(c.address)), c.inside)
        << c.range << " " << c.address;
  }
}

TEST(AddressRange, nonsense_is_refused) {
  for (const char* text :
       {"", "10.0.0.0/33", "::/129", "carrier.example", "10.0.0.0/", "10.0.0.1:5060/24"}) {
    EXPECT_FALSE(AddressRange::parse(text)) << text;
  }
}

}  // namespace
}  // namespace gw
