#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "bench/codec_load.h"

// What the codecs of one call cost: G.711 to Opus one way, Opus to G.711 the other, many calls in
// turn on one thread. Nothing else of the gateway is in it.
namespace {

using gw::bench::CodecCost;
using gw::bench::CodecLoad;

int number_after(int argc, char** argv, const char* name, int fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::atoi(argv[i + 1]);
  }
  return fallback;
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = std::max(1, number_after(argc, argv, "--calls", 200));
  const int rounds = std::max(1, number_after(argc, argv, "--rounds", 5));   // The median counts.
  const int frames = std::max(1, number_after(argc, argv, "--frames", 50));  // 20 ms each, a round.
  CodecLoad::Setting setting;
  setting.calls = static_cast<size_t>(calls);
  setting.opus.complexity = number_after(argc, argv, "--complexity", setting.opus.complexity);
  setting.opus.bitrate = number_after(argc, argv, "--bitrate", setting.opus.bitrate);
  setting.loss = static_cast<unsigned>(std::max(0, number_after(argc, argv, "--loss", 0)));

  const auto speakers = gw::bench::make_speakers(setting.opus);
  CodecLoad load(setting, speakers);
  const auto frames_a_round = static_cast<size_t>(frames);
  load.run(frames_a_round);  // Warm: encoders adapt, pages are touched.
  std::vector<CodecCost> costs;
  for (int r = 0; r < rounds; ++r) costs.push_back(load.run(frames_a_round));
  std::ranges::sort(costs, {}, &CodecCost::sum);
  const CodecCost& median = costs[costs.size() / 2];

  const double seconds = 0.02 * frames * (rounds + 1) * calls;
  std::printf(
      "{\"us_per_call_20ms\": %.1f, \"calls_per_core\": %.0f, \"us_min\": %.1f, "
      "\"us_phone_to_browser\": %.1f, \"us_browser_to_phone\": %.1f, \"calls\": %d, "
      "\"complexity\": %d, \"bitrate\": %d, \"fec\": %s, \"measured_bitrate\": %.0f}\n",
      median.sum(), std::floor(20000 / median.sum()), costs.front().sum(), median.phone_to_browser,
      median.browser_to_phone, calls, setting.opus.complexity, setting.opus.bitrate,
      setting.loss >= 5 ? "true" : "false", static_cast<double>(load.octets()) * 8 / seconds);
  return 0;
}
