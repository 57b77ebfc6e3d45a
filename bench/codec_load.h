#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/codec/codec.h"

namespace gw::bench {

using Payload = std::vector<std::byte>;

// Somebody's words, a packet each 20 ms, as they come from a phone and from a browser.
struct Speaker {
  std::vector<Payload> pcmu, opus;
};
std::vector<Speaker> make_speakers(const media::OpusSettings& opus);

// Microseconds of CPU a call and 20 ms.
struct CodecCost {
  double phone_to_browser = 0, browser_to_phone = 0;
  double sum() const { return phone_to_browser + browser_to_phone; }
};

// The codecs of many calls in turn on the calling thread: G.711 to Opus one way, Opus to G.711 the
// other, so that each finds its state out of the cache as it does in the daemon.
class CodecLoad {
 public:
  struct Setting {
    size_t calls = 200;
    media::OpusSettings opus;
    unsigned loss = 0;  // Reported loss, percent: FEC from 5 on.
  };

  // `speakers` must outlive it.
  CodecLoad(const Setting& setting, const std::vector<Speaker>& speakers);

  // The mean over so many frames of every call. Ends the program when a codec refuses one.
  CodecCost run(size_t frames);
  uint64_t octets() const { return octets_; }  // Of Opus, so far.

 private:
  struct Call {
    std::unique_ptr<media::AudioDecoder> from_phone, from_browser;
    std::unique_ptr<media::AudioEncoder> to_browser, to_phone;
    const Speaker* speaker = nullptr;
    size_t position = 0;
  };

  void phone_to_browser(Call& call);
  void browser_to_phone(Call& call);

  std::vector<Call> calls_;
  uint64_t octets_ = 0;
};

}  // namespace gw::bench
