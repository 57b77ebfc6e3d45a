#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"

namespace gw::media::wire {

// RFC 3550 6.4: what a receiver saw of one source.
struct ReportBlock {
  uint32_t ssrc = 0;
  uint8_t fraction_lost = 0;         // Of 256, since the last report.
  int32_t cumulative_lost = 0;       // 24 bits, signed: duplicates make it negative.
  uint32_t highest_sequence = 0;     // Extended.
  uint32_t jitter = 0;               // In timestamp units.
  uint32_t last_sr = 0;              // Middle 32 bits of the NTP time of the last SR; 0 = none yet.
  uint32_t delay_since_last_sr = 0;  // In 1/65536 s.
};

struct SenderInfo {
  uint64_t ntp = 0;  // 32.32 seconds since 1900.
  uint32_t rtp_timestamp = 0;
  uint32_t packets = 0;
  uint32_t octets = 0;
};

// RFC 3611 4.7: how one source sounds at its receiver. Rates and densities are of 256.
struct VoipMetrics {
  static constexpr uint8_t kUnavailable = 127;

  uint32_t ssrc = 0;
  uint8_t loss_rate = 0, discard_rate = 0;
  uint8_t burst_density = 0, gap_density = 0;
  uint16_t burst_ms = 0, gap_ms = 0;  // Mean lengths.
  uint16_t round_trip_ms = 0, end_system_ms = 0;
  uint8_t signal_dbm = kUnavailable, noise_dbm = kUnavailable, echo_loss_db = kUnavailable;
  uint8_t gmin = 16;
  uint8_t rating = kUnavailable, external_rating = kUnavailable;          // R, 0..100.
  uint8_t listening_mos = kUnavailable, conversation_mos = kUnavailable;  // Tenths: 10..50.
  uint8_t receiver = 0;  // Concealment, kind of jitter buffer.
  uint16_t buffer_ms = 0, buffer_most_ms = 0, buffer_limit_ms = 0;

  bool operator==(const VoipMetrics&) const = default;
};

// A compound packet as we use it: one sender speaks. APP packets and other blocks of XR are stepped
// over; feedback (RFC 4585) is counted: sound is not sent again.
struct RtcpCompound {
  // RFC 3550 allows 31 in one report; we send one stream to a peer, so the rest could not be about
  // us.
  static constexpr size_t kMaxBlocks = 8;
  static constexpr size_t kMaxByes = 8;

  uint32_t ssrc = 0;                 // The reporter; of the first SR, RR or SDES.
  std::optional<SenderInfo> sender;  // An SR was in it.
  std::array<ReportBlock, kMaxBlocks> blocks{};
  size_t block_count = 0;
  std::string_view cname;           // Points into the datagram.
  std::optional<VoipMetrics> voip;  // The first in it.
  uint32_t feedbacks = 0;           // NACK, transport-wide congestion control, and their kin.
  std::array<uint32_t, kMaxByes> byes{};
  size_t bye_count = 0;

  std::span<const ReportBlock> reports() const { return {blocks.data(), block_count}; }
  std::span<const uint32_t> left() const { return {byes.data(), bye_count}; }

  static std::optional<RtcpCompound> parse(std::span<const std::byte> datagram);  // Packet path.
};

// What we say: SR when `sender` is set, else RR; then SDES with the CNAME; then XR; then BYE if we
// leave.
struct RtcpReport {
  uint32_t ssrc = 0;
  std::optional<SenderInfo> sender;
  std::span<const ReportBlock> blocks;  // At most 31 are written.
  std::string_view cname;               // At most 255 characters.
  bool bye = false;
  std::optional<VoipMetrics> voip = std::nullopt;
};

constexpr size_t kMaxRtcpReport = 8 + 20 + 31 * 24 + 268 + 44 + 8;

// The size written; 0 when `out` is too small. Packet path.
size_t write_rtcp(std::span<std::byte> out, const RtcpReport& report);

// NTP's 32.32 fixed point, and its middle 32 bits (LSR).
uint64_t to_ntp(WallTime wall);
constexpr uint32_t ntp_middle(uint64_t ntp) {
  return static_cast<uint32_t>(ntp >> 16);
}
// A duration in 1/65536 s (DLSR), and back.
uint32_t to_ntp_short(Duration duration);
Duration from_ntp_short(uint32_t value);

}  // namespace gw::media::wire
