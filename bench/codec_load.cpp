#include "bench/codec_load.h"

#include <time.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "bench/speech.h"

namespace gw::bench {
namespace {

using namespace gw::media;

constexpr size_t kFrame = kSamplesPer20Ms;
constexpr size_t kSpeakers = 12;
constexpr double kSpeechSeconds = 10;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void must(bool fine) {
  if (fine) return;
  std::fprintf(stderr, "bench: a codec refused a frame\n");
  std::exit(1);
}

Speaker speak(uint32_t seed, const OpusSettings& opus) {
  const auto pcm = speech(kSpeechSeconds, seed);
  const auto phone = make_encoder(Codec::Pcmu, kNarrowband);
  const auto browser = make_encoder(Codec::Opus, kNarrowband, opus);
  must(phone && browser);
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

}  // namespace

std::vector<Speaker> make_speakers(const OpusSettings& opus) {
  std::vector<Speaker> speakers;
  for (uint32_t s = 0; s < kSpeakers; ++s) speakers.push_back(speak(s + 1, opus));
  return speakers;
}

CodecLoad::CodecLoad(const Setting& setting, const std::vector<Speaker>& speakers)
    : calls_(setting.calls) {
  for (size_t i = 0; i < calls_.size(); ++i) {
    Call& call = calls_[i];
    call.from_phone = make_decoder(Codec::Pcmu, kNarrowband);
    call.to_browser = make_encoder(Codec::Opus, kNarrowband, setting.opus);
    call.from_browser = make_decoder(Codec::Opus, kNarrowband);
    call.to_phone = make_encoder(Codec::Pcmu, kNarrowband);
    must(call.from_phone && call.to_browser && call.from_browser && call.to_phone);
    call.to_browser->set_expected_loss(setting.loss);
    call.speaker = &speakers[i % speakers.size()];
    call.position = i * 37;  // Not all say the same word at once.
  }
}

void CodecLoad::phone_to_browser(Call& call) {
  std::array<int16_t, kMaxFrameSamples> pcm;
  std::array<std::byte, kMaxEncodedFrame> out;
  const Payload& in = call.speaker->pcmu[call.position % call.speaker->pcmu.size()];
  const size_t samples = call.from_phone->decode(in, pcm);
  const size_t size = call.to_browser->encode(std::span(pcm).first(samples), out);
  must(samples == kFrame && size != 0);
  octets_ += size;
}

void CodecLoad::browser_to_phone(Call& call) {
  std::array<int16_t, kMaxFrameSamples> pcm;
  std::array<std::byte, kMaxEncodedFrame> out;
  const Payload& in = call.speaker->opus[call.position % call.speaker->opus.size()];
  const size_t samples = call.from_browser->decode(in, pcm);
  must(samples == kFrame && call.to_phone->encode(std::span(pcm).first(samples), out) == kFrame);
  ++call.position;
}

CodecCost CodecLoad::run(size_t frames) {
  CodecCost cost;
  for (size_t f = 0; f < frames; ++f) {
    const double begin = cpu_seconds();
    for (Call& call : calls_) phone_to_browser(call);
    const double middle = cpu_seconds();
    for (Call& call : calls_) browser_to_phone(call);
    cost.phone_to_browser += middle - begin;
    cost.browser_to_phone += cpu_seconds() - middle;
  }
  const double scale = 1e6 / (static_cast<double>(frames) * static_cast<double>(calls_.size()));
  cost.phone_to_browser *= scale;
  cost.browser_to_phone *= scale;
  return cost;
}

}  // namespace gw::bench
