#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "base/clock.h"
#include "base/net.h"
#include "sip/sofia_seam/connection_gate.h"
#include "sip/sofia_seam/handshake_gate.h"
#include "sip/sofia_seam/handshake_queue.h"

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
  for (int i = 0; i < 20'000; ++i) {
    const auto source = *SocketAddress::parse("10.0." + std::to_string(i / 250) + "." +
                                              std::to_string(i % 250) + ":1");
    gate.begin(-10 - i, source, now);
    if (i % 2 == 0) gate.finished(-10 - i);
  }
  EXPECT_EQ(gate.unfinished(), seam::HandshakeGate::kMaxUnfinished);
}

// Lets them begin at 1 ms each as their turns come, looked at every 10 ms.
TEST(HandshakeQueue, all_together_take_a_quarter_of_the_time_in_order_of_arrival) {
  using Turn = seam::HandshakeQueue::Turn;
  seam::HandshakeQueue queue;
  TimePoint now{1h};
  int at_once = 0, begun = 0;
  for (int fd = 0; fd < 2'000; ++fd) {
    if (queue.ask(fd, now) == Turn::Now) {
      ++at_once;
      queue.took(1ms, now);
    }
  }
  EXPECT_EQ(at_once, 50);
  EXPECT_EQ(queue.waiting(), 1'950u);
  int next = at_once;
  for (int tick = 0; tick < 100; ++tick) {
    now += 10ms;
    for (const int fd : queue.next(now).begin) {
      EXPECT_EQ(fd, next++);
      ++begun;
      queue.took(1ms, now);
    }
  }
  EXPECT_GE(begun, 240);
  EXPECT_LE(begun, 260);
  EXPECT_EQ(queue.ask(9'999, now), Turn::Wait) << "nobody overtakes";
}

TEST(HandshakeQueue, dear_ones_are_let_in_as_rarely_as_they_cost) {
  seam::HandshakeQueue queue;
  TimePoint now{1h};
  for (int fd = 0; fd < 1'000; ++fd) {
    if (queue.ask(fd, now) == seam::HandshakeQueue::Turn::Now) queue.took(5ms, now);
  }
  Duration used{};
  for (int tick = 0; tick < 1'000; ++tick) {
    now += 10ms;
    for ([[maybe_unused]] const int fd : queue.next(now).begin) {
      used += 5ms;
      queue.took(5ms, now);
    }
  }
  EXPECT_GE(used, 2'300ms);
  EXPECT_LE(used, 2'600ms);
}

TEST(HandshakeQueue, a_quiet_time_earns_no_more_than_a_burst_and_nobody_waits_in_it) {
  using Turn = seam::HandshakeQueue::Turn;
  seam::HandshakeQueue queue;
  TimePoint now{1h};
  for (int fd = 0; fd < 1'000; ++fd) {
    EXPECT_EQ(queue.ask(fd, now), Turn::Now);
    queue.took(1ms, now);
    now += 10ms;
  }
  now += 1h;
  int at_once = 0;
  for (int fd = 0; fd < 1'000; ++fd) {
    if (queue.ask(fd, now) != Turn::Now) continue;
    ++at_once;
    queue.took(1ms, now);
  }
  EXPECT_EQ(at_once, 50);
}

TEST(HandshakeQueue, who_closed_is_forgotten_and_who_waited_too_long_is_given_up) {
  using Turn = seam::HandshakeQueue::Turn;
  seam::HandshakeQueue queue;
  TimePoint now{1h};
  ASSERT_EQ(queue.ask(1, now), Turn::Now);
  queue.took(10s, now);  // Nobody for forty seconds.
  ASSERT_EQ(queue.ask(2, now), Turn::Wait);
  ASSERT_EQ(queue.ask(3, now), Turn::Wait);
  queue.forget(2);
  now += 30s;
  EXPECT_TRUE(queue.next(now).give_up.empty());
  now += 1ms;
  EXPECT_EQ(queue.next(now).give_up, std::vector<int>{3});
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST(HandshakeQueue, those_who_wait_are_bounded) {
  seam::HandshakeQueue queue;
  const TimePoint now{1h};
  ASSERT_EQ(queue.ask(0, now), seam::HandshakeQueue::Turn::Now);
  queue.took(1s, now);
  size_t full = 0;
  for (int fd = 1; fd <= 9'000; ++fd)
    full += queue.ask(fd, now) == seam::HandshakeQueue::Turn::Full;
  EXPECT_EQ(queue.waiting(), seam::HandshakeQueue::kMaxWaiting);
  EXPECT_EQ(full, 9'000 - seam::HandshakeQueue::kMaxWaiting);
}

}  // namespace
}  // namespace gw::sip
