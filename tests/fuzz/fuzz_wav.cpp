#include <cstdlib>

#include "media/wire/wav.h"

using namespace gw::media::wire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMost = 4096;
  const auto wav = parse_wav(std::as_bytes(std::span(data, size)), kMost);
  if (!wav) return 0;
  if (wav->samples.empty() || wav->samples.size() > kMost) std::abort();
  if (wav->rate < 8000 || wav->rate > 48000) std::abort();
  return 0;
}
