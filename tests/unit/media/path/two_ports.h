#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "media/codec/g711.h"
#include "media/path/echo_port.h"
#include "media/path/media_port.h"
#include "media/path/relay.h"
#include "tests/unit/support/fixed_random.h"
#include "tests/unit/support/manual_clock.h"

namespace gw::media {

// A transport that keeps what is sent.
class FakeTransport final : public Transport {
 public:
  struct Sent {
    wire::RtpHeader header;
    std::vector<std::byte> payload;
    TimePoint at;
  };
  bool send_rtp(Packet& packet, TimePoint now) override {
    if (!up) return false;
    ++rtp_count;
    if (!keep) return true;
    const auto rtp = wire::RtpPacket::parse(packet.data());
    if (!rtp) return false;
    rtp_out.push_back({rtp->header, {rtp->payload.begin(), rtp->payload.end()}, now});
    return true;
  }
  bool send_rtcp(Packet& packet, TimePoint) override {
    ++rtcp_count;
    if (keep) rtcp_out.emplace_back(packet.data().begin(), packet.data().end());
    return up;
  }
  bool ready() const override { return up; }
  TimePoint on_timer(TimePoint) override { return kNever; }

  bool up = true, keep = true;
  uint64_t rtp_count = 0, rtcp_count = 0;
  std::vector<Sent> rtp_out;
  std::vector<std::vector<std::byte>> rtcp_out;
};

// Two legs wired on a worker of one thread, with time by hand.
class TwoPorts : public PortObserver {
 public:
  enum class Kind { Phone, Browser };
  struct Leg {
    Leg(TwoPorts& world, uint64_t id, Kind kind, DtmfMode dtmf, const Playout& playout,
        bool conceals = true)
        : port({PortId{id},
                static_cast<uint32_t>(id * 1000),
                "cname",
                {},
                30s,
                kind == Kind::Phone,
                dtmf,
                playout,
                conceals},
               {world.pool, world.counters, world.clock, world.random, world, world.earliest},
               transport) {}
    FakeTransport transport;
    MediaPort port;
    uint16_t sequence = 100;
    uint32_t timestamp = 16000;
    uint32_t ssrc = 55;
  };

  explicit TwoPorts(Kind a_kind = Kind::Phone, Kind b_kind = Kind::Phone,
                    DtmfMode a_dtmf = DtmfMode::Auto, DtmfMode b_dtmf = DtmfMode::Auto)
      : a(*this, 1, a_kind, a_dtmf, {}), b(*this, 2, b_kind, b_dtmf, {}) {}
  TwoPorts(Kind a_kind, Kind b_kind, const Playout& toward_b, bool conceals = true)
      : a(*this, 1, a_kind, DtmfMode::Auto, {}, conceals),
        b(*this, 2, b_kind, DtmfMode::Auto, toward_b, conceals) {}

  static wire::StreamParameters parameters(Codec codec, bool events = true) {
    wire::StreamParameters p;
    const uint8_t type = descriptor(codec).payload_type;
    p.codecs = {{codec, type, type}};
    if (events) p.events = {{8000, 101, 101}};
    return p;
  }
  void negotiate(Leg& leg, const wire::StreamParameters& p) { leg.port.negotiate(p, clock.now()); }
  void wire_up() { relay = std::make_unique<Relay>(a.port, b.port, clock.now()); }
  void start(Codec of_a, Codec of_b) {
    negotiate(a, parameters(of_a));
    negotiate(b, parameters(of_b));
    wire_up();
  }

  // A packet of the leg's peer.
  void receive(Leg& leg, uint8_t type, std::span<const std::byte> payload, uint16_t sequence,
               uint32_t timestamp, bool marker = false) {
    PacketPtr packet = pool.take();
    wire::write_rtp_header(packet->room().first<wire::kRtpHeaderSize>(),
                           {type, marker, sequence, timestamp, leg.ssrc});
    std::copy(payload.begin(), payload.end(), packet->room().begin() + wire::kRtpHeaderSize);
    packet->resize(wire::kRtpHeaderSize + payload.size());
    leg.port.on_rtp(packet, clock.now());
  }
  // The next 20 ms of the leg's peer.
  void talk(Leg& leg, uint8_t type, std::span<const std::byte> payload, uint32_t units = 160) {
    receive(leg, type, payload, leg.sequence++, leg.timestamp);
    leg.timestamp += units;
  }
  void run_timers() {
    for (Leg* leg : {&a, &b}) {
      if (leg->port.deadline().due() > clock.now()) continue;
      leg->port.deadline().set(kNever);
      const TimePoint next = leg->port.on_timer(clock.now());
      leg->port.deadline().at_latest(std::max(next, clock.now() + 1ms));
    }
  }
  void advance(Duration d) {
    for (const TimePoint end = clock.now() + d; clock.now() < end;) {
      clock.advance(1ms);
      run_timers();
    }
  }
  template <class E>
  std::vector<E> of() const {
    std::vector<E> found;
    for (const MediaEvent& e : events) {
      if (const E* match = std::get_if<E>(&e)) found.push_back(*match);
    }
    return found;
  }
  void on_port_event(MediaEvent event) override { events.push_back(std::move(event)); }

  test::ManualClock clock;
  test::FixedRandom random;
  PacketPool pool{256};
  MediaCounters counters;
  TimePoint earliest = kNever;
  std::vector<MediaEvent> events;
  Leg a, b;
  std::unique_ptr<Relay> relay;
};

inline std::vector<std::byte> payload_of(int value, size_t size = 160) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

}  // namespace gw::media
