// Every packet time of every codec into every packet time of every other: nothing is lost, nothing
// is stretched, and it sounds as loud.
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

using Kind = TwoPorts::Kind;

struct Format {
  Codec codec;
  int ptime_ms;
};

std::string name_of(const Format& f) {
  return std::string(to_string(f.codec)) + std::to_string(f.ptime_ms);
}

class PacketTime : public ::testing::TestWithParam<std::tuple<Format, Format>> {
 protected:
  static constexpr int kSaidMs = 1200;  // A multiple of every packet time.
  static constexpr double kPeak = 6000;
  static constexpr double kHertz = 1000;

  void negotiate(TwoPorts::Leg& leg, const Format& format) {
    auto p = TwoPorts::parameters(format.codec);
    p.ptime = std::chrono::milliseconds(format.ptime_ms);
    world_.negotiate(leg, p);
  }
  void say(const Format& format) {
    const uint32_t rate = natural_rate(format.codec);
    const auto encoder = make_encoder(format.codec, rate);
    const Duration ptime = std::chrono::milliseconds(format.ptime_ms);
    const size_t samples = samples_for(ptime, rate);
    std::array<std::byte, kMaxEncodedFrame> out;
    for (size_t i = 0; i < static_cast<size_t>(kSaidMs / format.ptime_ms); ++i) {
      const size_t size =
          encoder->encode(test::tone(kHertz, kPeak, samples, i * samples, rate), out);
      ASSERT_GT(size, 0u);
      world_.talk(world_.a, descriptor(format.codec).payload_type, std::span(out).first(size),
                  rtp_units(samples, rate, descriptor(format.codec).rtp_clock));
      world_.advance(ptime);
    }
  }
  double heard_level(Codec codec) {
    const uint32_t rate = natural_rate(codec);
    const auto decoder = make_decoder(codec, rate);
    std::vector<int16_t> all;
    std::array<int16_t, kMaxFrameSamples> pcm;
    for (const auto& sent : world_.b.transport.rtp_out) {
      const size_t n = decoder->decode(sent.payload, pcm);
      EXPECT_GT(n, 0u);
      all.insert(all.end(), pcm.begin(), pcm.begin() + static_cast<ptrdiff_t>(n));
    }
    const auto settled = std::span(all).subspan(std::min(all.size(), samples_for(300ms, rate)));
    return 20 * std::log10(test::peak_at(settled, kHertz, rate) / kPeak);
  }

  TwoPorts world_{Kind::Browser, Kind::Browser};  // Nothing of ours fills up what is missing.
};

TEST_P(PacketTime, duration_timestamps_and_level_are_kept) {
  const auto& [from, to] = GetParam();
  negotiate(world_.a, from);
  negotiate(world_.b, to);
  world_.wire_up();
  say(from);
  const auto& out = world_.b.transport.rtp_out;
  // What passes as it is keeps its packet time; Opus has no frame of 30 ms.
  const bool g711 =
      natural_rate(from.codec) == kNarrowband && natural_rate(to.codec) == kNarrowband;
  const bool passes = from.codec == to.codec || g711;
  const int ptime = passes                                         ? from.ptime_ms
                    : to.codec == Codec::Opus && to.ptime_ms == 30 ? 20
                                                                   : to.ptime_ms;
  ASSERT_EQ(static_cast<size_t>(kSaidMs / ptime), out.size());
  const uint32_t units = descriptor(to.codec).rtp_clock / 1000 * static_cast<uint32_t>(ptime);
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(units, out[i].header.timestamp - out[i - 1].header.timestamp);
    EXPECT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
  }
  EXPECT_NEAR(0, heard_level(to.codec), 0.5);
}

std::vector<Format> said() {
  std::vector<Format> all;
  for (const Codec codec : {Codec::Pcmu, Codec::G722, Codec::Opus}) {
    for (const int ms : {10, 20, 30, 40, 60}) {
      if (codec != Codec::Opus || ms != 30) all.push_back({codec, ms});
    }
  }
  return all;
}

std::vector<Format> asked() {
  std::vector<Format> all;
  for (const Codec codec : {Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus}) {
    for (const int ms : {10, 20, 30, 40, 60}) all.push_back({codec, ms});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(table, PacketTime,
                         ::testing::Combine(::testing::ValuesIn(said()),
                                            ::testing::ValuesIn(asked())),
                         [](const auto& cell) {
                           return name_of(std::get<0>(cell.param)) + "_to_" +
                                  name_of(std::get<1>(cell.param));
                         });

}  // namespace
}  // namespace gw::media
