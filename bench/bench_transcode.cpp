#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "bench/speech.h"
#include "media/codec/codec.h"

// What the codecs of one call cost: G.711 to Opus one way, Opus to G.711 the other, many calls in
// turn on one thread, so that each finds its state out of the cache as it does in the daemon.
namespace {

using namespace gw::media;

struct Options {
  int calls = 200;
  int rounds = 5;   // The median of these counts.
  int frames = 50;  // Of 20 ms in a round: one second.
  OpusSettings opus;
  unsigned loss = 0;  // Reported loss: FEC from 5 % on.
};

constexpr size_t kFrame = kSamplesPer20Ms;
constexpr size_t kSpeakers = 12;
constexpr double kSpeechSeconds = 10;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

using Payload = std::vector<std::byte>;
struct Speaker {
  std::vector<Payload> pcmu, opus;  // The same words as they come from a phone and from a browser.
};

Speaker speak(uint32_t seed, const Options& options) {
  const auto pcm = gw::bench::speech(kSpeechSeconds, seed);
  const auto phone = make_encoder(Codec::Pcmu);
  const auto browser = make_encoder(Codec::Opus, options.opus);
  Speaker speaker;
  for (size_t at = 0; at + kFrame <= pcm.size(); at += kFrame) {
    const auto frame = std::span(pcm).subspan(at, kFrame);
    Payload payload(kMaxEncodedFrame);
    payload.resize(phone->encode(frame, payload));
    speaker.pcmu.push_back(payload);
    payload.resize(kMaxEncodedFrame);
    payload.resize(browser->encode(frame, payload));
    speaker.opus.push_back(std::move(payload));
  }
  return speaker;
}

struct Call {
  std::unique_ptr<AudioDecoder> from_phone = make_decoder(Codec::Pcmu);
  std::unique_ptr<AudioEncoder> to_browser;
  std::unique_ptr<AudioDecoder> from_browser = make_decoder(Codec::Opus);
  std::unique_ptr<AudioEncoder> to_phone = make_encoder(Codec::Pcmu);
  const Speaker* speaker = nullptr;
  size_t position = 0;
  uint64_t octets = 0;
};

struct Cost {
  double phone_to_browser = 0, browser_to_phone = 0;  // Microseconds a call and frame.
  double sum() const { return phone_to_browser + browser_to_phone; }
};

void must(bool fine) {
  if (fine) return;
  std::fprintf(stderr, "bench_transcode: a codec refused a frame\n");
  std::exit(1);
}

Cost run_round(std::vector<Call>& calls, int frames) {
  std::array<int16_t, kMaxFrameSamples> pcm;
  std::array<std::byte, kMaxEncodedFrame> out;
  Cost cost;
  for (int f = 0; f < frames; ++f) {
    const double begin = cpu_seconds();
    for (Call& call : calls) {
      const Payload& in = call.speaker->pcmu[call.position % call.speaker->pcmu.size()];
      const size_t samples = call.from_phone->decode(in, pcm);
      const size_t size = call.to_browser->encode(std::span(pcm).first(samples), out);
      must(samples == kFrame && size != 0);
      call.octets += size;
    }
    const double middle = cpu_seconds();
    for (Call& call : calls) {
      const Payload& in = call.speaker->opus[call.position % call.speaker->opus.size()];
      const size_t samples = call.from_browser->decode(in, pcm);
      must(samples == kFrame &&
           call.to_phone->encode(std::span(pcm).first(samples), out) == kFrame);
      ++call.position;
    }
    cost.phone_to_browser += middle - begin;
    cost.browser_to_phone += cpu_seconds() - middle;
  }
  const double scale = 1e6 / (static_cast<double>(frames) * static_cast<double>(calls.size()));
  cost.phone_to_browser *= scale;
  cost.browser_to_phone *= scale;
  return cost;
}

int number_after(int argc, char** argv, const char* name, int fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::atoi(argv[i + 1]);
  }
  return fallback;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  options.calls = std::max(1, number_after(argc, argv, "--calls", options.calls));
  options.rounds = std::max(1, number_after(argc, argv, "--rounds", options.rounds));
  options.frames = std::max(1, number_after(argc, argv, "--frames", options.frames));
  options.opus.complexity = number_after(argc, argv, "--complexity", options.opus.complexity);
  options.opus.bitrate = number_after(argc, argv, "--bitrate", options.opus.bitrate);
  options.loss = static_cast<unsigned>(std::max(0, number_after(argc, argv, "--loss", 0)));

  std::vector<Speaker> speakers;
  for (uint32_t s = 0; s < kSpeakers; ++s) speakers.push_back(speak(s + 1, options));
  std::vector<Call> calls(static_cast<size_t>(options.calls));
  for (size_t i = 0; i < calls.size(); ++i) {
    calls[i].to_browser = make_encoder(Codec::Opus, options.opus);
    calls[i].to_browser->set_expected_loss(options.loss);
    calls[i].speaker = &speakers[i % speakers.size()];
    calls[i].position = i * 37;  // Not all say the same word at once.
  }

  run_round(calls, options.frames);  // Warm: encoders adapt, pages are touched.
  std::vector<Cost> costs;
  for (int r = 0; r < options.rounds; ++r) costs.push_back(run_round(calls, options.frames));
  std::ranges::sort(costs, {}, &Cost::sum);
  const Cost& median = costs[costs.size() / 2];

  uint64_t octets = 0;
  for (const Call& call : calls) octets += call.octets;
  const double frames = static_cast<double>(options.frames) * (options.rounds + 1) * options.calls;
  std::printf(
      "{\"us_per_call_20ms\": %.1f, \"calls_per_core\": %.0f, \"us_min\": %.1f, "
      "\"us_phone_to_browser\": %.1f, "
      "\"us_browser_to_phone\": %.1f, \"calls\": %d, \"complexity\": %d, \"bitrate\": %d, \"fec\": "
      "%s, "
      "\"measured_bitrate\": %.0f}\n",
      median.sum(), std::floor(20000 / median.sum()), costs.front().sum(), median.phone_to_browser,
      median.browser_to_phone, options.calls, options.opus.complexity, options.opus.bitrate,
      options.loss >= 5 ? "true" : "false", static_cast<double>(octets) * 8 * 50 / frames);
  return 0;
}
