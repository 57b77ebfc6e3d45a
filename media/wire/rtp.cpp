#include "media/wire/rtp.h"

#include "base/assert.h"
#include "media/wire/bytes.h"

namespace gw::media::wire {
namespace {

constexpr uint8_t kVersion2 = 0x80;

// The bytes of the header extension at `offset`, its own four included; nothing when it does not
// fit.
std::optional<size_t> extension_size(std::span<const std::byte> datagram, size_t offset) {
  if (datagram.size() < offset + 4) return std::nullopt;
  const size_t size = 4 + 4 * size_t{get16(&datagram[offset + 2])};
  if (datagram.size() < offset + size) return std::nullopt;
  return size;
}

}  // namespace

std::optional<RtpPacket> RtpPacket::parse(std::span<const std::byte> datagram) {
  if (datagram.size() < kRtpHeaderSize) return std::nullopt;
  const uint8_t first = get8(&datagram[0]);
  if ((first & 0xc0) != kVersion2) return std::nullopt;

  RtpPacket packet;
  const uint8_t second = get8(&datagram[1]);
  packet.header.marker = (second & 0x80) != 0;
  packet.header.payload_type = second & 0x7f;
  packet.header.sequence = get16(&datagram[2]);
  packet.header.timestamp = get32(&datagram[4]);
  packet.header.ssrc = get32(&datagram[8]);

  size_t offset = kRtpHeaderSize + 4 * size_t{first & 0x0fu};  // CSRCs.
  if (offset > datagram.size()) return std::nullopt;
  if ((first & 0x10) != 0) {
    const auto size = extension_size(datagram, offset);
    if (!size) return std::nullopt;
    packet.extension_profile = get16(&datagram[offset]);
    packet.extension = datagram.subspan(offset + 4, *size - 4);
    offset += *size;
  }

  size_t end = datagram.size();
  if ((first & 0x20) != 0) {
    // RFC 3550 5.1: the last byte counts the padding, itself included.
    if (end == offset) return std::nullopt;
    const size_t padding = get8(&datagram[end - 1]);
    if (padding == 0 || padding > end - offset) return std::nullopt;
    end -= padding;
  }
  packet.payload_offset = offset;
  packet.payload = datagram.subspan(offset, end - offset);
  return packet;
}

void write_rtp_header(std::span<std::byte, kRtpHeaderSize> out, const RtpHeader& header) {
  put8(&out[0], kVersion2);
  put8(&out[1], static_cast<uint8_t>((header.marker ? 0x80 : 0) | (header.payload_type & 0x7f)));
  put16(&out[2], header.sequence);
  put32(&out[4], header.timestamp);
  put32(&out[8], header.ssrc);
}

std::span<std::byte> replace_rtp_header(std::span<std::byte> datagram, const RtpPacket& parsed,
                                        const RtpHeader& header) {
  GW_ASSERT(parsed.payload_offset >= kRtpHeaderSize &&
            parsed.payload_offset + parsed.payload.size() <= datagram.size());
  const auto packet = datagram.subspan(parsed.payload_offset - kRtpHeaderSize,
                                       kRtpHeaderSize + parsed.payload.size());
  write_rtp_header(packet.first<kRtpHeaderSize>(), header);
  return packet;
}

}  // namespace gw::media::wire
