// Talk-off: speech, in which nobody pressed a key. Two minutes in the suite, GW_TALK_OFF_MINUTES by
// night.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include "media/tone/dtmf_detector.h"

namespace gw::media {
namespace {

constexpr std::array kVoices{"en-us", "en-gb+f3", "de+m3",    "fr+f2",
                             "es",    "it+f4",    "en-us+m7", "de+f1"};
constexpr size_t kWavHeader = 44;
constexpr double kWavRate = 22050;

// Numbers, spoken: all vowels and consonants of a language in ever new order. About six seconds
// each.
std::string text(unsigned round) {
  std::string words;
  for (unsigned i = 0; i < 3; ++i)
    words += std::to_string((round * 7919u + i * 104729u) % 1000000u) + ", ";
  return words + ".";
}

std::vector<int16_t> spoken(const std::string& voice, const std::string& words) {
  const std::string command = "espeak-ng -v " + voice + " --stdout '" + words + "' 2>/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::vector<char> wav;
  std::array<char, 65536> part;
  for (size_t n; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
    wav.insert(wav.end(), part.data(), part.data() + n);
  ::pclose(pipe);
  if (wav.size() <= kWavHeader) return {};
  std::vector<int16_t> pcm((wav.size() - kWavHeader) / 2);
  std::memcpy(pcm.data(), wav.data() + kWavHeader, pcm.size() * 2);
  return pcm;
}

// To 8 kHz by a windowed sinc.
std::vector<int16_t> narrowband(const std::vector<int16_t>& wide) {
  constexpr double kStep = kWavRate / 8000;
  constexpr long kTaps = 20;
  std::vector<int16_t> out(static_cast<size_t>(static_cast<double>(wide.size()) / kStep));
  for (size_t i = 0; i < out.size(); ++i) {
    const double at = static_cast<double>(i) * kStep;
    const long middle = std::lround(at);
    double sum = 0, weight = 0;
    for (long k = middle - kTaps; k <= middle + kTaps; ++k) {
      if (k < 0 || k >= static_cast<long>(wide.size())) continue;
      const double x = std::numbers::pi * (at - static_cast<double>(k)) / kStep;
      const double window =
          0.5 + 0.5 * std::cos(std::numbers::pi * (at - static_cast<double>(k)) / (kTaps + 1));
      const double tap = (std::abs(x) < 1e-9 ? 1 : std::sin(x) / x) * window;
      sum += tap * wide[static_cast<size_t>(k)];
      weight += tap;
    }
    out[i] = static_cast<int16_t>(std::clamp(sum / weight, -32768.0, 32767.0));
  }
  return out;
}

TEST(TalkOff, speech_of_many_voices_is_no_key) {
  const char* asked = std::getenv("GW_TALK_OFF_MINUTES");
  const size_t wanted = (asked ? static_cast<size_t>(std::atoi(asked)) : 2) * 60 * 8000;
  DtmfDetector detector;
  size_t listened = 0;
  for (unsigned round = 0; listened < wanted; ++round) {
    const std::string words = text(round);
    const auto sound = narrowband(spoken(kVoices[round % kVoices.size()], words));
    ASSERT_FALSE(sound.empty()) << "espeak-ng is missing: scripts/setup.sh installs it";
    detector.push(sound);
    detector.push(std::vector<int16_t>(800));
    listened += sound.size();
    const auto key = detector.take();
    EXPECT_FALSE(key) << key->digit << " in " << kVoices[round % kVoices.size()] << " " << words;
  }
}

}  // namespace
}  // namespace gw::media
