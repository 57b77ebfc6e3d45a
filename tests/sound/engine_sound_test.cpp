// The same sound through the real engine: sockets, a worker's thread, DTLS-SRTP, on loopback.
#include "tests/sound/network.h"
#include "tests/sound/score.h"
#include "tests/sound/speech.h"
#include "tests/unit/media/engine/engine_rig.h"

namespace gw::sound {
namespace {

using media::Codec;

class EngineSound : public media::EngineRig {};

TEST_F(EngineSound, speech_of_a_browser_that_loses_packets_reaches_a_phone_whole) {
  const auto speech = speak(GW_SPEECH_FOLDER, 1);
  ASSERT_EQ(1u, speech.size()) << "espeak-ng is missing: scripts/setup.sh test";
  const std::vector<int16_t> said(speech.front().pcm.begin(),
                                  speech.front().pcm.begin() + 3 * kRate);
  media::RtpPhone phone(random_, {});
  media::WebRtcClient browser(*dtls_, random_, {});
  phones_ = {&phone};
  browsers_ = {&browser};
  const auto at_phone = answer_phone(phone), at_browser = answer_browser(browser);
  engine_->connect(at_phone, at_browser);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));

  std::vector<int16_t> heard(said.size());
  std::optional<uint32_t> first;
  phone.on_audio = [&](const media::RtpPhone::Received& received) {
    if (!first) return;
    const size_t at = received.rtp.header.timestamp - *first;
    for (size_t i = 0; i < received.rtp.payload.size() && at + i < heard.size(); ++i) {
      heard[at + i] =
          media::g711_decode(media::Law::Mu, std::to_integer<uint8_t>(received.rtp.payload[i]));
    }
  };
  // The phone hears silence until the browser speaks; its clock begins with the first packet.
  media::OpusSettings settings;
  settings.fec = true;
  const auto encoder = media::make_encoder(Codec::Opus, kRate, settings);
  const auto came = carry({"", 0.05}, said.size() / 160, 20ms, 5);
  size_t n = 0, next = 0;
  const auto tick = [&] {
    if (n * 160 >= said.size()) return;
    std::array<std::byte, media::kMaxEncodedFrame> payload;
    const size_t size = encoder->encode(std::span(said).subspan(n * 160, 160), payload);
    if (next < came.size() && came[next].packet == n) {
      browser.send_audio(std::span(payload).first(size), 960);
      ++next;
    } else {
      browser.skip_audio(960);
    }
    ++n;
  };
  phone.on_audio = [&, place = phone.on_audio](const media::RtpPhone::Received& received) {
    if (!first && n > 0) first = received.rtp.header.timestamp;
    place(received);
  };
  run(std::chrono::milliseconds(said.size() / 8) + 300ms, {}, tick);

  const Score score = compare(said, heard);
  // A machine that is busy makes the engine conceal more than was lost; silence or a wrong order
  // are far beyond this (a table's row with 10 % loss: 2.6).
  EXPECT_LT(score.spectral_distance_db, 6);
  EXPECT_NEAR(0, score.level_db, 2);
}

}  // namespace
}  // namespace gw::sound
