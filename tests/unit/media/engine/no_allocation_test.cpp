// The packet path allocates nothing: every malloc() of the worker's thread is counted while packets
// cross a call. (Sanitizers bring their own allocator: there the count is not taken.)
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "media/codec/codec.h"
#include "media/path/pcm_stream.h"
#include "media/tone/dtmf_generator.h"
#include "media/tone/telephone_event.h"
#include "tests/unit/media/engine/engine_rig.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__)
#define GW_COUNTS_ALLOCATIONS 1

namespace {

std::atomic<bool> armed{false};
std::atomic<uint64_t> counted{0};

void count() noexcept {
  if (!armed.load(std::memory_order_relaxed)) return;
  char name[16] = {};
  if (::pthread_getname_np(::pthread_self(), name, sizeof name) != 0) return;
  if (std::strncmp(name, "media-", 6) == 0) counted.fetch_add(1);
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t size) noexcept;
void* __libc_calloc(size_t count, size_t size) noexcept;
void* __libc_realloc(void* old, size_t size) noexcept;

void* malloc(size_t size) noexcept {
  count();
  return __libc_malloc(size);
}
void* calloc(size_t n, size_t size) noexcept {
  count();
  return __libc_calloc(n, size);
}
void* realloc(void* old, size_t size) noexcept {
  count();
  return __libc_realloc(old, size);
}
}

namespace gw::media {
namespace {

class NoAllocation : public EngineRig {
 protected:
  // What the worker allocates while `packets` ticks of both sides run.
  uint64_t allocations(const std::function<void()>& tick, const std::function<bool()>& done) {
    // Warm: every buffer has been used once, and what DTLS needed is gone.
    run(2 * DtlsSession::kLook + 300ms, {}, tick, 2ms);
    counted = 0;
    armed = true;
    const bool finished = run(20s, done, tick, 2ms);
    armed = false;
    EXPECT_TRUE(finished);
    return counted;
  }
};

TEST_F(NoAllocation, the_counter_counts) {
  armed = true;
  counted = 0;
  std::thread worker([] {
    ::pthread_setname_np(::pthread_self(), "media-x");
    void* volatile block = std::malloc(100);  // Volatile: the compiler may not leave it out.
    std::free(block);
    int* volatile number = new int(1);
    delete number;
  });
  worker.join();
  armed = false;
  EXPECT_GE(counted, 2u);
}

TEST_F(NoAllocation, thousand_packets_cross_a_relayed_call) {
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
  EXPECT_EQ(0u, allocations(tick, [&] { return at_a > 1200 && at_b > 1200; }));
}

TEST_F(NoAllocation, three_seconds_of_a_media_stream) {
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
  EXPECT_EQ(0u, allocations(tick, [&] { return said > 150; }));
}

TEST_F(NoAllocation, thousand_packets_cross_a_tcp_connection) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {.opus = false, .tcp = true});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser, {Codec::Pcmu});
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  browser.stop_checks();  // A check is answered with an HMAC of OpenSSL, which allocates.
  int at_phone = 0, at_browser = 0;
  phone.on_audio = [&](const RtpPhone::Received&) { ++at_phone; };
  browser.on_audio = [&](const WebRtcClient::Received&) { ++at_browser; };
  const auto codes = pcmu(test::tone(1000, 8000, 160));
  const auto tick = [&] {
    phone.send_audio(codes, 160);
    browser.send_audio(codes, 160);
  };
  EXPECT_EQ(0u, allocations(tick, [&] { return at_phone > 1200 && at_browser > 1200; }));
}

TEST_F(NoAllocation, thousand_packets_cross_a_transcoded_call) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser);
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  browser.stop_checks();  // A check is answered with an HMAC of OpenSSL, which allocates.
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
  EXPECT_EQ(0u, allocations(tick, [&] { return at_phone > 1200 && at_browser > 1200; }));
}

// A key is down all the while that is counted: telling the owner of one that is up allocates.
TEST_F(NoAllocation, tones_become_events_and_events_tones) {
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
  EXPECT_EQ(0u, allocations(tick, [&] { return of_events > 50 && of_tones > 50; }));
}

TEST_F(NoAllocation, thousand_packets_cross_a_conference) {
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
  EXPECT_EQ(0u, allocations(tick, [&] { return heard > 1000; }));
}

}  // namespace
}  // namespace gw::media
#endif
