// A phone that keys SRTP by DTLS on its own ports (RFC 5763).
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "media/transport/rtp_transport.h"
#include "media/wire/demux.h"
#include "media/wire/rtcp.h"
#include "media/wire/rtp.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {
namespace {

const DtlsContext& our_identity() {
  static const auto context = *DtlsContext::create();
  return *context;
}
const DtlsContext& phone_identity() {
  static const auto context = *DtlsContext::create();
  return *context;
}

// Datagrams wait until they are delivered.
class Line final : public DatagramSink {
 public:
  void send(std::span<const std::byte> datagram, const SocketAddress& to) override {
    waiting.push_back({{datagram.begin(), datagram.end()}, to});
  }
  struct Datagram {
    std::vector<std::byte> bytes;
    SocketAddress to;
  };
  std::deque<Datagram> waiting;
};

// The phone's end of one pair of ports.
class Phone {
 public:
  Phone(DtlsSession::Role role, const SocketAddress& address, TimePoint now)
      : address_(address), dtls_(phone_identity(), role, {our_identity().fingerprint()}, now) {
    dtls_.set_path(&line, *SocketAddress::parse("192.0.2.100:16400"));
    dtls_.connect(now);
  }
  void receive(std::span<const std::byte> datagram, TimePoint now) {
    if (wire::kind_of(datagram) == wire::PacketKind::Dtls) {
      dtls_.receive(datagram, now);
      if (const auto keys = dtls_.take_keys()) srtp = SrtpSession::create(*keys);
    } else if (srtp) {
      Packet packet;
      std::ranges::copy(datagram, packet.room().begin());
      packet.resize(datagram.size());
      const bool rtp = wire::kind_of(datagram) == wire::PacketKind::Rtp;
      const auto verdict = rtp ? srtp->unprotect_rtp(packet) : srtp->unprotect_rtcp(packet);
      heard += verdict == SrtpVerdict::Ok ? 1 : 0;
    }
  }
  const SocketAddress& address() const { return address_; }

  Line line;
  std::unique_ptr<SrtpSession> srtp;
  int heard = 0;

 private:
  const SocketAddress address_;
  DtlsSession dtls_;
};

class Observed final : public TransportObserver {
 public:
  void on_rtp(PacketPtr&, TimePoint) override { ++rtp; }
  void on_rtcp(std::span<const std::byte>, TimePoint) override { ++rtcp; }
  void on_connected(std::string_view name, TimePoint) override { connected.emplace_back(name); }
  void on_failed(std::string_view why, TimePoint) override { failed.emplace_back(why); }
  void on_alive(TimePoint) override {}
  void on_lost(TimePoint) override {}
  int rtp = 0, rtcp = 0;
  std::vector<std::string> connected, failed;
};

class DtlsPhone : public ::testing::Test {
 protected:
  wire::StreamParameters parameters(wire::DtlsSetup ours, bool mux) const {
    wire::StreamParameters p;
    p.remote_rtp = rtp_address_;
    p.remote_rtcp = mux ? rtp_address_ : rtcp_address_;
    p.rtcp_mux = mux;
    p.codecs = {{Codec::Pcmu, 0, 0}};
    p.dtls = wire::RemoteDtls{{phone_identity().fingerprint()}, ours};
    return p;
  }
  Phone phone(wire::DtlsSetup ours, const SocketAddress& address) {
    const auto role =
        ours == wire::DtlsSetup::Active ? DtlsSession::Role::Passive : DtlsSession::Role::Active;
    return {role, address, clock_.now()};
  }
  PacketPtr packet(std::span<const std::byte> bytes, const SocketAddress& from) {
    PacketPtr p = pool_.take();
    std::ranges::copy(bytes, p->room().begin());
    p->resize(bytes.size());
    p->from = from;
    return p;
  }
  // Everything that is on the way arrives, until all is quiet.
  void exchange(Phone& phone, Line& ours, bool on_rtcp = false) {
    while (!ours.waiting.empty() || !phone.line.waiting.empty()) {
      for (; !ours.waiting.empty(); ours.waiting.pop_front()) {
        phone.receive(ours.waiting.front().bytes, clock_.now());
      }
      for (; !phone.line.waiting.empty(); phone.line.waiting.pop_front()) {
        PacketPtr p = packet(phone.line.waiting.front().bytes, phone.address());
        if (on_rtcp) {
          transport_.receive_on_rtcp(p, clock_.now());
        } else {
          transport_.receive_on_rtp(p, clock_.now());
        }
      }
    }
  }
  PacketPtr rtp(const SocketAddress& from = {}) {
    PacketPtr p = pool_.take();
    wire::write_rtp_header(p->room().first<wire::kRtpHeaderSize>(), {0, false, sequence_++, 0, 9});
    p->resize(wire::kRtpHeaderSize + 160);
    p->from = from;
    return p;
  }
  uint64_t discarded(Discard why) const {
    return counters_.discarded[static_cast<size_t>(why)].get();
  }

  const SocketAddress rtp_address_ = *SocketAddress::parse("192.0.2.1:4000");
  const SocketAddress rtcp_address_ = *SocketAddress::parse("192.0.2.1:4001");
  const SocketAddress stranger_ = *SocketAddress::parse("198.51.100.66:666");
  test::ManualClock clock_;
  PacketPool pool_{64};
  MediaCounters counters_;
  Observed observer_;
  Line rtp_, rtcp_;
  RtpTransport transport_{{rtp_, rtcp_, counters_, observer_, our_identity()}};
  uint16_t sequence_ = 1;
};

class DtlsRole : public DtlsPhone, public ::testing::WithParamInterface<wire::DtlsSetup> {};

TEST_P(DtlsRole, keys_come_up_and_sound_passes_both_ways) {
  transport_.set_remote(parameters(GetParam(), true), clock_.now());
  EXPECT_FALSE(transport_.ready());
  Phone peer = phone(GetParam(), rtp_address_);
  exchange(peer, rtp_);
  ASSERT_TRUE(transport_.ready());
  ASSERT_TRUE(peer.srtp);
  EXPECT_EQ(std::vector<std::string>{"AEAD_AES_128_GCM"}, observer_.connected);
  EXPECT_TRUE(transport_.send_rtp(*rtp(), clock_.now()));
  EXPECT_EQ(rtp_address_, rtp_.waiting.back().to);
  exchange(peer, rtp_);
  EXPECT_EQ(1, peer.heard);
  PacketPtr said = rtp(rtp_address_);
  ASSERT_TRUE(peer.srtp->protect_rtp(*said));
  transport_.receive_on_rtp(said, clock_.now());
  EXPECT_EQ(1, observer_.rtp);
}

INSTANTIATE_TEST_SUITE_P(roles, DtlsRole,
                         ::testing::Values(wire::DtlsSetup::Passive, wire::DtlsSetup::Active),
                         [](const auto& role) {
                           return role.param == wire::DtlsSetup::Active ? "active" : "passive";
                         });

TEST_F(DtlsPhone, reports_on_a_port_of_their_own_have_keys_of_their_own) {
  Phone audio = phone(wire::DtlsSetup::Passive, rtp_address_);
  Phone reports = phone(wire::DtlsSetup::Passive, rtcp_address_);
  transport_.set_remote(parameters(wire::DtlsSetup::Passive, false), clock_.now());
  exchange(audio, rtp_);
  PacketPtr report = pool_.take();
  const size_t size = wire::write_rtcp(report->room(), {55, std::nullopt, {}, "phone", false});
  report->resize(size);
  EXPECT_FALSE(transport_.send_rtcp(*report, clock_.now()));
  exchange(reports, rtcp_, true);
  ASSERT_TRUE(reports.srtp);
  EXPECT_TRUE(transport_.send_rtcp(*report, clock_.now()));
  exchange(reports, rtcp_, true);
  EXPECT_EQ(1, reports.heard);
  PacketPtr back = pool_.take();
  back->resize(wire::write_rtcp(back->room(), {66, std::nullopt, {}, "phone", false}));
  back->from = rtcp_address_;
  ASSERT_TRUE(reports.srtp->protect_rtcp(*back));
  transport_.receive_on_rtcp(back, clock_.now());
  EXPECT_EQ(1, observer_.rtcp);
  EXPECT_EQ(1u, observer_.connected.size());
}

TEST_F(DtlsPhone, nothing_plain_is_heard_or_said) {
  transport_.set_remote(parameters(wire::DtlsSetup::Passive, true), clock_.now());
  PacketPtr early = rtp(rtp_address_);
  transport_.receive_on_rtp(early, clock_.now());
  EXPECT_EQ(1u, discarded(Discard::NotReady));
  EXPECT_FALSE(transport_.send_rtp(*rtp(), clock_.now()));
  Phone peer = phone(wire::DtlsSetup::Passive, rtp_address_);
  exchange(peer, rtp_);
  ASSERT_TRUE(transport_.ready());
  PacketPtr plain = rtp(rtp_address_);
  transport_.receive_on_rtp(plain, clock_.now());
  EXPECT_EQ(1u, discarded(Discard::Srtp));
  EXPECT_EQ(0, observer_.rtp);
}

TEST_F(DtlsPhone, another_certificate_than_the_sdp_announced_fails_the_leg) {
  auto p = parameters(wire::DtlsSetup::Passive, true);
  p.dtls->fingerprints = {our_identity().fingerprint()};
  transport_.set_remote(p, clock_.now());
  Phone peer = phone(wire::DtlsSetup::Passive, rtp_address_);
  exchange(peer, rtp_);
  EXPECT_FALSE(transport_.ready());
  ASSERT_EQ(1u, observer_.failed.size());
  EXPECT_TRUE(observer_.connected.empty());
}

TEST_F(DtlsPhone, a_phone_behind_nat_is_latched_when_its_certificate_was_right) {
  const SocketAddress outside = *SocketAddress::parse("203.0.113.7:50000");
  transport_.set_remote(parameters(wire::DtlsSetup::Passive, true), clock_.now());
  Phone peer = phone(wire::DtlsSetup::Passive, outside);
  exchange(peer, rtp_);
  ASSERT_TRUE(transport_.ready());
  transport_.send_rtp(*rtp(), clock_.now());
  EXPECT_EQ(outside, rtp_.waiting.back().to);
  // From here on nobody else gets as far as the handshake.
  EXPECT_FALSE(transport_.takes_dtls(stranger_, rtp_, clock_.now() + 5s));
}

TEST_F(DtlsPhone, a_reinvite_keeps_the_keys_and_another_certificate_begins_anew) {
  transport_.set_remote(parameters(wire::DtlsSetup::Passive, true), clock_.now());
  Phone peer = phone(wire::DtlsSetup::Passive, rtp_address_);
  exchange(peer, rtp_);
  ASSERT_TRUE(transport_.ready());
  transport_.set_remote(parameters(wire::DtlsSetup::Passive, true), clock_.now());
  EXPECT_TRUE(transport_.ready());
  auto other = parameters(wire::DtlsSetup::Passive, true);
  other.dtls->fingerprints.front().value.front() = 'Z';
  transport_.set_remote(other, clock_.now());
  EXPECT_FALSE(transport_.ready());
  auto plain = other;
  plain.dtls.reset();
  transport_.set_remote(plain, clock_.now());
  EXPECT_TRUE(transport_.ready());
}

TEST_F(DtlsPhone, a_port_that_speaks_no_dtls_takes_none) {
  auto plain = parameters(wire::DtlsSetup::Passive, true);
  plain.dtls.reset();
  transport_.set_remote(plain, clock_.now());
  EXPECT_FALSE(transport_.takes_dtls(rtp_address_, rtp_, clock_.now()));
  Phone peer = phone(wire::DtlsSetup::Passive, rtp_address_);
  exchange(peer, rtp_);
  EXPECT_TRUE(rtp_.waiting.empty());
  EXPECT_EQ(1u, discarded(Discard::Source));
}

TEST_F(DtlsPhone, a_handshake_that_never_comes_fails_the_leg) {
  transport_.set_remote(parameters(wire::DtlsSetup::Passive, true), clock_.now());
  for (int i = 0; i < 400 && observer_.failed.empty(); ++i) {
    clock_.advance(50ms);
    transport_.on_timer(clock_.now());
  }
  EXPECT_EQ(1u, observer_.failed.size());
  EXPECT_EQ(kNever, transport_.on_timer(clock_.now()));
}

}  // namespace
}  // namespace gw::media
