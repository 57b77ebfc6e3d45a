#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "bench/speech.h"
#include "media/codec/g711.h"
#include "media/engine/media_session.h"
#include "media/transport/srtp_session.h"

// What one participant of a conference costs: packets in, decoded, mixed, encoded, packets out, on
// one thread, with the users' SRTP and without sockets (bench_sockets: 1 us for both ways). A few
// speak, the others listen, as in a meeting.
namespace {

using namespace gw;
using namespace gw::media;

constexpr size_t kFrame = kSamplesPer20Ms;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Encrypts, and sends to nobody.
class Nowhere final : public Transport {
 public:
  bool send_rtp(Packet& packet, TimePoint) override {
    ++sent;
    return !srtp || srtp->protect_rtp(packet);
  }
  bool send_rtcp(Packet&, TimePoint) override { return true; }
  bool ready() const override { return true; }
  TimePoint on_timer(TimePoint) override { return kNever; }

  std::unique_ptr<SrtpSession> srtp;
  uint64_t sent = 0;
};

class Ticked final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  WallTime wall() const override { return WallTime{} + now_.time_since_epoch(); }
  void advance(Duration by) { now_ += by; }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

// Everybody in it, with packets of 20 ms that come a millisecond after one another.
class Meeting final : public PortObserver {
 public:
  struct Setting {
    size_t participants = 8, speakers = 2, phones = 4;  // The others are users with Opus.
    int complexity = 5;
    bool srtp = true;  // Of the users.
  };

  explicit Meeting(const Setting& setting) {
    OpusSettings opus;
    opus.complexity = setting.complexity;
    for (size_t i = 0; i < setting.participants; ++i) {
      const Codec codec = i % setting.participants < setting.phones ? Codec::Pcmu : Codec::Opus;
      // Every second of each kind speaks first, so that both kinds do.
      const bool speaks = i < setting.speakers / 2 ||
                          (i >= setting.phones && i < setting.phones + (setting.speakers + 1) / 2);
      seats_.push_back(std::make_unique<Seat>(*this, i + 1, codec, opus, speaks));
      if (setting.srtp && codec == Codec::Opus) seats_.back()->encrypt(random_);
    }
    for (const auto& seat : seats_) session_.join(seat->port.id(), seat->port, clock_.now());
  }

  // The CPU time of so many ticks.
  double run(size_t ticks) {
    double spent = 0;
    ticks_ += ticks;
    for (size_t t = 0; t < ticks; ++t) {
      for (const auto& seat : seats_)
        seat->packet = next_packet(*seat);  // What peers do is theirs.
      const double begin = cpu_seconds();
      for (const auto& seat : seats_) receive(*seat);
      for (int ms = 0; ms < 20; ++ms) {
        clock_.advance(1ms);
        run_timers();
      }
      spent += cpu_seconds() - begin;
    }
    return spent;
  }

  // Of the packets that everybody should have been sent.
  double heard() const {
    uint64_t sent = 0;
    for (const auto& seat : seats_) sent += seat->transport.sent;
    return static_cast<double>(sent) / static_cast<double>(ticks_ * seats_.size());
  }

 private:
  struct Seat {
    Seat(Meeting& meeting, uint64_t id, Codec spoken, const OpusSettings& opus, bool speaks)
        : codec(spoken),
          port({PortId{id}, static_cast<uint32_t>(id), "bench", opus, 30s, spoken != Codec::Opus},
               {meeting.pool_, meeting.counters_, meeting.clock_, meeting.random_, meeting,
                meeting.earliest_},
               transport) {
      wire::StreamParameters parameters;
      const uint8_t type = descriptor(codec).payload_type;
      parameters.codecs = {{codec, type, type}};
      parameters.codecs.front().max_playback_rate = kNarrowband;
      port.negotiate(parameters, meeting.clock_.now());
      const auto encoder = make_encoder(codec, kNarrowband, opus);
      const auto pcm =
          speaks ? bench::speech(10, static_cast<uint32_t>(id)) : std::vector<int16_t>(80000, 0);
      for (size_t at = 0; at + kFrame <= pcm.size(); at += kFrame) {
        std::vector<std::byte> payload(kMaxEncodedFrame);
        payload.resize(encoder->encode(std::span(pcm).subspan(at, kFrame), payload));
        says.push_back(std::move(payload));
      }
    }
    void encrypt(Random& random) {
      constexpr auto kSuite = wire::SrtpSuite::AeadAes128Gcm;
      const auto ours = wire::new_master(kSuite, random), theirs = wire::new_master(kSuite, random);
      transport.srtp = SrtpSession::create({kSuite, ours, theirs});
      peer = SrtpSession::create({kSuite, theirs, ours});
    }

    const Codec codec;
    Nowhere transport;
    std::unique_ptr<SrtpSession> peer;  // The other end of the transport's.
    PacketPtr packet;                   // That its peer sends next.
    MediaPort port;
    std::vector<std::vector<std::byte>> says;
    size_t said = 0;
  };

  PacketPtr next_packet(Seat& seat) {
    const auto& payload = seat.says[seat.said % seat.says.size()];
    PacketPtr packet = pool_.take();
    const auto timestamp = static_cast<uint32_t>(seat.said) *
                           rtp_units(kFrame, kNarrowband, descriptor(seat.codec).rtp_clock);
    wire::write_rtp_header(packet->room().first<wire::kRtpHeaderSize>(),
                           {descriptor(seat.codec).payload_type, false,
                            static_cast<uint16_t>(seat.said), timestamp, 77});
    std::ranges::copy(payload, packet->room().begin() + wire::kRtpHeaderSize);
    packet->resize(wire::kRtpHeaderSize + payload.size());
    ++seat.said;
    if (seat.peer) seat.peer->protect_rtp(*packet);
    return packet;
  }
  void receive(Seat& seat) {
    if (seat.transport.srtp && !passed(seat.transport.srtp->unprotect_rtp(*seat.packet))) return;
    seat.port.on_rtp(seat.packet, clock_.now());
  }
  void run_timers() {
    const TimePoint now = clock_.now();
    if (now < earliest_) return;
    earliest_ = kNever;
    const auto run = [&](auto& timed) {
      if (timed.deadline().due() <= now) {
        timed.deadline().set(kNever);
        const TimePoint next = timed.on_timer(now);
        timed.deadline().at_latest(std::max(next, now + 1ms));
      }
      earliest_ = std::min(earliest_, timed.deadline().due());
    };
    for (const auto& seat : seats_) run(seat->port);
    run(session_);
  }
  void on_port_event(MediaEvent) override {}

  Ticked clock_;
  SystemRandom random_;
  PacketPool pool_{1024};
  MediaCounters counters_;
  TimePoint earliest_ = kNever;
  uint64_t ticks_ = 0;
  std::vector<std::unique_ptr<Seat>> seats_;
  MediaSession session_{SessionId{1}, earliest_, *this};
};

double rounded(double value) {
  return std::round(value * 10) / 10;
}

bool is_off(int argc, char** argv, const char* name) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::strcmp(argv[i + 1], "off") == 0;
  }
  return false;
}

size_t number_after(int argc, char** argv, const char* name, size_t fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0)
      return static_cast<size_t>(std::max(0, std::atoi(argv[i + 1])));
  }
  return fallback;
}

}  // namespace

int main(int argc, char** argv) {
  Meeting::Setting setting;
  setting.participants =
      std::clamp<size_t>(number_after(argc, argv, "--participants", 8), 3, kMaxParties);
  setting.phones = std::min(number_after(argc, argv, "--phones", setting.participants / 2),
                            setting.participants);
  setting.speakers = std::min(number_after(argc, argv, "--speakers", 2), setting.participants);
  setting.complexity = static_cast<int>(number_after(argc, argv, "--complexity", 5));
  setting.srtp = !is_off(argc, argv, "--srtp");
  const size_t rounds = std::max<size_t>(1, number_after(argc, argv, "--rounds", 5));
  constexpr size_t kTicks = 100;

  Meeting meeting(setting);
  meeting.run(kTicks);
  std::vector<double> rounds_us;
  for (size_t r = 0; r < rounds; ++r) {
    rounds_us.push_back(meeting.run(kTicks) * 1e6 /
                        static_cast<double>(kTicks * setting.participants));
  }
  std::ranges::sort(rounds_us);
  const double median = rounds_us[rounds_us.size() / 2];
  nlohmann::ordered_json out;
  out["participants"] = setting.participants;
  out["us_per_participant"] = rounded(median);  // Each 20 ms.
  out["participants_per_core"] = static_cast<int64_t>(20000 / median);
  out["us_min"] = rounded(rounds_us.front());
  out["speakers"] = setting.speakers;
  out["phones"] = setting.phones;  // PCMU over plain RTP; the others are users with Opus.
  out["complexity"] = setting.complexity;
  out["srtp"] = setting.srtp ? "AEAD_AES_128_GCM" : "";
  out["counted"] = setting.srtp
                       ? "packet in, SRTP, decode, mix, encode, SRTP, packet out; no sockets"
                       : "packet in, decode, mix, encode, packet out; no SRTP, no sockets";
  out["heard"] = std::round(meeting.heard() * 1000) / 1000;
  std::printf("%s\n", out.dump().c_str());
  // That it was a conference: every one is sent a packet each tick, and hears somebody.
  return meeting.heard() >= 0.98 ? 0 : 1;
}
