// The same sound through the real engine: sockets, a worker's thread, DTLS-SRTP, on loopback.
#include <algorithm>
#include <array>

#include "tests/sound/ends.h"
#include "tests/sound/network.h"
#include "tests/sound/score.h"
#include "tests/sound/speech.h"
#include "tests/unit/media/engine/engine_rig.h"

namespace gw::sound {
namespace {

class EngineSound : public media::EngineRig {
 protected:
  static constexpr size_t kFrame = kRate / 50;
  static constexpr double kLoss = 0.1;
  static constexpr int kMostLag = kRate / 2;  // Silence that the phone heard before counts.

  struct Conversation {
    Score at_phone, at_browser;
    Duration late{0};  // How far this process was behind with what it had to send.
  };

  // A phone and a browser say the same at once, and the network loses the same of both.
  Conversation converse(std::span<const int16_t> said, bool conceals) {
    config_.conceals = conceals;
    start();
    media::RtpPhone phone(random_, {});
    media::WebRtcClient browser(*dtls_, random_, {});
    phones_ = {&phone};
    browsers_ = {&browser};
    const auto at_phone = answer_phone(phone), at_browser = answer_browser(browser);
    engine_->connect(at_phone, at_browser);
    EXPECT_TRUE(run(5s, [&] { return browser.connected(); }));

    const auto from_phone = said_by_phone(said), from_browser = said_by_browser(said, kLoss);
    const auto came = carry({"", kLoss}, from_phone.size(), 20ms, 5);
    size_t n = 0, next = 0;
    std::vector<Piece> phone_heard, browser_heard;
    const auto keep = [&n](std::vector<Piece>& pieces, uint32_t& first, uint32_t units) {
      return [&pieces, &first, &n, units](const auto& received) {
        if (n == 0) return;  // A phone hears silence until the browser speaks.
        const uint32_t timestamp = received.rtp.header.timestamp;
        if (pieces.empty()) first = timestamp;
        const std::span<const std::byte> payload = received.rtp.payload;
        pieces.push_back({(timestamp - first) / units, {payload.begin(), payload.end()}});
      };
    };
    uint32_t phones_first = 0, browsers_first = 0;
    phone.on_audio = keep(phone_heard, phones_first, 1);
    browser.on_audio = keep(browser_heard, browsers_first, 6);

    Conversation result;
    const TimePoint begun = clock_.now();
    const auto tick = [&] {
      if (n == from_phone.size()) return;
      result.late = std::max(result.late, clock_.now() - begun - static_cast<int64_t>(n) * 20ms);
      if (next < came.size() && came[next].packet == n) {
        phone.send_audio(from_phone[n], kFrame);
        browser.send_audio(from_browser[n], 960);
        ++next;
      } else {
        phone.skip(kFrame, 1);
        browser.skip_audio(960);
      }
      ++n;
    };
    run(static_cast<int64_t>(from_phone.size()) * 20ms + 100ms, {}, tick);
    std::ranges::stable_sort(phone_heard, {}, &Piece::at);
    std::ranges::stable_sort(browser_heard, {}, &Piece::at);
    result.at_phone = compare(said, heard_by_phone(phone_heard), kMostLag);
    result.at_browser = compare(said, heard_by_browser(browser_heard), kMostLag);
    phones_.clear();
    browsers_.clear();
    return result;
  }

  // One of which a busy machine took no part: then more than the network lost comes too late.
  Conversation undisturbed(std::span<const int16_t> said, bool conceals) {
    Conversation result = converse(said, conceals);
    for (int again = 0; again < 4 && result.late > 20ms; ++again) {
      result = converse(said, conceals);
    }
    return result;
  }
};

void expect_repaired(const char* who, const Score& with, const Score& without) {
  SCOPED_TRACE(who);
  EXPECT_LT(with.spectral_distance_db, 0.9 * without.spectral_distance_db);
  EXPECT_GT(with.segmental_snr_db, without.segmental_snr_db);
  EXPECT_NEAR(0, with.level_db, 0.5);
}

TEST_F(EngineSound,
       speech_that_loses_packets_sounds_better_at_both_ends_than_with_silence_instead) {
  const auto speech = speak(GW_SPEECH_FOLDER, 1);
  ASSERT_EQ(1u, speech.size()) << "espeak-ng is missing: scripts/setup.sh test";
  const auto said = std::span(speech.front().pcm).first(4 * kRate);
  const Conversation with = undisturbed(said, true), without = undisturbed(said, false);
  expect_repaired("phone", with.at_phone, without.at_phone);
  expect_repaired("browser", with.at_browser, without.at_browser);
}

}  // namespace
}  // namespace gw::sound
