#include "media/transport/srtp_session.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>

#include "media/wire/rtp.h"

namespace gw::media {
namespace {

constexpr size_t kUsualSsrcs = 4;
constexpr size_t kRtcpHeader = 8;  // The first report's header and SSRC stay in clear.
constexpr uint32_t kMaxRtcpIndex = 0x7fffffff;

uint32_t be32(std::span<const std::byte> data, size_t at) {
  uint32_t value = 0;
  for (const std::byte b : data.subspan(at, 4)) {
    value = value << 8 | std::to_integer<uint32_t>(b);
  }
  return value;
}

uint16_t be16(std::span<const std::byte> data, size_t at) {
  return static_cast<uint16_t>(std::to_integer<unsigned>(data[at]) << 8 |
                               std::to_integer<unsigned>(data[at + 1]));
}

// Where the payload begins: CSRCs and the header extension stay in clear. None: it does not fit.
std::optional<size_t> rtp_header_size(std::span<const std::byte> data) {
  if (data.size() < wire::kRtpHeaderSize) return std::nullopt;
  const auto first = std::to_integer<unsigned>(data[0]);
  if (first >> 6 != 2) return std::nullopt;
  size_t size = wire::kRtpHeaderSize + 4 * (first & 15);
  if ((first & 0x10) != 0) {
    if (data.size() < size + 4) return std::nullopt;
    size += 4 + size_t{4} * be16(data, size + 2);
  }
  if (data.size() < size) return std::nullopt;
  return size;
}

constexpr int64_t kTurn = 0x10000;

// RFC 3711 3.3.1: the index nearest to the newest one. Negative: it would lie before the first
// turn.
int64_t index_near(uint64_t newest, uint16_t sequence) {
  return static_cast<int64_t>(newest) +
         static_cast<int16_t>(sequence - static_cast<uint16_t>(newest));
}

}  // namespace

std::unique_ptr<SrtpSession> SrtpSession::create(const SrtpKeys& keys) {
  std::unique_ptr<SrtpSession> session(new SrtpSession);
  return session->rekey(keys) ? std::move(session) : nullptr;
}

SrtpSession::~SrtpSession() {
  OPENSSL_cleanse(keys_.send.bytes.data(), keys_.send.bytes.size());
  OPENSSL_cleanse(keys_.receive.bytes.data(), keys_.receive.bytes.size());
}

bool SrtpSession::rekey(const SrtpKeys& keys) {
  using Stream = SrtpCipher::Stream;
  const bool suite = !rtp_out_ || keys.suite != keys_.suite;
  const bool out = suite || keys.send != keys_.send;
  const bool in = suite || keys.receive != keys_.receive;
  auto rtp_out = out ? SrtpCipher::create(keys.suite, keys.send, Stream::Rtp) : nullptr;
  auto rtcp_out = out ? SrtpCipher::create(keys.suite, keys.send, Stream::Rtcp) : nullptr;
  auto rtp_in = in ? SrtpCipher::create(keys.suite, keys.receive, Stream::Rtp) : nullptr;
  auto rtcp_in = in ? SrtpCipher::create(keys.suite, keys.receive, Stream::Rtcp) : nullptr;
  if ((out && !(rtp_out && rtcp_out)) || (in && !(rtp_in && rtcp_in))) return false;
  if (out) {
    rtp_out_ = std::move(rtp_out);
    rtcp_out_ = std::move(rtcp_out);
    out_ = {};
    out_rtcp_index_ = 0;
  }
  if (in) {
    rtp_in_ = std::move(rtp_in);
    rtcp_in_ = std::move(rtcp_in);
    sources_.clear();
    sources_.reserve(kUsualSsrcs);
    turns_ahead_ = 1;
  }
  keys_ = keys;
  return true;
}

SrtpSession::Source* SrtpSession::find(uint32_t ssrc) {
  const auto found = std::ranges::find(sources_, ssrc, &Source::ssrc);
  return found == sources_.end() ? nullptr : &*found;
}

SrtpSession::Source& SrtpSession::remember(Source* known, uint32_t ssrc) {
  if (known != nullptr) return *known;
  Source& made = sources_.emplace_back();
  made.ssrc = ssrc;
  return made;
}

bool SrtpSession::protect_rtp(Packet& packet) {
  const std::span<std::byte> data = packet.data();
  const auto header = rtp_header_size(data);
  if (!header || packet.room().size() < data.size() + rtp_out_->tag_size()) return false;
  const uint32_t ssrc = be32(data, 8);
  const uint16_t sequence = be16(data, 2);
  if (!out_.started()) out_ssrc_ = ssrc;
  const int64_t near = out_.started() ? index_near(out_.newest(), sequence) : sequence;
  const auto index = static_cast<uint64_t>(near);
  if (ssrc != out_ssrc_ || near < 0 || !out_.fresh(index)) return false;
  out_.accept(index);
  if (!rtp_out_->seal_rtp(data.data(), {ssrc, index, *header, data.size()})) return false;
  packet.resize(data.size() + rtp_out_->tag_size());
  return true;
}

SrtpVerdict SrtpSession::unprotect_rtp(Packet& packet) {
  const std::span<std::byte> data = packet.data();
  const auto header = rtp_header_size(data);
  const size_t tag = rtp_in_->tag_size();
  if (!header || data.size() < *header + tag) return SrtpVerdict::NotAuthentic;
  const uint32_t ssrc = be32(data, 8);
  const uint16_t sequence = be16(data, 2);
  Source* const known = find(ssrc);
  if (known == nullptr && sources_.size() == kMaxSsrcs) return SrtpVerdict::Refused;
  const bool started = known != nullptr && known->rtp.started();
  const int64_t near = started ? index_near(known->rtp.newest(), sequence) : sequence;
  const size_t size = data.size() - tag;
  const auto opens = [&](int64_t at) {
    const auto index = static_cast<uint64_t>(at);
    if (!rtp_in_->open_rtp(data.data(), {ssrc, index, *header, size})) return false;
    remember(known, ssrc).rtp.accept(index);
    packet.resize(size);
    return true;
  };
  const bool fresh = near >= 0 && (!started || known->rtp.fresh(static_cast<uint64_t>(near)));
  if (fresh && opens(near)) return SrtpVerdict::Ok;
  if (opens(near + turns_ahead_ * kTurn)) {
    turns_ahead_ = 1;
    return SrtpVerdict::Resynchronized;
  }
  turns_ahead_ = turns_ahead_ % kMaxTurnsAhead + 1;
  return fresh ? SrtpVerdict::NotAuthentic : SrtpVerdict::Replayed;
}

bool SrtpSession::protect_rtcp(Packet& packet) {
  const std::span<std::byte> data = packet.data();
  const size_t more = rtcp_out_->tag_size() + kSrtcpIndexWord;
  if (data.size() < kRtcpHeader || packet.room().size() < data.size() + more) return false;
  if (out_rtcp_index_ == kMaxRtcpIndex) return false;
  const uint32_t index = ++out_rtcp_index_;
  if (!rtcp_out_->seal_rtcp(data.data(), {be32(data, 4), index, kRtcpHeader, data.size()})) {
    return false;
  }
  packet.resize(data.size() + more);
  return true;
}

SrtpVerdict SrtpSession::unprotect_rtcp(Packet& packet) {
  const std::span<std::byte> data = packet.data();
  const size_t more = rtcp_in_->tag_size() + kSrtcpIndexWord;
  if (data.size() < kRtcpHeader + more) return SrtpVerdict::NotAuthentic;
  const uint32_t ssrc = be32(data, 4);
  const uint32_t word = be32(data, rtcp_in_->index_word_at(data.size()));
  // We always negotiate encrypted SRTCP: what comes in clear is not of this session.
  if ((word & kSrtcpEncrypted) == 0) return SrtpVerdict::NotAuthentic;
  const uint32_t index = word & ~kSrtcpEncrypted;
  Source* const known = find(ssrc);
  if (known == nullptr && sources_.size() == kMaxSsrcs) return SrtpVerdict::Refused;
  if (known != nullptr && !known->rtcp.fresh(index)) return SrtpVerdict::Replayed;
  const size_t size = data.size() - more;
  if (!rtcp_in_->open_rtcp(data.data(), {ssrc, index, kRtcpHeader, size})) {
    return SrtpVerdict::NotAuthentic;
  }
  remember(known, ssrc).rtcp.accept(index);
  packet.resize(size);
  return SrtpVerdict::Ok;
}

}  // namespace gw::media
