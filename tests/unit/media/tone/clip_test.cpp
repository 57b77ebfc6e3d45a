#include "media/tone/clip.h"

#include <gtest/gtest.h>

#include <string>

#include "media/codec/g711.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

std::string little(uint32_t value, size_t size) {
  std::string out;
  for (size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string chunk(std::string name, const std::string& data) {
  return name + little(static_cast<uint32_t>(data.size()), 4) + data +
         std::string(data.size() % 2, '\0');
}

std::string wav(uint16_t kind, unsigned channels, uint32_t rate, unsigned bits,
                const std::string& data) {
  const std::string format = little(kind, 2) + little(channels, 2) + little(rate, 4) +
                             little(rate * channels * bits / 8, 4) +
                             little(channels * bits / 8, 2) + little(bits, 2);
  const std::string rest =
      "WAVE" + chunk("fmt ", format) + chunk("LIST", "abc") + chunk("data", data);
  return "RIFF" + little(static_cast<uint32_t>(rest.size()), 4) + rest;
}

std::string pcm16(std::span<const int16_t> samples) {
  std::string out;
  for (const int16_t s : samples) out += little(static_cast<uint16_t>(s), 2);
  return out;
}

Result<ClipPtr> read(const std::string& file) {
  return read_clip(std::as_bytes(std::span(file)));
}

// A second of 1000 Hz in every form that people have.
TEST(Clip, every_usual_kind_of_file_is_heard_as_it_was_recorded) {
  struct Form {
    const char* what;
    uint16_t kind;
    unsigned channels, bits;
    uint32_t rate;
  };
  const Form forms[] = {{"8 kHz", 1, 1, 16, 8000},     {"16 kHz", 1, 1, 16, 16000},
                        {"24 kHz", 1, 1, 16, 24000},   {"48 kHz", 1, 1, 16, 48000},
                        {"44.1 kHz", 1, 1, 16, 44100}, {"stereo", 1, 2, 16, 16000},
                        {"8 bit", 1, 1, 8, 16000},     {"24 bit", 1, 1, 24, 16000},
                        {"A-law", 6, 1, 8, 8000},      {"mu-law", 7, 1, 8, 8000}};
  for (const Form& form : forms) {
    const auto tone = test::tone(1000, 8000, form.rate, 0, form.rate);
    std::string data;
    for (const int16_t s : tone) {
      for (unsigned c = 0; c < form.channels; ++c) {
        if (form.kind != 1)
          data += static_cast<char>(g711_encode(form.kind == 6 ? Law::A : Law::Mu, s));
        else if (form.bits == 8)
          data += static_cast<char>(s / 256 + 128);
        else if (form.bits == 24)
          data += '\0' + little(static_cast<uint16_t>(s), 2);
        else
          data += little(static_cast<uint16_t>(s), 2);
      }
    }
    const auto clip = read(wav(form.kind, form.channels, form.rate, form.bits, data));
    ASSERT_TRUE(clip) << form.what << ": " << clip.error().detail;
    EXPECT_NEAR(static_cast<double>((*clip)->narrow.size()), 8000, 1) << form.what;
    EXPECT_NEAR(static_cast<double>((*clip)->wide.size()), 16000, 1) << form.what;
    const auto middle = [](const std::vector<int16_t>& pcm) {
      return std::span(pcm).subspan(pcm.size() / 4, pcm.size() / 2);
    };
    EXPECT_NEAR(test::peak_at(middle((*clip)->narrow), 1000), 8000, 300) << form.what;
    EXPECT_NEAR(test::peak_at(middle((*clip)->wide), 1000, 16000), 8000, 300) << form.what;
  }
}

TEST(Clip, what_eight_kilohertz_cannot_hold_is_taken_out) {
  const auto high = test::tone(6000, 8000, 48000, 0, 48000);
  const auto narrow = resampled(high, 48000, 8000);
  EXPECT_LT(test::rms(std::span(narrow).subspan(500, 7000)), 8.0) << "60 dB down, not an alias";
  const auto wide = resampled(high, 48000, 16000);
  EXPECT_NEAR(test::peak_at(std::span(wide).subspan(1000, 14000), 6000, 16000), 8000, 300);
}

TEST(Clip, a_file_that_is_cut_short_is_played_as_far_as_it_goes) {
  const auto tone = test::tone(1000, 8000, 8000);
  std::string file = wav(1, 1, 8000, 16, pcm16(tone));
  file.resize(file.size() - 8000);
  const auto clip = read(file);
  ASSERT_TRUE(clip);
  EXPECT_EQ((*clip)->narrow.size(), 4000u);
}

TEST(Clip, other_files_are_refused_in_plain_words) {
  const std::string sound = pcm16(test::tone(1000, 8000, 800));
  const auto why = [](const std::string& file) {
    const auto clip = read(file);
    return clip ? "" : clip.error().detail;
  };
  EXPECT_EQ(why(""), "this is no WAV file");
  EXPECT_EQ(why("ID3 an mp3 file of some kind"), "this is no WAV file");
  EXPECT_EQ(why(wav(3, 1, 16000, 32, sound)),
            "the WAV file is neither PCM (8, 16, 24 bit) nor G.711");
  EXPECT_EQ(why(wav(1, 6, 16000, 16, sound)), "the WAV file has neither one channel nor two");
  EXPECT_EQ(why(wav(1, 1, 96000, 16, sound)), "the WAV file has no rate of 8 to 48 kHz");
  EXPECT_EQ(why(wav(1, 1, 16000, 16, "")), "the WAV file holds no sound");
  EXPECT_EQ(why(wav(1, 1, 8000, 16, std::string(2 * 8000 * 601, '\0'))),
            "the WAV file is longer than ten minutes");
}

}  // namespace
}  // namespace gw::media
