#include "media/transport/rtp_transport.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "media/wire/rtcp.h"
#include "media/wire/rtp.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

class Pipe final : public DatagramSink {
 public:
  void send(std::span<const std::byte>, const SocketAddress& to) override { sent.push_back(to); }
  std::vector<SocketAddress> sent;
};

class Observed final : public TransportObserver {
 public:
  void on_rtp(PacketPtr&, TimePoint) override { ++rtp; }
  void on_rtcp(std::span<const std::byte>, TimePoint) override { ++rtcp; }
  void on_alive(TimePoint) override { ++alive; }
  void on_connected(std::string_view name, TimePoint) override {
    ++connected;
    srtp = name;
  }
  void on_failed(std::string_view, TimePoint) override {}
  void on_lost(TimePoint) override {}
  int rtp = 0, rtcp = 0, alive = 0, connected = 0;
  std::string srtp;
};

class RtpTransportTest : public ::testing::Test {
 protected:
  void SetUp() override { transport_.set_remote(parameters(), clock_.now()); }
  wire::StreamParameters parameters() const {
    wire::StreamParameters p;
    p.remote_rtp = sdp_;
    p.remote_rtcp = *SocketAddress::parse("192.0.2.1:4001");
    p.codecs = {{Codec::Pcmu, 0, 0}};
    p.events = {{8000, 101, 101}};
    return p;
  }
  PacketPtr rtp(const SocketAddress& from, uint8_t type = 0) {
    PacketPtr packet = pool_.take();
    wire::write_rtp_header(packet->room().first<wire::kRtpHeaderSize>(),
                           {type, false, sequence_++, 0, 9});
    packet->resize(wire::kRtpHeaderSize + 160);
    packet->from = from;
    return packet;
  }
  void arrive(const SocketAddress& from, uint8_t type = 0) {
    PacketPtr packet = rtp(from, type);
    transport_.receive_on_rtp(packet, clock_.now());
  }
  uint64_t discarded(Discard why) const {
    return counters_.discarded[static_cast<size_t>(why)].get();
  }

  test::ManualClock clock_;
  SystemRandom random_;
  const SocketAddress sdp_ = *SocketAddress::parse("192.0.2.1:4000");
  const SocketAddress nat_ = *SocketAddress::parse("198.51.100.7:61000");
  const SocketAddress attacker_ = *SocketAddress::parse("203.0.113.66:4444");
  PacketPool pool_{8};
  MediaCounters counters_;
  Pipe rtp_, rtcp_;
  Observed observer_;
  std::unique_ptr<DtlsContext> dtls_ = *DtlsContext::create();
  RtpTransport transport_{{rtp_, rtcp_, counters_, observer_, *dtls_}};
  uint16_t sequence_ = 1;
};

TEST_F(RtpTransportTest, answers_go_to_where_the_phone_really_is) {
  PacketPtr packet = rtp({});
  ASSERT_TRUE(transport_.send_rtp(*packet, clock_.now()));
  EXPECT_EQ(sdp_, rtp_.sent.back());
  arrive(nat_);
  ASSERT_TRUE(transport_.send_rtp(*packet, clock_.now()));
  EXPECT_EQ(nat_, rtp_.sent.back());
}

TEST_F(RtpTransportTest, second_source_is_refused_and_counted) {
  arrive(sdp_);
  arrive(attacker_);
  EXPECT_EQ(1, observer_.rtp);
  EXPECT_EQ(1u, transport_.refused_sources());
  EXPECT_EQ(1u, discarded(Discard::Source));
}

TEST_F(RtpTransportTest, packet_of_no_negotiated_type_does_not_latch) {
  arrive(attacker_, 18);
  EXPECT_EQ(0, observer_.rtp);
  EXPECT_EQ(1u, discarded(Discard::PayloadType));
  arrive(nat_);
  EXPECT_EQ(1, observer_.rtp);
}

// RFC 6263: a phone in silence keeps its NAT open with what is no media.
TEST_F(RtpTransportTest, keep_alives_of_the_latched_phone_are_signs_of_life_and_latch_nothing) {
  const auto empty = [&](const SocketAddress& from) {
    PacketPtr packet = pool_.take();
    packet->resize(0);
    packet->from = from;
    transport_.receive_on_rtp(packet, clock_.now());
  };
  empty(nat_);
  arrive(nat_, 13);
  EXPECT_EQ(0, observer_.alive);
  arrive(nat_);
  empty(nat_);
  arrive(nat_, 13);
  EXPECT_EQ(2, observer_.alive);
  empty(attacker_);
  arrive(attacker_, 13);
  EXPECT_EQ(2, observer_.alive);
  EXPECT_EQ(1, observer_.rtp);
}

TEST_F(RtpTransportTest, connected_is_told_once) {
  arrive(sdp_);
  arrive(sdp_);
  EXPECT_EQ(1, observer_.connected);
  EXPECT_EQ("", observer_.srtp);
}

TEST_F(RtpTransportTest, with_srtp_only_an_authentic_packet_latches) {
  auto p = parameters();
  wire::SdesPair sdes;
  sdes.suite = wire::SrtpSuite::AeadAes128Gcm;
  sdes.send = wire::new_master(sdes.suite, random_);
  sdes.receive = wire::new_master(sdes.suite, random_);
  p.sdes = sdes;
  transport_.set_remote(p, clock_.now());
  arrive(attacker_);  // In clear.
  EXPECT_EQ(0, observer_.rtp);
  EXPECT_EQ(1u, counters_.srtp_failures.get());
  const auto phone = SrtpSession::create({sdes.suite, sdes.receive, sdes.send});
  for (const SocketAddress& from : {nat_, attacker_}) {
    PacketPtr packet = rtp(from);
    ASSERT_TRUE(phone->protect_rtp(*packet));
    transport_.receive_on_rtp(packet, clock_.now());
  }
  // The second address proved the key too: a phone whose NAT binding changed.
  EXPECT_EQ(2, observer_.rtp);
  EXPECT_EQ("AEAD_AES_128_GCM", observer_.srtp);
}

// SDES through re-INVITEs, with the phone's end beside it.
class SecurePhoneTest : public RtpTransportTest {
 protected:
  void negotiate(const wire::SrtpMaster& ours, const wire::SrtpMaster& theirs) {
    auto p = parameters();
    p.sdes = wire::SdesPair{kSuite, ours, theirs, 1};
    transport_.set_remote(p, clock_.now());
  }
  wire::SrtpMaster key() { return wire::new_master(kSuite, random_); }
  // The phone sends its next packet; true when it came through.
  bool heard(SrtpSession& phone) {
    const int before = observer_.rtp;
    PacketPtr packet = rtp(sdp_);
    EXPECT_TRUE(phone.protect_rtp(*packet));
    transport_.receive_on_rtp(packet, clock_.now());
    return observer_.rtp > before;
  }
  void lose(SrtpSession& phone, int packets) {
    for (; packets > 0; --packets) EXPECT_TRUE(phone.protect_rtp(*rtp(sdp_)));
  }
  // We send our next packet; true when the phone reads it.
  bool reaches(SrtpSession& phone) {
    PacketPtr packet = pool_.take();
    wire::write_rtp_header(packet->room().first<wire::kRtpHeaderSize>(),
                           {0, false, out_sequence_++, 0, 5});
    packet->resize(wire::kRtpHeaderSize + 160);
    return transport_.send_rtp(*packet, clock_.now()) && passed(phone.unprotect_rtp(*packet));
  }
  static constexpr auto kSuite = wire::SrtpSuite::AeadAes128Gcm;
  uint16_t out_sequence_ = 65000;
};

TEST_F(SecurePhoneTest, keep_alive_counts_only_when_it_is_authentic) {
  const auto ours = key(), theirs = key();
  negotiate(ours, theirs);
  const auto phone = SrtpSession::create({kSuite, theirs, ours});
  ASSERT_TRUE(heard(*phone));
  arrive(sdp_, 13);
  EXPECT_EQ(0, observer_.alive);
  PacketPtr packet = rtp(sdp_, 13);
  ASSERT_TRUE(phone->protect_rtp(*packet));
  transport_.receive_on_rtp(packet, clock_.now());
  EXPECT_EQ(1, observer_.alive);
}

TEST_F(SecurePhoneTest, rollover_of_either_side_goes_unnoticed) {
  const auto ours = key(), theirs = key();
  negotiate(ours, theirs);
  const auto phone = SrtpSession::create({kSuite, theirs, ours});
  sequence_ = 65000;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(heard(*phone)) << i;
    ASSERT_TRUE(reaches(*phone)) << i;
  }
  EXPECT_EQ(0u, counters_.srtp_resyncs.get());
}

TEST_F(SecurePhoneTest, is_heard_at_once_after_more_than_a_turn_was_lost) {
  const auto ours = key(), theirs = key();
  negotiate(ours, theirs);
  const auto phone = SrtpSession::create({kSuite, theirs, ours});
  ASSERT_TRUE(heard(*phone));
  lose(*phone, 65536 + 20000);
  EXPECT_TRUE(heard(*phone));
  EXPECT_TRUE(heard(*phone));
  EXPECT_EQ(1u, counters_.srtp_resyncs.get());
}

TEST_F(SecurePhoneTest, new_key_of_a_re_invite_is_used_and_the_old_one_refused) {
  const auto ours = key(), first = key(), second = key();
  negotiate(ours, first);
  const auto before = SrtpSession::create({kSuite, first, ours});
  sequence_ = 65530;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(heard(*before));
    ASSERT_TRUE(reaches(*before));
  }
  negotiate(ours, second);
  EXPECT_FALSE(heard(*before));  // Was on its way.
  EXPECT_EQ(1u, counters_.srtp_failures.get());
  const auto after = SrtpSession::create({kSuite, second, ours});
  EXPECT_TRUE(heard(*after));
  // Our key is the same: so is our rollover counter.
  EXPECT_TRUE(reaches(*before));
}

TEST_F(RtpTransportTest, multiplexed_rtcp_shares_the_latch_of_rtp) {
  auto p = parameters();
  p.rtcp_mux = true;
  transport_.set_remote(p, clock_.now());
  arrive(nat_);
  PacketPtr report = pool_.take();
  report->resize(wire::write_rtcp(report->room(), {7, std::nullopt, {}, "x", false}));
  ASSERT_TRUE(transport_.send_rtcp(*report, clock_.now()));
  EXPECT_EQ(nat_, rtp_.sent.back());
  EXPECT_TRUE(rtcp_.sent.empty());
  report->from = nat_;
  transport_.receive_on_rtp(report, clock_.now());
  EXPECT_EQ(1, observer_.rtcp);
}

TEST_F(RtpTransportTest, rtcp_has_its_own_socket_and_latch) {
  PacketPtr report = pool_.take();
  report->resize(wire::write_rtcp(report->room(), {7, std::nullopt, {}, "x", false}));
  ASSERT_TRUE(transport_.send_rtcp(*report, clock_.now()));
  EXPECT_EQ(*SocketAddress::parse("192.0.2.1:4001"), rtcp_.sent.back());
  report->from = *SocketAddress::parse("198.51.100.7:61001");
  transport_.receive_on_rtcp(report, clock_.now());
  EXPECT_EQ(1, observer_.rtcp);
  EXPECT_EQ(0, observer_.connected);
  ASSERT_TRUE(transport_.send_rtcp(*report, clock_.now()));
  EXPECT_EQ(*SocketAddress::parse("198.51.100.7:61001"), rtcp_.sent.back());
}

TEST_F(RtpTransportTest, nothing_passes_before_the_negotiation) {
  RtpTransport fresh{{rtp_, rtcp_, counters_, observer_, *dtls_}};
  PacketPtr packet = rtp(sdp_);
  fresh.receive_on_rtp(packet, clock_.now());
  EXPECT_EQ(0, observer_.rtp);
  EXPECT_FALSE(fresh.ready());
  EXPECT_FALSE(fresh.send_rtp(*packet, clock_.now()));
}

TEST_F(RtpTransportTest, random_datagrams_are_refused_and_latch_nothing) {
  for (int i = 0; i < 20000; ++i) {
    PacketPtr packet = pool_.take();
    const size_t size = random_.u32() % 100;
    random_.fill(packet->room().first(size));
    // Neither RTP of type 0 or 101 nor RTCP, else it would be valid by chance.
    if (size > 1) packet->room()[1] = static_cast<std::byte>(18 + (random_.u32() & 1) * 128);
    packet->resize(size);
    packet->from = attacker_;
    transport_.receive_on_rtp(packet, clock_.now());
  }
  EXPECT_EQ(0, observer_.rtp);
  arrive(nat_);
  EXPECT_EQ(1, observer_.rtp);
}

}  // namespace
}  // namespace gw::media
