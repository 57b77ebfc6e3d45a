#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "media/codec/g711.h"
#include "media/engine/media_session.h"
#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/tone.h"

namespace gw::media {

// A conversation of any number of legs on a worker of one thread, with time by hand. Each leg's
// peer speaks a tone, or nothing, in packets of 20 ms at a phase of its own, and writes down what
// it gets.
class ConferenceRig : public PortObserver {
 public:
  struct Leg {
    Leg(ConferenceRig& world, uint64_t number, Codec spoken, bool phone, DtmfMode dtmf)
        : id{number},
          codec(spoken),
          port({id, static_cast<uint32_t>(number * 1000), "cname", {}, 30s, phone, dtmf},
               {world.pool, world.counters, world.clock, world.random, world, world.earliest},
               transport),
          encoder(make_encoder(spoken, natural_rate(spoken))),
          ssrc(static_cast<uint32_t>(5000 + number)) {}

    const PortId id;
    const Codec codec;
    FakeTransport transport;
    MediaPort port;
    std::unique_ptr<AudioEncoder> encoder;
    const uint32_t ssrc;
    uint16_t sequence = 100;
    uint32_t timestamp = 16000;
    double hertz = 0, peak = 0;  // What it says; 0 = nothing at all is sent.
    Duration ptime = 20ms;       // Of what it says.
    int phase_ms = 0;
    size_t said = 0;               // Samples.
    std::vector<std::byte> codes;  // All payloads that it sent.

    uint32_t rate() const { return natural_rate(codec); }
  };

  // How its keys come and go.
  struct Keys {
    DtmfMode mode = DtmfMode::Auto;
    bool events = true;  // RFC 4733 was agreed.
  };
  static constexpr Keys kTones{DtmfMode::Auto, false};
  static constexpr Keys kInfo{DtmfMode::Info, false};

  Leg& add(Codec codec = Codec::Pcmu, bool phone = true) { return add(codec, phone, Keys{}); }
  Leg& add(Codec codec, bool phone, const Keys& keys) {
    const uint64_t number = legs.size() + 1;
    legs.push_back(std::make_unique<Leg>(*this, number, codec, phone, keys.mode));
    Leg& leg = *legs.back();
    leg.phase_ms = static_cast<int>(number * 7 % 20);
    leg.port.negotiate(TwoPorts::parameters(codec, keys.events), clock.now());
    return leg;
  }
  Leg& add_and_join(const Keys& keys) {
    Leg& leg = add(Codec::Pcmu, true, keys);
    join(leg);
    return leg;
  }
  Leg& add_and_join(Codec codec = Codec::Pcmu) {
    Leg& leg = add(codec);
    join(leg);
    return leg;
  }
  void join(Leg& leg) { session.join(leg.id, leg.port, clock.now()); }
  void leave(Leg& leg) { session.leave(leg.id, clock.now()); }
  static void say(Leg& leg, double hertz, double peak) {
    leg.hertz = hertz;
    leg.peak = peak;
  }

  // A packet of the leg's peer.
  void receive(Leg& leg, uint8_t type, std::span<const std::byte> payload, uint32_t timestamp) {
    PacketPtr packet = pool.take();
    wire::write_rtp_header(packet->room().first<wire::kRtpHeaderSize>(),
                           {type, false, leg.sequence++, timestamp, leg.ssrc});
    std::copy(payload.begin(), payload.end(), packet->room().begin() + wire::kRtpHeaderSize);
    packet->resize(wire::kRtpHeaderSize + payload.size());
    leg.port.on_rtp(packet, clock.now());
  }
  void speak(Leg& leg) {
    const size_t samples = samples_for(leg.ptime, leg.rate());
    say_pcm(leg, test::tone(leg.hertz, leg.peak, samples, leg.said, leg.rate()));
  }
  // A packet of this sound.
  void say_pcm(Leg& leg, std::span<const int16_t> pcm) {
    std::array<std::byte, kMaxEncodedFrame> out;
    const auto payload = std::span(out).first(leg.encoder->encode(pcm, out));
    receive(leg, descriptor(leg.codec).payload_type, payload, leg.timestamp);
    leg.codes.insert(leg.codes.end(), payload.begin(), payload.end());
    leg.timestamp += rtp_units(pcm.size(), leg.rate(), descriptor(leg.codec).rtp_clock);
    leg.said += pcm.size();
  }
  void advance(Duration d) {
    for (const TimePoint end = clock.now() + d; clock.now() < end;) {
      clock.advance(1ms);
      ++now_ms;
      for (const auto& leg : legs) {
        if (leg->hertz > 0 && now_ms % to_ms(leg->ptime) == leg->phase_ms) speak(*leg);
      }
      run_timers();
    }
  }
  void run_timers() {
    const TimePoint now = clock.now();
    const auto run = [&](auto& timed) {
      if (timed.deadline().due() > now) return;
      timed.deadline().set(kNever);
      const TimePoint next = timed.on_timer(now);
      timed.deadline().at_latest(std::max(next, now + 1ms));
    };
    for (const auto& leg : legs) run(leg->port);
    run(session);
  }

  // Everything the leg's peer got in its codec, in order, decoded.
  static std::vector<int16_t> heard(const Leg& leg) {
    const auto decoder = make_decoder(leg.codec, leg.rate());
    std::vector<int16_t> all;
    std::array<int16_t, kMaxFrameSamples> pcm;
    for (const auto& sent : leg.transport.rtp_out) {
      if (sent.header.payload_type != descriptor(leg.codec).payload_type) continue;
      const size_t n = decoder->decode(sent.payload, pcm);
      all.insert(all.end(), pcm.begin(), pcm.begin() + static_cast<ptrdiff_t>(n));
    }
    return all;
  }
  // The last second of it.
  static std::vector<int16_t> last_second(const Leg& leg) {
    const auto all = heard(leg);
    const size_t take = std::min<size_t>(all.size(), leg.rate());
    return {all.end() - static_cast<ptrdiff_t>(take), all.end()};
  }
  // dB of a tone beside the level at which it was said.
  static double level(const Leg& leg, const std::vector<int16_t>& sound, double hertz,
                      double said) {
    return 20 * std::log10(test::peak_at(sound, hertz, leg.rate()) / said + 1e-9);
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
  PacketPool pool{512};
  MediaCounters counters;
  TimePoint earliest = kNever;
  int64_t now_ms = 0;
  std::vector<MediaEvent> events;
  std::vector<std::unique_ptr<Leg>> legs;
  MediaSession session{SessionId{1}, earliest, *this};
};

}  // namespace gw::media
