#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "base/clock.h"
#include "base/net.h"
#include "sip/sofia_seam/connection_gate.h"
#include "sip/sofia_seam/handshake_gate.h"

// Who may open how many TLS connections, and how fast.
namespace gw::sip {
namespace {

TEST(ConnectionGate, a_source_has_its_bound_and_all_have_one_and_closed_ones_do_not_count) {
  seam::ConnectionGate gate(5, 3);
  const auto office = *SocketAddress::parse("192.0.2.1:1000");
  EXPECT_TRUE(gate.admit(10, office));
  EXPECT_TRUE(gate.admit(11, *SocketAddress::parse("192.0.2.1:1001")));
  EXPECT_TRUE(gate.admit(12, office));
  EXPECT_FALSE(gate.admit(13, *SocketAddress::parse("192.0.2.1:1003")));
  gate.closed(13);
  EXPECT_TRUE(gate.admit(14, *SocketAddress::parse("192.0.2.2:1")));
  EXPECT_TRUE(gate.admit(15, *SocketAddress::parse("192.0.2.3:1")));
  EXPECT_FALSE(gate.admit(16, *SocketAddress::parse("192.0.2.4:1")));
  gate.closed(11);
  EXPECT_EQ(gate.open(), 4u);
  EXPECT_TRUE(gate.admit(17, office));
  // A descriptor that is used again without a word of its end.
  EXPECT_TRUE(gate.admit(17, office));
  EXPECT_EQ(gate.open(), 5u);
}

TEST(HandshakeGate, a_source_gets_its_burst_then_its_rate_and_does_not_take_from_others) {
  seam::HandshakeGate gate;
  TimePoint now{1h};
  const auto flood = *SocketAddress::parse("192.0.2.1:1000");
  int admitted = 0;
  for (int i = 0; i < 2'000; ++i) {
    if (gate.begin(-1, flood, now)) ++admitted;
    gate.finished(-1);
  }
  EXPECT_EQ(admitted, 500);
  EXPECT_TRUE(gate.begin(-1, *SocketAddress::parse("192.0.2.2:1"), now));
  now += 1s;
  admitted = 0;
  for (int i = 0; i < 200; ++i) admitted += gate.begin(-1, flood, now);
  EXPECT_EQ(admitted, 50);
}

TEST(HandshakeGate, an_unfinished_handshake_is_hung_up_on_after_ten_seconds) {
  seam::HandshakeGate gate;
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  TimePoint now{1h};
  const auto source = *SocketAddress::parse("192.0.2.1:1000");
  ASSERT_TRUE(gate.begin(pair[0], source, now));
  const auto hung_up = [&] {
    pollfd wait{pair[1], POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  };
  now += 10s;
  gate.begin(-1, source, now);
  EXPECT_FALSE(hung_up());
  now += 1ms;
  gate.begin(-2, source, now);
  EXPECT_TRUE(hung_up());
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST(HandshakeGate, unfinished_ones_are_bounded_and_finished_ones_do_not_count) {
  seam::HandshakeGate gate;
  const TimePoint now{1h};
  for (int i = 0; i < 5'000; ++i) {
    const auto source = *SocketAddress::parse("10.0." + std::to_string(i / 250) + "." +
                                              std::to_string(i % 250) + ":1");
    gate.begin(-10 - i, source, now);
    if (i % 2 == 0) gate.finished(-10 - i);
  }
  EXPECT_EQ(gate.unfinished(), seam::HandshakeGate::kMaxUnfinished);
}

}  // namespace
}  // namespace gw::sip
