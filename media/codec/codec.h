#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "media/media_types.h"

namespace gw::media {

// PCM in the gateway is 16-bit mono at one of two rates. Each wiring chooses: the codec that is
// sent to us and the one that we send decide what the sound can hold. libopus and G.722 work at
// either rate themselves; G.711 is narrowband and is resampled only for a mixer's sake.
constexpr uint32_t kNarrowband = 8000;
constexpr uint32_t kWideband = 16000;

constexpr size_t samples_for(Duration length, uint32_t rate) {
  return static_cast<size_t>(length.count() * rate / Duration(1s).count());
}
constexpr Duration duration_of(size_t samples, uint32_t rate) {
  return Duration(1s) * static_cast<int64_t>(samples) / rate;
}

constexpr Duration kMaxFrame = 120ms;  // Opus packets hold at most that (RFC 6716).
constexpr size_t kMaxFrameSamples = samples_for(kMaxFrame, kWideband);
constexpr size_t kSamplesPer20Ms = samples_for(20ms, kNarrowband);
constexpr size_t kMaxEncodedFrame = 1276;  // An Opus frame's limit; G.711 needs 960 for 120 ms.

// What SDP and RTP need to know of a codec.
struct CodecDescriptor {
  Codec codec = Codec::Pcmu;
  std::string_view name;      // a=rtpmap
  uint32_t rtp_clock = 8000;  // G.722 too, though it has 16,000 samples (RFC 3551 4.5.2).
  uint8_t channels = 1;       // As a=rtpmap says: Opus is always "/2" (RFC 7587).
  std::optional<uint8_t> static_payload_type;
  uint8_t payload_type = 0;  // What our offers use.
};
const CodecDescriptor& descriptor(Codec codec);

// The rate at which nothing of what phones say in this codec is lost. Opus has more; between two
// legs that speak it packets pass as they are, and no other codec of ours hears beyond 16 kHz.
constexpr uint32_t natural_rate(Codec codec) {
  return codec == Codec::G722 || codec == Codec::Opus ? kWideband : kNarrowband;
}

// Timestamp units for PCM samples: 160 samples at 8 kHz are 160 for G.711, 960 for Opus.
constexpr uint32_t rtp_units(size_t samples, uint32_t rate, uint32_t rtp_clock) {
  return static_cast<uint32_t>(samples * rtp_clock / rate);
}

// PCM in, one packet's payload out. Owned by a MediaPort; its worker's thread. Nothing allocates
// after construction.
class AudioEncoder {
 public:
  virtual ~AudioEncoder() = default;
  virtual Codec codec() const = 0;
  virtual uint32_t rate() const = 0;  // Of the PCM.
  // Whole frames of 2.5, 5, 10, 20, 40 or 60 ms (G.711 and G.722: any even size). The payload's
  // size; 0 = refused. Packet path.
  virtual size_t encode(std::span<const int16_t> pcm, std::span<std::byte> out) = 0;
  // What the peer reports to lose; Opus adds FEC from kFecFromLoss on, and bits for it.
  virtual void set_expected_loss(unsigned percent) { static_cast<void>(percent); }
  virtual void set_complexity(int complexity) { static_cast<void>(complexity); }  // 0..10
  virtual void reset() {}  // After a pause: forget the past.
  // Whoever decodes what the other made may be given ours from here on, once continue_from() was
  // called: the same codec, rate and settings, and a state that can be handed on.
  virtual bool interchangeable(const AudioEncoder& other) const {
    static_cast<void>(other);
    return false;
  }
  virtual void continue_from(const AudioEncoder& other) { static_cast<void>(other); }
};

// One packet's payload in, PCM out. Each returns the samples written, 0 when the payload is bad or
// `out` too small.
class AudioDecoder {
 public:
  virtual ~AudioDecoder() = default;
  virtual Codec codec() const = 0;
  virtual uint32_t rate() const = 0;  // Of the PCM.
  virtual size_t decode(std::span<const std::byte> payload,
                        std::span<int16_t> out) = 0;  // Packet path.
  // Fills all of `out` (up to 60 ms) in place of a lost packet, or a DTX gap. Packet path.
  virtual size_t conceal(std::span<int16_t> out) = 0;
  // The lost packet of out.size() samples (10..60 ms) by its successor: from that one's FEC, or
  // made up so that it runs into it. `rest` samples are missing between the two. Call it before
  // decode(successor). Packet path.
  virtual size_t recover(std::span<const std::byte> successor, std::span<int16_t> out,
                         size_t rest) = 0;
  // Whether a payload holds such FEC: the frame before it in a coarser form. Packet path.
  virtual bool restores(std::span<const std::byte> payload) const {
    static_cast<void>(payload);
    return false;
  }
  // How many samples a payload holds, without decoding it; 0 = bad. Packet path.
  virtual size_t samples_in(std::span<const std::byte> payload) const = 0;
  virtual void reset() {}
};

struct OpusSettings {
  int complexity = 5;
  int bitrate = 24000;  // For speech: transparent at 8 kHz, good at 16 kHz. FEC adds a third.
  bool fec = false;     // From the first packet on; else by set_expected_loss().
  bool dtx = false;
  bool operator==(const OpusSettings&) const = default;
};

// `rate` is kNarrowband or kWideband. Null when the codec's library refuses (out of memory).
std::unique_ptr<AudioEncoder> make_encoder(Codec codec, uint32_t rate,
                                           const OpusSettings& opus = {});
std::unique_ptr<AudioDecoder> make_decoder(Codec codec, uint32_t rate);

}  // namespace gw::media
