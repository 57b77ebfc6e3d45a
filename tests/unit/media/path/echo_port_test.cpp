#include "media/path/echo_port.h"

#include <gtest/gtest.h>

#include "tests/unit/media/path/two_ports.h"

namespace gw::media {
namespace {

// One leg and the echo user, with time by hand.
class EchoPortTest : public ::testing::Test {
 protected:
  void wire(const wire::StreamParameters& parameters) {
    world_.negotiate(world_.a, parameters);
    relay_ = std::make_unique<Relay>(world_.a.port, echo_, world_.clock.now());
  }
  void advance(Duration d) {
    for (const TimePoint end = world_.clock.now() + d; world_.clock.now() < end;) {
      world_.advance(1ms);
      if (echo_.deadline().due() > world_.clock.now()) continue;
      echo_.deadline().set(kNever);
      echo_.deadline().at_latest(echo_.on_timer(world_.clock.now()));
    }
  }
  void talk(uint8_t type, std::span<const std::byte> payload) {
    world_.talk(world_.a, type, payload);
    advance(20ms);
  }

  TwoPorts world_;
  EchoPort echo_{PortId{9}, world_.earliest};
  std::unique_ptr<Relay> relay_;
};

TEST_F(EchoPortTest, prompt_is_heard_first_and_ends_within_two_seconds) {
  wire(TwoPorts::parameters(Codec::Pcmu));
  advance(200ms);
  EXPECT_GE(world_.a.transport.rtp_out.size(), 9u);
  EXPECT_NE(payload_of(0xff), world_.a.transport.rtp_out.back().payload);
  advance(2s);
  talk(0, payload_of(0x12));
  EXPECT_EQ(payload_of(0x12), world_.a.transport.rtp_out.back().payload);
}

TEST_F(EchoPortTest, echo_is_immediate_and_bit_exact) {
  wire(TwoPorts::parameters(Codec::Pcmu));
  advance(2200ms);
  for (int i = 1; i < 20; ++i) {
    world_.talk(world_.a, 0, payload_of(i));
    EXPECT_EQ(payload_of(i), world_.a.transport.rtp_out.back().payload);
    EXPECT_EQ(world_.clock.now(), world_.a.transport.rtp_out.back().at);
    advance(20ms);
  }
}

TEST_F(EchoPortTest, numbers_run_on_from_the_prompt_into_the_echo) {
  wire(TwoPorts::parameters(Codec::Pcmu));
  for (int i = 0; i < 150; ++i) talk(0, payload_of(0x12));
  const auto& out = world_.a.transport.rtp_out;
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
  }
}

TEST_F(EchoPortTest, caller_that_sends_another_law_hears_itself_in_the_agreed_one) {
  auto parameters = TwoPorts::parameters(Codec::Pcmu);
  parameters.codecs.push_back({Codec::Pcma, 8, 8});
  wire(parameters);
  advance(2200ms);
  talk(8, payload_of(0xd5));
  EXPECT_EQ(0, world_.a.transport.rtp_out.back().header.payload_type);
}

TEST_F(EchoPortTest, prompt_waits_for_the_transport) {
  world_.a.transport.up = false;
  wire(TwoPorts::parameters(Codec::Pcmu));
  advance(3s);
  world_.a.transport.up = true;
  world_.a.transport.rtp_out.clear();
  advance(500ms);
  EXPECT_GT(world_.a.transport.rtp_out.size(), 15u);
  EXPECT_NE(payload_of(0xff), world_.a.transport.rtp_out.back().payload);
}

}  // namespace
}  // namespace gw::media
