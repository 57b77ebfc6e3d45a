#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace gw::media::wire {

constexpr size_t kRtpHeaderSize = 12;

// The fields that senders choose (RFC 3550 5.1).
struct RtpHeader {
  uint8_t payload_type = 0;
  bool marker = false;
  uint16_t sequence = 0;
  uint32_t timestamp = 0;
  uint32_t ssrc = 0;
};

// One RTP packet, read where it lies: `payload` points into the datagram. Padding, CSRCs and the
// header extension are checked and stepped over; nothing is copied.
struct RtpPacket {
  RtpHeader header;
  std::span<const std::byte> payload;  // May be empty.
  size_t payload_offset = kRtpHeaderSize;
  uint16_t extension_profile = 0;  // 0xBEDE = one-byte headers (RFC 8285); 0 = none.
  std::span<const std::byte> extension;

  static std::optional<RtpPacket> parse(std::span<const std::byte> datagram);  // Packet path.
};

// Writes the fixed header into out[0..12).
void write_rtp_header(std::span<std::byte, kRtpHeaderSize> out, const RtpHeader& header);

// Puts a new fixed header directly in front of the payload of a parsed datagram and returns the
// packet that begins there: CSRCs, extension and padding of the old one are gone, the payload has
// not moved. Packet path.
std::span<std::byte> replace_rtp_header(std::span<std::byte> datagram, const RtpPacket& parsed,
                                        const RtpHeader& header);

// a - b in the ring of 16 or 32 bits: negative when a is older.
constexpr int16_t sequence_distance(uint16_t a, uint16_t b) {
  return static_cast<int16_t>(a - b);
}
constexpr int32_t timestamp_distance(uint32_t a, uint32_t b) {
  return static_cast<int32_t>(a - b);
}

// Unrolls a counter that wraps into one that does not: the value nearest to the newest one seen.
// Starts one turn up, so that packets from before the first one stay positive.
template <class Counter>
class Unwrapped {
 public:
  // Does not move the newest value when `value` is older.
  int64_t extend(Counter value) {
    const int64_t result = peek(value);
    if (!started_ || result > newest_) newest_ = result;
    started_ = true;
    return result;
  }
  int64_t peek(Counter value) const {
    if (!started_) return kTurn + static_cast<int64_t>(value);
    using Signed = std::make_signed_t<Counter>;
    return newest_ +
           static_cast<Signed>(static_cast<Counter>(value - static_cast<Counter>(newest_)));
  }
  bool started() const { return started_; }
  int64_t newest() const { return newest_; }
  void reset() { *this = Unwrapped(); }

 private:
  static constexpr int64_t kTurn = int64_t{1} << (8 * sizeof(Counter));
  int64_t newest_ = 0;
  bool started_ = false;
};
using ExtendedSequence = Unwrapped<uint16_t>;
using ExtendedTimestamp = Unwrapped<uint32_t>;

}  // namespace gw::media::wire
