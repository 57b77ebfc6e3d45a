#include "media/transport/rtp_transport.h"

#include "media/wire/demux.h"
#include "media/wire/rtp.h"

namespace gw::media {

RtpTransport::RtpTransport(const Wiring& wiring)
    : rtp_(wiring.rtp),
      rtcp_(wiring.rtcp),
      counters_(wiring.counters),
      observer_(wiring.observer) {}

void RtpTransport::set_remote(const wire::StreamParameters& parameters, TimePoint now) {
  mux_ = parameters.rtcp_mux;
  payload_types_.fill(false);
  for (const auto& codec : parameters.codecs) {
    payload_types_[codec.receive_payload_type & 127] = true;
  }
  for (const auto& events : parameters.events) {
    payload_types_[events.receive_payload_type & 127] = true;
  }
  sdes_ = parameters.sdes;
  negotiated_ = !sdes_ || use_keys({sdes_->suite, sdes_->send, sdes_->receive});
  rtp_latch_.open(parameters.remote_rtp, now);
  rtcp_latch_.open(parameters.remote_rtcp, now);
}

bool RtpTransport::use_keys(const SrtpKeys& keys) {
  auto& session = sessions_[static_cast<size_t>(keys.suite)];
  srtp_ = nullptr;
  if (session ? !session->rekey(keys) : !(session = SrtpSession::create(keys))) return false;
  srtp_ = session.get();
  return true;
}

void RtpTransport::reopen_latch(TimePoint now) {
  rtp_latch_.reopen(now);
  rtcp_latch_.reopen(now);
}

void RtpTransport::receive_on_rtp(PacketPtr& packet, TimePoint now) {
  if (!negotiated_) return counters_.discard(Discard::NotReady);
  switch (wire::kind_of(packet->data())) {
    case wire::PacketKind::Rtp: receive_rtp(packet, now); return;
    // RFC 5761: also from peers that multiplex although we did not agree on it.
    case wire::PacketKind::Rtcp: receive_rtcp(*packet, rtp_latch_, now); return;
    case wire::PacketKind::Stun:
    case wire::PacketKind::Dtls:
    case wire::PacketKind::Unknown:
      // RFC 6263 4: an empty datagram or STUN keeps a NAT open while the phone says nothing. Nobody
      // vouches for them, so they do not count where SRTP would.
      if (!sdes_ && from_peer(*packet)) observer_.on_alive(now);
      counters_.discard(Discard::Malformed);
      return;
  }
}

void RtpTransport::receive_on_rtcp(PacketPtr& packet, TimePoint now) {
  if (!negotiated_) return counters_.discard(Discard::NotReady);
  if (wire::kind_of(packet->data()) != wire::PacketKind::Rtcp) {
    return counters_.discard(Discard::Malformed);
  }
  receive_rtcp(*packet, rtcp_latch_, now);
}

void RtpTransport::receive_rtp(PacketPtr& packet, TimePoint now) {
  if (!plausible(*packet)) {
    // RFC 6263 4.6, RFC 3389: a payload type that means nothing, or comfort noise unasked for.
    const bool alive = from_peer(*packet) && (!sdes_ || passed(srtp_->unprotect_rtp(*packet)));
    if (alive) observer_.on_alive(now);
    return counters_.discard(Discard::PayloadType);
  }
  if (!admit(*packet, rtp_latch_, now)) return;
  if (sdes_ && !decrypted(srtp_->unprotect_rtp(*packet))) return;
  rtp_latch_.on_valid(packet->from, now);
  if (!connected_) {
    connected_ = true;
    observer_.on_connected(suite_name(), now);
  }
  observer_.on_rtp(packet, now);
}

void RtpTransport::receive_rtcp(Packet& packet, SourceLatch& latch, TimePoint now) {
  if (!admit(packet, latch, now)) return;
  if (sdes_ && !decrypted(srtp_->unprotect_rtcp(packet))) return;
  // Plain RTCP alone is too easily made to latch RTP; on its own socket it latches that.
  if (&latch == &rtcp_latch_) latch.on_valid(packet.from, now);
  observer_.on_rtcp(packet.data(), now);
}

bool RtpTransport::admit(const Packet& packet, const SourceLatch& latch, TimePoint now) {
  if (latch.admits(packet.from, sdes_.has_value(), now)) return true;
  ++refused_sources_;
  counters_.discard(Discard::Source);
  return false;
}

bool RtpTransport::from_peer(const Packet& packet) const {
  return rtp_latch_.latched() && packet.from == rtp_latch_.target();
}

bool RtpTransport::decrypted(SrtpVerdict verdict) {
  switch (verdict) {
    case SrtpVerdict::Ok: return true;
    case SrtpVerdict::Resynchronized: counters_.srtp_resyncs.add(); return true;
    case SrtpVerdict::NotAuthentic:
      counters_.srtp_failures.add();
      counters_.discard(Discard::Srtp);
      return false;
    case SrtpVerdict::Replayed: counters_.discard(Discard::Replay); return false;
    case SrtpVerdict::Refused: counters_.discard(Discard::Ssrc); return false;
  }
  return false;
}

bool RtpTransport::plausible(const Packet& packet) const {
  if (packet.size() < wire::kRtpHeaderSize) return false;
  return payload_types_[std::to_integer<size_t>(packet.data()[1]) & 127];
}

std::string_view RtpTransport::suite_name() const {
  return sdes_ ? wire::to_string(sdes_->suite) : std::string_view{};
}

bool RtpTransport::send_rtp(Packet& packet, TimePoint) {
  if (!ready() || (sdes_ && !srtp_->protect_rtp(packet))) return false;
  rtp_.send(packet.data(), rtp_latch_.target());
  return true;
}

bool RtpTransport::send_rtcp(Packet& packet, TimePoint) {
  const SourceLatch& latch = mux_ ? rtp_latch_ : rtcp_latch_;
  if (!negotiated_ || latch.target().empty()) return false;
  if (sdes_ && !srtp_->protect_rtcp(packet)) return false;
  (mux_ ? rtp_ : rtcp_).send(packet.data(), latch.target());
  return true;
}

}  // namespace gw::media
