#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "media/media_types.h"

namespace gw::media {

// The rate of all PCM in the gateway: 16-bit mono at 8 kHz. libopus resamples inside, G.711 is it
// already.
constexpr uint32_t kSampleRate = 8000;
constexpr size_t kSamplesPer20Ms = kSampleRate / 50;
constexpr size_t kMaxFrameSamples =
    kSampleRate * 120 / 1000;              // Opus packets hold at most 120 ms (RFC 6716).
constexpr size_t kMaxEncodedFrame = 1276;  // An Opus frame's limit; G.711 needs 960 for 120 ms.

// What SDP and RTP need to know of a codec.
struct CodecDescriptor {
  Codec codec = Codec::Pcmu;
  std::string_view name;  // a=rtpmap
  uint32_t rtp_clock = kSampleRate;
  uint8_t channels = 1;  // As a=rtpmap says: Opus is always "/2" (RFC 7587).
  std::optional<uint8_t> static_payload_type;
  uint8_t payload_type = 0;  // What our offers use.
};
const CodecDescriptor& descriptor(Codec codec);

// Timestamp units for PCM samples: 160 samples are 160 for G.711, 960 for Opus.
constexpr uint32_t rtp_units(size_t samples, uint32_t rtp_clock) {
  return static_cast<uint32_t>(samples * rtp_clock / kSampleRate);
}

// PCM in, one packet's payload out. Owned by a MediaPort; its worker's thread. Nothing allocates
// after construction.
class AudioEncoder {
 public:
  virtual ~AudioEncoder() = default;
  virtual Codec codec() const = 0;
  // Whole frames of 10, 20, 40 or 60 ms (G.711: any size). The payload's size; 0 = refused. Packet
  // path.
  virtual size_t encode(std::span<const int16_t> pcm, std::span<std::byte> out) = 0;
  // What the peer reports to lose; Opus adds FEC from kFecFromLoss on, at its own bit rate.
  virtual void set_expected_loss(unsigned percent) { static_cast<void>(percent); }
  virtual void set_complexity(int complexity) { static_cast<void>(complexity); }  // 0..10
  virtual void reset() {}  // After a pause: forget the past.
};

// One packet's payload in, PCM out. Each returns the samples written, 0 when the payload is bad or
// `out` too small.
class AudioDecoder {
 public:
  virtual ~AudioDecoder() = default;
  virtual Codec codec() const = 0;
  virtual size_t decode(std::span<const std::byte> payload,
                        std::span<int16_t> out) = 0;  // Packet path.
  // Fills all of `out` (up to 60 ms) in place of a lost packet, or a DTX gap. Packet path.
  virtual size_t conceal(std::span<int16_t> out) = 0;
  // The lost packet of out.size() samples (10..60 ms) from the FEC of its successor; conceals when
  // that has none. Call it before decode(successor). Packet path.
  virtual size_t recover(std::span<const std::byte> successor, std::span<int16_t> out) = 0;
  // How many samples a payload holds, without decoding it; 0 = bad. Packet path.
  virtual size_t samples_in(std::span<const std::byte> payload) const = 0;
  virtual void reset() {}
};

struct OpusSettings {
  int complexity = 5;
  int bitrate = 24000;  // For 8 kHz speech: transparent.
  bool fec = false;     // From the first packet on; else by set_expected_loss().
  bool dtx = false;
};

// Null when the codec's library refuses (out of memory).
std::unique_ptr<AudioEncoder> make_encoder(Codec codec, const OpusSettings& opus = {});
std::unique_ptr<AudioDecoder> make_decoder(Codec codec);

}  // namespace gw::media
