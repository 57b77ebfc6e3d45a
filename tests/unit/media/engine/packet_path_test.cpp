// The packet path allocates nothing and takes no lock: both are counted on the worker's thread
// while packets cross a call. What is left out: DTLS handshakes (before a call's first packet) and
// what is told to the call's owner (an event is a message: it allocates, and its mailbox has a
// mutex).
#include <pthread.h>

#include <cstdlib>
#include <deque>
#include <mutex>
#include <shared_mutex>

#include "media/codec/codec.h"
#include "media/path/pcm_stream.h"
#include "media/tone/dtmf_generator.h"
#include "media/tone/telephone_event.h"
#include "tests/unit/media/engine/engine_rig.h"
#include "tests/unit/media/engine/forbidden_calls.h"

#ifdef GW_COUNTS_FORBIDDEN_CALLS

namespace gw::media {
namespace {

using test::ForbiddenCalls;
constexpr ForbiddenCalls kNone{};

class PacketPath : public EngineRig {
 protected:
  // What the worker does of it while `tick` runs every 2 ms, until `done`.
  ForbiddenCalls calls(const std::function<void()>& tick, const std::function<bool()>& done) {
    // Warm: every buffer has been used once, and what DTLS needed is gone.
    run(2 * DtlsSession::kLook + 300ms, {}, tick, 2ms);
    ForbiddenCalls::arm();
    const bool finished = run(20s, done, tick, 2ms);
    const ForbiddenCalls counted = ForbiddenCalls::disarm();
    EXPECT_TRUE(finished);
    return counted;
  }
  // The same tone, frame by frame, in a codec: packets of 20 ms.
  static std::vector<std::vector<std::byte>> frames(Codec codec, uint32_t rate, double peak) {
    const auto encoder = make_encoder(codec, rate);
    std::vector<std::vector<std::byte>> all;
    const size_t size = samples_for(20ms, rate);
    for (size_t i = 0; i < 50; ++i) {
      std::array<std::byte, kMaxEncodedFrame> out;
      const size_t n = encoder->encode(test::tone(1000, peak, size, i * size, rate), out);
      all.emplace_back(out.begin(), out.begin() + static_cast<ptrdiff_t>(n));
    }
    return all;
  }
};

ForbiddenCalls of_a_worker(const std::function<void()>& what) {
  ForbiddenCalls::arm();
  std::thread worker([&what] {
    ::pthread_setname_np(::pthread_self(), "media-x");
    what();
  });
  worker.join();
  return ForbiddenCalls::disarm();
}

TEST_F(PacketPath, every_way_to_allocate_is_counted) {
  // Volatile: the compiler may not leave it out.
  void* volatile block = nullptr;
  const std::vector<std::function<void()>> ways{
      [&] { block = std::malloc(100); },
      [&] { block = std::calloc(10, 10); },
      [&] { block = std::realloc(nullptr, 100); },
      [&] { block = std::aligned_alloc(64, 128); },
      [&] {
        void* aligned = nullptr;
        EXPECT_EQ(0, ::posix_memalign(&aligned, 64, 128));
        block = aligned;
      },
  };
  for (size_t i = 0; i < ways.size(); ++i) {
    EXPECT_EQ(1u, of_a_worker(ways[i]).allocations) << i;
    EXPECT_NE(nullptr, block);
    std::free(block);
  }
  EXPECT_EQ(1u, of_a_worker([] {
                  int* volatile number = new int(1);
                  delete number;
                }).allocations);
  struct alignas(64) Wide {
    char bytes[64];
  };
  EXPECT_EQ(1u, of_a_worker([&] {
                  auto* const wide = new Wide;
                  block = wide;
                  delete wide;
                }).allocations);
}

TEST_F(PacketPath, every_lock_is_counted) {
  std::mutex mutex;
  std::timed_mutex timed;
  std::shared_mutex shared;
  pthread_spinlock_t spin{};
  ::pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
  const std::vector<std::function<void()>> ways{
      [&] { const std::lock_guard lock(mutex); },
      [&] { const std::unique_lock lock(mutex, std::try_to_lock); },
      [&] { const std::unique_lock lock(timed, 10ms); },
      [&] { const std::unique_lock lock(shared); },
      [&] { const std::unique_lock lock(shared, std::try_to_lock); },
      [&] { const std::shared_lock lock(shared); },
      [&] { const std::shared_lock lock(shared, std::try_to_lock); },
      [&] {
        ::pthread_spin_lock(&spin);
        ::pthread_spin_unlock(&spin);
      },
  };
  for (size_t i = 0; i < ways.size(); ++i) EXPECT_EQ(1u, of_a_worker(ways[i]).locks) << i;
  ::pthread_spin_destroy(&spin);
}

TEST_F(PacketPath, what_other_threads_do_is_not_counted) {
  ForbiddenCalls::arm();
  std::mutex mutex;
  void* volatile block = std::malloc(100);
  std::free(block);
  mutex.lock();
  mutex.unlock();
  EXPECT_EQ(kNone, ForbiddenCalls::disarm());
}

TEST_F(PacketPath, thousand_packets_cross_a_relayed_call) {
  RtpPhone a(random_, {.srtp = wire::SrtpSuite::AesCm128HmacSha1_80}), b(random_, {});
  phones_ = {&a, &b};
  const PortId pa = answer_phone(a), pb = answer_phone(b);
  engine_->connect(pa, pb);
  int at_a = 0, at_b = 0;
  a.on_audio = [&](const RtpPhone::Received&) { ++at_a; };
  b.on_audio = [&](const RtpPhone::Received&) { ++at_b; };
  const auto codes = pcmu(test::tone(1000, 8000, 160));
  const auto tick = [&] {
    a.send_audio(codes, 160);
    b.send_audio(codes, 160);
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return at_a > 1200 && at_b > 1200; }));
}

TEST_F(PacketPath, three_seconds_of_a_media_stream) {
  RtpPhone phone(random_, {});
  phones_ = {&phone};
  const auto pcm = std::make_shared<PcmStream>(24000);
  const auto stream = engine_->add_stream_port(session_, {.unmixed = true}, pcm);
  ASSERT_TRUE(stream);
  engine_->connect(answer_phone(phone), *stream);
  const auto codes = pcmu(test::tone(1000, 8000, 160));
  PcmFrame frame;
  frame.size = 480;
  std::ranges::copy(test::tone(1000, 8000, 480, 0, 24000), frame.samples.begin());
  int ticks = 0, said = 0;
  const auto tick = [&] {
    PcmFrame taken;
    while (pcm->next_said(taken)) said += taken.silent ? 0 : 1;
    if (++ticks % 10 != 0) return;  // Every 20 ms.
    phone.send_audio(codes, 160);
    pcm->hear(frame);
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return said > 150; }));
}

TEST_F(PacketPath, thousand_packets_cross_a_tcp_connection) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {.opus = false, .tcp = true});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser, {Codec::Pcmu});
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  int at_phone = 0, at_browser = 0;
  phone.on_audio = [&](const RtpPhone::Received&) { ++at_phone; };
  browser.on_audio = [&](const WebRtcClient::Received&) { ++at_browser; };
  const auto codes = pcmu(test::tone(1000, 8000, 160));
  const auto tick = [&] {
    phone.send_audio(codes, 160);
    browser.send_audio(codes, 160);
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return at_phone > 1200 && at_browser > 1200; }));
}

TEST_F(PacketPath, thousand_packets_cross_a_transcoded_call) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser);
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  int at_phone = 0, at_browser = 0;
  phone.on_audio = [&](const RtpPhone::Received&) { ++at_phone; };
  browser.on_audio = [&](const WebRtcClient::Received&) { ++at_browser; };
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  const auto tone = test::tone(1000, 8000, 160);
  const auto codes = pcmu(tone);
  std::array<std::byte, kMaxEncodedFrame> opus;
  const size_t n = encoder->encode(tone, opus);
  uint64_t ticks = 0;
  const auto tick = [&] {
    if (++ticks % 7 == 0) {  // Concealment too.
      browser.skip_audio(960);
    } else {
      browser.send_audio(std::span(opus).first(n), 960);
    }
    phone.send_audio(codes, 160);
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return at_phone > 1200 && at_browser > 1200; }));
}

// A key is down all the while that is counted: telling the owner of one that is up allocates.
TEST_F(PacketPath, tones_become_events_and_events_tones) {
  RtpPhone::Options without_events;
  without_events.formats = "0";
  RtpPhone tones(random_, without_events), events(random_, {});
  phones_ = {&tones, &events};
  const PortId pt = answer_phone(tones), pe = answer_phone(events);
  engine_->connect(pt, pe);
  DtmfGenerator generator;
  generator.hold('5', 0ms);
  int of_events = 0, of_tones = 0;
  events.on_audio = [&](const RtpPhone::Received& received) {
    of_events += received.rtp.header.payload_type == 101 ? 1 : 0;
  };
  tones.on_audio = [&](const RtpPhone::Received& received) {
    std::array<int16_t, 160> pcm{};
    if (received.rtp.payload.size() != pcm.size()) return;
    g711_decode(Law::Mu, received.rtp.payload, pcm);
    of_tones += test::peak_at(pcm, 852) > 1000 ? 1 : 0;
  };
  const auto voice = pcmu(test::tone(300, 3000, 160));
  uint64_t ticks = 0;
  const auto tick = [&] {
    ++ticks;
    if (ticks < 600) {  // Held back until it is known to be no key.
      tones.send_audio(voice, 160);
      events.send_audio(voice, 160);
      return;
    }
    std::array<int16_t, 160> pcm;
    generator.generate(pcm);
    tones.send_audio(pcmu({pcm.begin(), pcm.end()}), 160);
    const TelephoneEvent down{7, false, 10, static_cast<uint16_t>((ticks - 599) * 16)};
    events.send_rtp(101, down.bytes(), events.timestamp(), ticks == 600);
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return of_events > 50 && of_tones > 50; }));
}

TEST_F(PacketPath, thousand_packets_cross_a_conference) {
  RtpPhone a(random_, {}), b(random_, {}), c(random_, {});
  phones_ = {&a, &b, &c};
  for (RtpPhone* phone : phones_) engine_->join(answer_phone(*phone));
  int heard = 0;
  for (RtpPhone* phone : phones_) phone->on_audio = [&](const RtpPhone::Received&) { ++heard; };
  // One is louder than the rest, so that nobody is told of a change of speakers: an event
  // allocates.
  const auto tone = test::tone(1000, 8000, 160);
  auto whisper = tone;
  for (int16_t& sample : whisper) sample = static_cast<int16_t>(sample / 10);
  const auto loud = pcmu(tone), soft = pcmu(whisper);
  const auto tick = [&] {
    a.send_audio(loud, 160);
    b.send_audio(soft, 160);
    c.send_audio(soft, 160);
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return heard > 1000; }));
}

// Consent (RFC 7675): a check each tick, answered beside the packets.
TEST_F(PacketPath, ice_checks_are_answered) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {.opus = false});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser, {Codec::Pcmu});
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  const auto codes = pcmu(test::tone(1000, 8000, 160));
  const auto tick = [&] {
    browser.check_at(clock_.now());
    phone.send_audio(codes, 160);
    browser.send_audio(codes, 160);
  };
  uint64_t before = 0;
  const auto done = [&] {
    if (before == 0) before = browser.checks_answered;
    return browser.checks_answered > before + 200;
  };
  EXPECT_EQ(kNone, calls(tick, done));
}

TEST_F(PacketPath, thousand_packets_of_g722_become_opus_and_back) {
  RtpPhone phone(random_, {.formats = "9 101"});
  WebRtcClient browser(*dtls_, random_, {});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone, {Codec::G722}), pb = answer_browser(browser);
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  int at_phone = 0, at_browser = 0;
  phone.on_audio = [&](const RtpPhone::Received& r) {
    at_phone += r.rtp.header.payload_type == 9 ? 1 : 0;
  };
  browser.on_audio = [&](const WebRtcClient::Received&) { ++at_browser; };
  const auto g722 = frames(Codec::G722, kWideband, 8000);
  const auto opus = frames(Codec::Opus, kWideband, 8000);
  size_t ticks = 0;
  const auto tick = [&] {
    phone.send_audio(g722[ticks % g722.size()], 160);
    browser.send_audio(opus[ticks % opus.size()], 960);
    ++ticks;
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return at_phone > 1200 && at_browser > 1200; }));
}

// Three seconds, in real time, of packets that come in twos and threes, out of order, and are lost:
// what a trunk's jitter buffer and the concealment are there for.
TEST_F(PacketPath, a_jitter_buffer_at_work) {
  for (const Codec codec : {Codec::Pcma, Codec::Opus}) {
    SCOPED_TRACE(to_string(codec));
    RtpPhone away(random_, {.formats = codec == Codec::Opus ? "96" : "8"}), trunk(random_, {});
    phones_ = {&away, &trunk};
    PhonePortSpec buffered;
    buffered.codecs = {Codec::Pcmu};
    buffered.playout.mode = Playout::Mode::Adaptive;
    const auto port = engine_->add_phone_port(session_, buffered);
    ASSERT_TRUE(port);
    const PortId from = answer_phone(away, {codec});
    renegotiate(trunk, *port);
    engine_->connect(from, *port);
    int heard = 0;
    trunk.on_audio = [&](const RtpPhone::Received&) { ++heard; };
    const auto said = frames(codec, kNarrowband, 8000);
    const uint32_t units = codec == Codec::Opus ? 960 : 160;
    const std::array<int, 5> late{0, 50, 10, 70, 30};  // ms
    struct OnItsWay {
      uint64_t at;
      size_t number;
    };
    std::deque<OnItsWay> network;
    uint64_t ticks = 0;
    size_t number = 0;
    const uint32_t origin = away.timestamp();
    const uint16_t first = 1000;
    const auto tick = [&] {
      ++ticks;
      if (ticks % 10 == 0) {
        if (number % 17 != 0) {
          const auto delay = static_cast<uint64_t>(late[number % late.size()] / 2);
          network.push_back({ticks + delay, number});
        }
        ++number;
      }
      std::erase_if(network, [&](const OnItsWay& packet) {
        if (packet.at > ticks) return false;
        const auto n = static_cast<uint32_t>(packet.number);
        away.send_numbered(static_cast<uint16_t>(first + n), said[n % said.size()],
                           origin + n * units);
        return true;
      });
    };
    EXPECT_EQ(kNone, calls(tick, [&] { return heard > 150; }));
    engine_->disconnect(from);
    engine_->remove_port(from);
    engine_->remove_port(*port);
  }
}

// Two of them say nothing, so that they share a coder; the loudest alone is one who speaks.
TEST_F(PacketPath, thousand_packets_cross_a_conference_of_every_codec) {
  RtpPhone a(random_, {}), b(random_, {.formats = "9 101"}), c(random_, {.formats = "96 101"});
  WebRtcClient d(*dtls_, random_, {}), e(*dtls_, random_, {});
  phones_ = {&a, &b, &c};
  browsers_ = {&d, &e};
  engine_->join(answer_phone(a));
  engine_->join(answer_phone(b, {Codec::G722}));
  engine_->join(answer_phone(c, {Codec::Opus}));
  engine_->join(answer_browser(d));
  engine_->join(answer_browser(e));
  ASSERT_TRUE(run(5s, [&] { return d.connected() && e.connected(); }));
  int at_phones = 0, at_d = 0, at_e = 0;
  for (RtpPhone* phone : phones_) phone->on_audio = [&](const RtpPhone::Received&) { ++at_phones; };
  d.on_audio = [&](const WebRtcClient::Received&) { ++at_d; };
  e.on_audio = [&](const WebRtcClient::Received&) { ++at_e; };
  const auto loud = frames(Codec::Pcmu, kNarrowband, 8000);
  const auto g722 = frames(Codec::G722, kWideband, 800);
  const auto opus = frames(Codec::Opus, kWideband, 800);
  uint64_t ticks = 0;
  const auto tick = [&] {
    if (++ticks % 10 != 0) return;  // Every 20 ms.
    const size_t i = ticks / 10 % 50;
    a.send_audio(loud[i], 160);
    b.send_audio(g722[i], 160);
    c.send_audio(opus[i], 960);
  };
  EXPECT_EQ(kNone, calls(tick, [&] { return at_phones > 400 && at_d > 130 && at_e > 130; }));
}

}  // namespace
}  // namespace gw::media
#endif
