#include "media/transport/srtp_session.h"

#include <srtp2/srtp.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/assert.h"
#include "media/wire/rtp.h"

namespace gw::media {
namespace {

struct SrtpFree {
  void operator()(srtp_ctx_t_* session) const { srtp_dealloc(session); }
};
using SrtpPtr = std::unique_ptr<srtp_ctx_t_, SrtpFree>;

srtp_profile_t profile_of(wire::SrtpSuite suite) {
  switch (suite) {
    case wire::SrtpSuite::AeadAes128Gcm: return srtp_profile_aead_aes_128_gcm;
    case wire::SrtpSuite::AeadAes256Gcm: return srtp_profile_aead_aes_256_gcm;
    case wire::SrtpSuite::AesCm128HmacSha1_80: return srtp_profile_aes128_cm_sha1_80;
    case wire::SrtpSuite::AesCm128HmacSha1_32: return srtp_profile_aes128_cm_sha1_32;
  }
  return srtp_profile_reserved;
}

SrtpPtr make(const SrtpKeys& keys, const wire::SrtpMaster& master, srtp_ssrc_type_t ssrcs) {
  srtp_policy_t policy{};
  const srtp_profile_t profile = profile_of(keys.suite);
  srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
  srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
  wire::SrtpMaster key = master;  // libsrtp takes it by a pointer to non-const.
  policy.key = reinterpret_cast<unsigned char*>(key.bytes.data());
  policy.ssrc.type = ssrcs;
  policy.window_size = SrtpSession::kReplayWindow;
  srtp_t session = nullptr;
  if (srtp_create(&session, &policy) != srtp_err_status_ok) return nullptr;
  return SrtpPtr(session);
}

SrtpVerdict verdict(srtp_err_status_t status) {
  if (status == srtp_err_status_ok) return SrtpVerdict::Ok;
  if (status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old) {
    return SrtpVerdict::Replayed;
  }
  return SrtpVerdict::NotAuthentic;
}

class LibSrtpSession final : public SrtpSession {
 public:
  LibSrtpSession(SrtpPtr out, SrtpPtr in) : out_(std::move(out)), in_(std::move(in)) {}

  bool protect_rtp(Packet& packet) override {
    int size = static_cast<int>(packet.size());
    if (packet.room().size() < packet.size() + Packet::kTailRoom) return false;
    if (srtp_protect(out_.get(), packet.data().data(), &size) != srtp_err_status_ok) return false;
    packet.resize(static_cast<size_t>(size));
    return true;
  }

  bool protect_rtcp(Packet& packet) override {
    int size = static_cast<int>(packet.size());
    if (packet.room().size() < packet.size() + Packet::kTailRoom) return false;
    if (srtp_protect_rtcp(out_.get(), packet.data().data(), &size) != srtp_err_status_ok) {
      return false;
    }
    packet.resize(static_cast<size_t>(size));
    return true;
  }

  SrtpVerdict unprotect_rtp(Packet& packet) override {
    if (packet.size() < wire::kRtpHeaderSize) return SrtpVerdict::NotAuthentic;
    const uint32_t ssrc = be32(packet, 8);
    const bool known = is_known(ssrc);
    if (!known && known_ == ssrcs_.size()) return SrtpVerdict::Refused;
    int size = static_cast<int>(packet.size());
    const SrtpVerdict v = verdict(srtp_unprotect(in_.get(), packet.data().data(), &size));
    if (v != SrtpVerdict::Ok) return v;
    if (!known) ssrcs_[known_++] = ssrc;
    packet.resize(static_cast<size_t>(size));
    return v;
  }

  SrtpVerdict unprotect_rtcp(Packet& packet) override {
    if (packet.size() < 8) return SrtpVerdict::NotAuthentic;
    const uint32_t ssrc = be32(packet, 4);
    const bool known = is_known(ssrc);
    if (!known && known_ == ssrcs_.size()) return SrtpVerdict::Refused;
    int size = static_cast<int>(packet.size());
    const SrtpVerdict v = verdict(srtp_unprotect_rtcp(in_.get(), packet.data().data(), &size));
    if (v != SrtpVerdict::Ok) return v;
    if (!known) ssrcs_[known_++] = ssrc;
    packet.resize(static_cast<size_t>(size));
    return v;
  }

 private:
  static uint32_t be32(const Packet& packet, size_t at) {
    uint32_t value = 0;
    for (const std::byte b : packet.data().subspan(at, 4)) {
      value = value << 8 | std::to_integer<uint32_t>(b);
    }
    return value;
  }
  bool is_known(uint32_t ssrc) const {
    return std::find(ssrcs_.begin(), ssrcs_.begin() + known_, ssrc) != ssrcs_.begin() + known_;
  }

  const SrtpPtr out_, in_;
  // libsrtp makes a stream for each new authentic SSRC and keeps it.
  std::array<uint32_t, kMaxSsrcs> ssrcs_{};
  size_t known_ = 0;
};

}  // namespace

std::unique_ptr<SrtpSession> SrtpSession::create(const SrtpKeys& keys) {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  GW_ASSERT(ready);
  const size_t size = wire::master_size(keys.suite);
  if (keys.send.size != size || keys.receive.size != size) return nullptr;
  SrtpPtr out = make(keys, keys.send, ssrc_any_outbound);
  SrtpPtr in = make(keys, keys.receive, ssrc_any_inbound);
  if (!out || !in) return nullptr;
  return std::make_unique<LibSrtpSession>(std::move(out), std::move(in));
}

}  // namespace gw::media
