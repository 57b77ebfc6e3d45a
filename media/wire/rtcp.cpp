#include "media/wire/rtcp.h"

#include <algorithm>
#include <cstring>

#include "media/wire/bytes.h"

namespace gw::media::wire {
namespace {

constexpr uint8_t kSenderReport = 200;
constexpr uint8_t kReceiverReport = 201;
constexpr uint8_t kSourceDescription = 202;
constexpr uint8_t kGoodbye = 203;
constexpr uint8_t kTransportFeedback = 205;
constexpr uint8_t kPayloadFeedback = 206;
constexpr uint8_t kExtendedReport = 207;
constexpr uint8_t kCname = 1;
constexpr uint8_t kVoipMetrics = 7;      // Block type.
constexpr size_t kVoipMetricsSize = 36;  // With the block's head.
constexpr size_t kBlockSize = 24;
constexpr size_t kMaxBlocksInReport = 31;  // The count has five bits.
constexpr size_t kMaxCname = 255;

ReportBlock read_block(const std::byte* at) {
  ReportBlock block;
  block.ssrc = get32(at);
  block.fraction_lost = get8(at + 4);
  // 24 bits with a sign: up by eight, then down arithmetically.
  block.cumulative_lost = static_cast<int32_t>((get32(at + 4) & 0xffffff) << 8) >> 8;
  block.highest_sequence = get32(at + 8);
  block.jitter = get32(at + 12);
  block.last_sr = get32(at + 16);
  block.delay_since_last_sr = get32(at + 20);
  return block;
}

void write_block(std::byte* at, const ReportBlock& block) {
  const int32_t lost = std::clamp(block.cumulative_lost, -0x800000, 0x7fffff);
  put32(at, block.ssrc);
  put32(at + 4, uint32_t{block.fraction_lost} << 24 | (static_cast<uint32_t>(lost) & 0xffffff));
  put32(at + 8, block.highest_sequence);
  put32(at + 12, block.jitter);
  put32(at + 16, block.last_sr);
  put32(at + 20, block.delay_since_last_sr);
}

// One packet of the compound: its body behind the first word, and its count field.
struct Part {
  uint8_t type;
  size_t count;
  std::span<const std::byte> body;
};

bool read_blocks(RtcpCompound& compound, std::span<const std::byte> body, size_t count) {
  if (body.size() < count * kBlockSize) return false;
  for (size_t i = 0; i < count && compound.block_count < RtcpCompound::kMaxBlocks; ++i) {
    compound.blocks[compound.block_count++] = read_block(&body[i * kBlockSize]);
  }
  return true;
}

bool read_report(RtcpCompound& compound, const Part& part) {
  const bool from_sender = part.type == kSenderReport;
  const size_t fixed = from_sender ? 24 : 4;
  if (part.body.size() < fixed) return false;
  if (compound.ssrc == 0) compound.ssrc = get32(&part.body[0]);
  if (from_sender && !compound.sender) {
    compound.sender = SenderInfo{get64(&part.body[4]), get32(&part.body[12]), get32(&part.body[16]),
                                 get32(&part.body[20])};
  }
  return read_blocks(compound, part.body.subspan(fixed), part.count);
}

// The items of one chunk end with a zero byte and are padded to a word. Returns the chunk's size, 0
// = broken.
size_t read_chunk(RtcpCompound& compound, std::span<const std::byte> chunk) {
  if (chunk.size() < 4) return 0;
  if (compound.ssrc == 0) compound.ssrc = get32(&chunk[0]);
  size_t at = 4;
  while (at < chunk.size() && get8(&chunk[at]) != 0) {
    if (at + 2 > chunk.size()) return 0;
    const size_t length = get8(&chunk[at + 1]);
    if (at + 2 + length > chunk.size()) return 0;
    if (get8(&chunk[at]) == kCname && compound.cname.empty()) {
      compound.cname = {reinterpret_cast<const char*>(chunk.data()) + at + 2, length};
    }
    at += 2 + length;
  }
  if (at >= chunk.size()) return 0;  // No end of items.
  return std::min((at + 4) & ~size_t{3}, chunk.size());
}

bool read_description(RtcpCompound& compound, const Part& part) {
  std::span<const std::byte> rest = part.body;
  for (size_t i = 0; i < part.count; ++i) {
    const size_t size = read_chunk(compound, rest);
    if (size == 0) return false;
    rest = rest.subspan(size);
  }
  return true;
}

bool read_goodbye(RtcpCompound& compound, const Part& part) {
  if (part.body.size() < 4 * part.count) return false;
  for (size_t i = 0; i < part.count && compound.bye_count < RtcpCompound::kMaxByes; ++i) {
    compound.byes[compound.bye_count++] = get32(&part.body[4 * i]);
  }
  return true;
}

VoipMetrics read_voip(const std::byte* at) {
  VoipMetrics m;
  m.ssrc = get32(at);
  m.loss_rate = get8(at + 4);
  m.discard_rate = get8(at + 5);
  m.burst_density = get8(at + 6);
  m.gap_density = get8(at + 7);
  m.burst_ms = get16(at + 8);
  m.gap_ms = get16(at + 10);
  m.round_trip_ms = get16(at + 12);
  m.end_system_ms = get16(at + 14);
  m.signal_dbm = get8(at + 16);
  m.noise_dbm = get8(at + 17);
  m.echo_loss_db = get8(at + 18);
  m.gmin = get8(at + 19);
  m.rating = get8(at + 20);
  m.external_rating = get8(at + 21);
  m.listening_mos = get8(at + 22);
  m.conversation_mos = get8(at + 23);
  m.receiver = get8(at + 24);
  m.buffer_ms = get16(at + 26);
  m.buffer_most_ms = get16(at + 28);
  m.buffer_limit_ms = get16(at + 30);
  return m;
}

void write_voip(std::byte* at, const VoipMetrics& m) {
  put32(at, m.ssrc);
  put8(at + 4, m.loss_rate);
  put8(at + 5, m.discard_rate);
  put8(at + 6, m.burst_density);
  put8(at + 7, m.gap_density);
  put16(at + 8, m.burst_ms);
  put16(at + 10, m.gap_ms);
  put16(at + 12, m.round_trip_ms);
  put16(at + 14, m.end_system_ms);
  put8(at + 16, m.signal_dbm);
  put8(at + 17, m.noise_dbm);
  put8(at + 18, m.echo_loss_db);
  put8(at + 19, m.gmin);
  put8(at + 20, m.rating);
  put8(at + 21, m.external_rating);
  put8(at + 22, m.listening_mos);
  put8(at + 23, m.conversation_mos);
  put8(at + 24, m.receiver);
  put8(at + 25, 0);
  put16(at + 26, m.buffer_ms);
  put16(at + 28, m.buffer_most_ms);
  put16(at + 30, m.buffer_limit_ms);
}

// RFC 3611 3: blocks, each with its length in words less one.
bool read_extended(RtcpCompound& compound, const Part& part) {
  if (part.body.size() < 4) return false;
  if (compound.ssrc == 0) compound.ssrc = get32(&part.body[0]);
  std::span<const std::byte> rest = part.body.subspan(4);
  while (!rest.empty()) {
    if (rest.size() < 4) return false;
    const size_t size = 4 * (size_t{get16(&rest[2])} + 1);
    if (size > rest.size()) return false;
    if (get8(&rest[0]) == kVoipMetrics && size == kVoipMetricsSize && !compound.voip) {
      compound.voip = read_voip(&rest[4]);
    }
    rest = rest.subspan(size);
  }
  return true;
}

bool read_part(RtcpCompound& compound, const Part& part) {
  switch (part.type) {
    case kSenderReport:
    case kReceiverReport: return read_report(compound, part);
    case kSourceDescription: return read_description(compound, part);
    case kGoodbye: return read_goodbye(compound, part);
    case kExtendedReport: return read_extended(compound, part);
    case kTransportFeedback:
    case kPayloadFeedback: ++compound.feedbacks; return true;
    default: return true;  // APP.
  }
}

void write_head(std::byte* at, uint8_t type, size_t count, size_t size) {
  put8(at, static_cast<uint8_t>(0x80 | count));
  put8(at + 1, type);
  put16(at + 2, static_cast<uint16_t>(size / 4 - 1));
}

}  // namespace

std::optional<RtcpCompound> RtcpCompound::parse(std::span<const std::byte> datagram) {
  if (datagram.size() < 8) return std::nullopt;
  RtcpCompound compound;
  while (!datagram.empty()) {
    if (datagram.size() < 4) return std::nullopt;
    const uint8_t first = get8(&datagram[0]);
    const size_t size = 4 * (size_t{get16(&datagram[2])} + 1);
    if ((first & 0xc0) != 0x80 || size > datagram.size()) return std::nullopt;
    size_t body = size - 4;
    if ((first & 0x20) != 0) {
      // RFC 3550 6.4.1: only the last packet of a compound is padded, by a multiple of four.
      const size_t padding = get8(&datagram[size - 1]);
      if (size != datagram.size() || padding == 0 || padding % 4 != 0 || padding > body) {
        return std::nullopt;
      }
      body -= padding;
    }
    const Part part{get8(&datagram[1]), size_t{first & 0x1fu}, datagram.subspan(4, body)};
    if (!read_part(compound, part)) return std::nullopt;
    datagram = datagram.subspan(size);
  }
  return compound;
}

size_t write_rtcp(std::span<std::byte> out, const RtcpReport& report) {
  const size_t count = std::min(report.blocks.size(), kMaxBlocksInReport);
  const std::string_view cname = report.cname.substr(0, kMaxCname);
  const size_t report_size = (report.sender ? 28 : 8) + count * kBlockSize;
  // Head, SSRC, item, at least one zero byte, to a whole word.
  const size_t description_size = (4 + 4 + 2 + cname.size() + 4) & ~size_t{3};
  const size_t extended_size = report.voip ? 8 + kVoipMetricsSize : 0;
  const size_t total = report_size + description_size + extended_size + (report.bye ? 8 : 0);
  if (out.size() < total) return 0;

  std::byte* at = out.data();
  write_head(at, report.sender ? kSenderReport : kReceiverReport, count, report_size);
  put32(at + 4, report.ssrc);
  std::byte* block = at + 8;
  if (report.sender) {
    put64(at + 8, report.sender->ntp);
    put32(at + 16, report.sender->rtp_timestamp);
    put32(at + 20, report.sender->packets);
    put32(at + 24, report.sender->octets);
    block = at + 28;
  }
  for (size_t i = 0; i < count; ++i) write_block(block + i * kBlockSize, report.blocks[i]);
  at += report_size;

  write_head(at, kSourceDescription, 1, description_size);
  put32(at + 4, report.ssrc);
  std::memset(at + 8, 0, description_size - 8);
  put8(at + 8, kCname);
  put8(at + 9, static_cast<uint8_t>(cname.size()));
  if (!cname.empty()) std::memcpy(at + 10, cname.data(), cname.size());
  at += description_size;

  if (report.voip) {
    write_head(at, kExtendedReport, 0, extended_size);
    put32(at + 4, report.ssrc);
    put8(at + 8, kVoipMetrics);
    put8(at + 9, 0);
    put16(at + 10, kVoipMetricsSize / 4 - 1);
    write_voip(at + 12, *report.voip);
    at += extended_size;
  }

  if (report.bye) {
    write_head(at, kGoodbye, 1, 8);
    put32(at + 4, report.ssrc);
  }
  return total;
}

uint64_t to_ntp(WallTime wall) {
  constexpr int64_t kFrom1900To1970 = 2'208'988'800;
  const auto since = wall.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const auto fraction = static_cast<uint64_t>((since - seconds).count());
  const auto whole = static_cast<uint64_t>(seconds.count() + kFrom1900To1970);
  return (whole & 0xffffffff) << 32 | (fraction << 32) / 1'000'000'000;
}

uint32_t to_ntp_short(Duration duration) {
  if (duration <= Duration::zero()) return 0;
  constexpr uint64_t kSecond = 1'000'000'000;
  const auto ns = static_cast<uint64_t>(duration.count());
  const uint64_t units = (ns / kSecond << 16) + (ns % kSecond << 16) / kSecond;
  return static_cast<uint32_t>(std::min<uint64_t>(units, 0xffffffff));
}

Duration from_ntp_short(uint32_t value) {
  return Duration(static_cast<int64_t>((uint64_t{value} * 1'000'000'000) >> 16));
}

}  // namespace gw::media::wire
