#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "media/wire/sdes.h"

namespace gw::media {

// The arithmetic of SRTP under one session key: seals and opens packets whose index is known.
// Owned by an SrtpSession, one for each direction of RTP and of RTCP. No allocation after
// construction; all methods: packet path.
class SrtpCipher {
 public:
  enum class Stream { Rtp, Rtcp };

  // Derives the session keys (RFC 3711 4.3, RFC 7714 11). Null when OpenSSL refuses.
  static std::unique_ptr<SrtpCipher> create(wire::SrtpSuite suite, const wire::SrtpMaster& master,
                                            Stream stream);
  virtual ~SrtpCipher() = default;

  // What seal() adds; SRTCP's index word is counted apart.
  virtual size_t tag_size() const = 0;
  // `packet` is header and payload with room for the tag behind `size`; true when done.
  struct Place {
    uint32_t ssrc = 0;
    uint64_t index = 0;  // RTP: rollover counter and sequence number. RTCP: the SRTCP index.
    size_t header = 0;   // Octets in clear.
    size_t size = 0;     // Header and payload, without the tag.
  };
  virtual bool seal_rtp(std::byte* packet, const Place& place) = 0;
  // False leaves the packet as it was: it may be tried with another index.
  virtual bool open_rtp(std::byte* packet, const Place& place) = 0;
  // The index word with its E bit stands where the suite wants it; `size` is without word and tag.
  virtual bool seal_rtcp(std::byte* packet, const Place& place) = 0;
  virtual bool open_rtcp(std::byte* packet, const Place& place) = 0;
  // Where SRTCP's index word is in a packet of `total` octets.
  virtual size_t index_word_at(size_t total) const = 0;
};

constexpr size_t kSrtcpIndexWord = 4;
constexpr uint32_t kSrtcpEncrypted = 0x80000000;  // RFC 3711 3.4: the E bit.

}  // namespace gw::media
