// What a port says of its leg: to its owner, and to the peer by RTCP.
#include <gtest/gtest.h>

#include "media/path/quality.h"
#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/bytes.h"

namespace gw::media {
namespace {

class PortQuality : public testing::Test {
 protected:
  // Talks for a while; `lost(i)` says which packets do not come.
  template <class Lost>
  void talk(int packets, Lost lost) {
    for (int i = 0; i < packets; ++i) {
      if (lost(i)) {
        ++world_.a.sequence;
        world_.a.timestamp += 160;
      } else {
        world_.talk(world_.a, 0, payload_of(1));
      }
      world_.talk(world_.b, 0, payload_of(2));
      world_.advance(20ms);
    }
  }
  void receive(const wire::RtcpReport& report) {
    std::array<std::byte, wire::kMaxRtcpReport> bytes;
    const size_t size = wire::write_rtcp(bytes, report);
    world_.a.port.on_rtcp(std::span(bytes).first(size), world_.clock.now());
  }
  std::optional<wire::RtcpCompound> last_report() {
    const auto& out = world_.a.transport.rtcp_out;
    return out.empty() ? std::nullopt : wire::RtcpCompound::parse(out.back());
  }

  TwoPorts world_;
};

TEST_F(PortQuality, five_per_cent_evenly_are_gap_loss_and_cost_what_the_e_model_says) {
  world_.start(Codec::Pcmu, Codec::Pcmu);
  talk(2000, [](int i) { return i % 20 == 10; });
  const PortStats stats = world_.a.port.stats();
  EXPECT_NEAR(stats.loss, 0.05, 0.001);
  EXPECT_NEAR(stats.gap_loss, 0.05, 0.003);
  EXPECT_EQ(stats.burst_ms, 0);
  EXPECT_NEAR(stats.mos, mean_opinion_score(93.2 - 475 / 30.1), 0.03);
  EXPECT_NEAR(world_.b.port.stats().mos, 4.41, 0.01);
  EXPECT_EQ(world_.b.port.stats().loss, 0);
}

TEST_F(PortQuality, the_same_loss_in_bursts_is_told_apart_and_costs_more) {
  world_.start(Codec::Pcmu, Codec::Pcmu);
  talk(2000, [](int i) { return i % 100 >= 50 && i % 100 < 55; });
  const PortStats stats = world_.a.port.stats();
  EXPECT_NEAR(stats.loss, 0.05, 0.001);
  EXPECT_NEAR(stats.burst_loss, 1, 0.001);
  EXPECT_NEAR(stats.burst_ms, 100, 0.1);
  EXPECT_NEAR(stats.gap_ms, 1900, 80);
  EXPECT_LT(stats.mos, mean_opinion_score(93.2 - 475 / 30.1) - 0.05);
}

TEST_F(PortQuality, packets_out_of_order_are_no_loss) {
  world_.start(Codec::Pcmu, Codec::Pcmu);
  for (int i = 0; i < 400; ++i) {
    const int shuffled = i % 2 == 0 ? i + 1 : i - 1;
    world_.receive(world_.a, 0, payload_of(1), static_cast<uint16_t>(500 + shuffled),
                   static_cast<uint32_t>(160 * shuffled));
    world_.advance(20ms);
  }
  EXPECT_EQ(world_.a.port.stats().loss, 0);
  EXPECT_EQ(world_.a.port.stats().gap_loss, 0);
}

TEST_F(PortQuality, sound_made_in_place_of_what_was_lost_is_counted_in_time) {
  TwoPorts world(TwoPorts::Kind::Browser, TwoPorts::Kind::Phone);
  world.start(Codec::Opus, Codec::Pcmu);
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  std::array<std::byte, kMaxEncodedFrame> opus;
  const size_t size = encoder->encode(std::vector<int16_t>(160, 1000), opus);
  for (int i = 0; i < 100; ++i) {
    if (i % 20 == 10) {
      ++world.a.sequence;
      world.a.timestamp += 960;
    } else {
      world.talk(world.a, 111, std::span(opus).first(size), 960);
    }
    world.advance(20ms);
  }
  EXPECT_EQ(world.a.port.stats().concealed_ms, 100);
}

TEST_F(PortQuality, voip_metrics_go_to_a_peer_that_asked_for_them_alone) {
  auto asked = TwoPorts::parameters(Codec::Pcmu);
  asked.voip_metrics = true;
  world_.negotiate(world_.a, asked);
  world_.negotiate(world_.b, TwoPorts::parameters(Codec::Pcmu));
  world_.wire_up();
  talk(1000, [](int i) { return i % 10 == 5; });
  const auto report = last_report();
  ASSERT_TRUE(report && report->voip);
  EXPECT_EQ(report->voip->ssrc, 55u);
  EXPECT_NEAR(report->voip->loss_rate, 25.6, 1.5);
  // One of ten is closer than sixteen packets: one long burst.
  EXPECT_NEAR(report->voip->burst_density, 25.6, 2.5);
  EXPECT_EQ(report->voip->gmin, 16);
  EXPECT_EQ(report->voip->end_system_ms, 20);
  EXPECT_NEAR(report->voip->rating, 93.2 - 950 / 35.1, 1.5);
  EXPECT_NEAR(report->voip->listening_mos / 10.0, mean_opinion_score(93.2 - 950 / 35.1), 0.1);
  for (const auto& sent : world_.b.transport.rtcp_out) {
    EXPECT_FALSE(wire::RtcpCompound::parse(sent)->voip);
  }
}

TEST_F(PortQuality, what_the_peer_reports_of_our_sound_is_told) {
  world_.start(Codec::Pcmu, Codec::Pcmu);
  talk(10, [](int) { return false; });
  wire::ReportBlock block;
  block.ssrc = 1000;
  block.fraction_lost = 64;
  wire::RtcpReport report;
  report.ssrc = 55;
  report.blocks = {&block, 1};
  report.voip = wire::VoipMetrics{};
  report.voip->ssrc = 1000;
  report.voip->listening_mos = 38;
  receive(report);
  EXPECT_EQ(world_.a.port.stats().remote_loss, 0.25);
  EXPECT_EQ(world_.a.port.stats().remote_mos, 3.8);
  report.voip->listening_mos = wire::VoipMetrics::kUnavailable;
  receive(report);
  EXPECT_EQ(world_.a.port.stats().remote_mos, 3.8);
  report.voip->listening_mos = 45;
  report.voip->ssrc = 4711;  // Of somebody else's.
  receive(report);
  EXPECT_EQ(world_.a.port.stats().remote_mos, 3.8);
}

// We negotiate no feedback (RFC 4585), so none should come. Who sends it all the same loses nothing
// by it: neither the call nor what else is in the packet.
class Feedback : public PortQuality {
 protected:
  // Nothing is sent in answer, and nothing of how we send changes.
  void expect_harmless(const std::vector<std::byte>& packet, uint64_t counted) {
    talk(10, [](int) { return false; });
    const uint64_t before = world_.counters.feedback_ignored.get();
    const size_t rtp = world_.a.transport.rtp_out.size(), rtcp = world_.a.transport.rtcp_out.size();
    world_.a.port.on_rtcp(packet, world_.clock.now());
    EXPECT_EQ(world_.counters.feedback_ignored.get() - before, counted);
    EXPECT_EQ(world_.a.transport.rtp_out.size(), rtp);
    EXPECT_EQ(world_.a.transport.rtcp_out.size(), rtcp);
    talk(1, [](int) { return false; });
    const auto& out = world_.a.transport.rtp_out;
    ASSERT_EQ(out.size(), rtp + 1);
    EXPECT_EQ(static_cast<uint16_t>(out[rtp - 1].header.sequence + 1), out[rtp].header.sequence);
    EXPECT_EQ(out[rtp - 1].header.timestamp + 160, out[rtp].header.timestamp);
  }

  // An empty RR.
  const std::vector<std::byte> report_ = test::bytes({0x80, 0xc9, 0, 1, 0, 0, 0, 55});
  // About our SSRC, 1000: generic NACK (RFC 4585 6.2.1) for 1 and the 16 after it; transport-wide
  // congestion control; PLI and FIR, which are video's; REMB.
  const std::vector<std::byte> nack_ =
      test::bytes({0x81, 0xcd, 0, 3, 0, 0, 0, 55, 0, 0, 3, 0xe8, 0, 1, 0xff, 0xff});
  const std::vector<std::byte> transport_ =
      test::bytes({0x8f, 0xcd, 0, 4, 0, 0, 0, 55, 0, 0, 3, 0xe8, 0, 1, 0, 1, 0, 0, 0, 0});
  const std::vector<std::byte> picture_ =
      test::bytes({0x81, 0xce, 0, 2, 0, 0, 0, 55, 0, 0, 3, 0xe8});
  const std::vector<std::byte> bandwidth_ =
      test::bytes({0x8f, 0xce, 0,   5,   0, 0, 0,    55, 0, 0, 0, 0,
                   'R',  'E',  'M', 'B', 1, 0, 0x10, 0,  0, 0, 3, 0xe8});
};

std::vector<std::byte> joined(std::initializer_list<std::vector<std::byte>> parts) {
  std::vector<std::byte> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST_F(Feedback, is_counted_and_changes_nothing) {
  world_.start(Codec::Pcmu, Codec::Pcmu);
  expect_harmless(joined({report_, nack_, transport_}), 2);
  expect_harmless(joined({report_, nack_, nack_, transport_, picture_, bandwidth_}), 5);
}

TEST_F(Feedback, may_come_without_a_report) {  // RFC 5506: reduced size.
  world_.start(Codec::Pcmu, Codec::Pcmu);
  expect_harmless(nack_, 1);
  expect_harmless(transport_, 1);
}

TEST_F(Feedback, does_not_hide_the_report_that_it_comes_with) {
  world_.start(Codec::Pcmu, Codec::Pcmu);
  talk(10, [](int) { return false; });
  std::vector<std::byte> report{std::byte{0x81}, std::byte{0xc9}, std::byte{0}, std::byte{7}};
  report.resize(32);
  report[7] = std::byte{55};
  report[10] = std::byte{0x03};
  report[11] = std::byte{0xe8};
  report[12] = std::byte{64};  // A quarter was lost.
  world_.a.port.on_rtcp(joined({report, nack_, transport_}), world_.clock.now());
  EXPECT_EQ(world_.a.port.stats().remote_loss, 0.25);
  EXPECT_EQ(world_.counters.feedback_ignored.get(), 2u);
}

// A NACK for everything, hundred times a second: no loss, no FEC, no packet more.
TEST_F(Feedback, is_no_reason_for_fec_or_for_sending_again_however_much_comes) {
  world_.start(Codec::Pcmu, Codec::Opus);
  for (int i = 0; i < 100; ++i) {
    talk(1, [](int) { return false; });
    world_.b.port.on_rtcp(joined({report_, nack_}), world_.clock.now());
    world_.b.port.on_rtcp(nack_, world_.clock.now());
  }
  EXPECT_EQ(world_.counters.feedback_ignored.get(), 200u);
  EXPECT_EQ(world_.b.port.stats().remote_loss, 0);
  EXPECT_LE(world_.b.transport.rtp_out.size(), 101u);
}

// RFC 3550 6.2: every 5 s, spread over half to one and a half of it; the first half as late.
TEST_F(PortQuality, reports_are_five_seconds_apart_and_spread) {
  world_.start(Codec::Pcmu, Codec::Pcmu);
  std::vector<double> at;
  size_t seen = 0;
  for (int i = 0; i < 100 * 50; ++i) {
    talk(1, [](int) { return false; });
    const size_t count = world_.a.transport.rtcp_out.size();
    if (count > seen) at.push_back(0.02 * i);
    seen = count;
  }
  ASSERT_GT(at.size(), 12u);
  EXPECT_LE(at[0], 3.8);
  EXPECT_GE(at[0], 1.2);
  double shortest = 100, longest = 0;
  for (size_t i = 1; i < at.size(); ++i) {
    shortest = std::min(shortest, at[i] - at[i - 1]);
    longest = std::max(longest, at[i] - at[i - 1]);
  }
  EXPECT_GE(shortest, 2.4);
  EXPECT_LE(longest, 7.6);
  EXPECT_GT(longest - shortest, 1.5);
  EXPECT_NEAR((at.back() - at.front()) / static_cast<double>(at.size() - 1), 5, 1);
}

}  // namespace
}  // namespace gw::media
