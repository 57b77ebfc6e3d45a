#include "media/transport/rtp_transport.h"

#include <algorithm>

#include "media/wire/demux.h"
#include "media/wire/rtp.h"

namespace gw::media {

RtpTransport::RtpTransport(const Wiring& wiring)
    : rtp_(wiring.rtp),
      rtcp_(wiring.rtcp),
      counters_(wiring.counters),
      observer_(wiring.observer),
      context_(wiring.dtls) {}

void RtpTransport::set_remote(const wire::StreamParameters& parameters, TimePoint now) {
  mux_ = parameters.rtcp_mux;
  payload_types_.fill(false);
  for (const auto& codec : parameters.codecs) {
    payload_types_[codec.receive_payload_type & 127] = true;
  }
  for (const auto& events : parameters.events) {
    payload_types_[events.receive_payload_type & 127] = true;
  }
  if (parameters.noise) payload_types_[parameters.noise->receive_payload_type & 127] = true;
  sdes_ = parameters.sdes;
  srtp_ = nullptr;
  negotiated_ = !sdes_ || use_keys({sdes_->suite, sdes_->send, sdes_->receive});
  rtp_latch_.open(parameters.remote_rtp, now);
  rtcp_latch_.open(parameters.remote_rtcp, now);
  if (parameters.dtls) {
    use_dtls(*parameters.dtls, now);
  } else {
    dtls_rtp_.reset();
    dtls_rtcp_.reset();
  }
}

void RtpTransport::use_dtls(const wire::RemoteDtls& remote, TimePoint now) {
  if (!dtls_rtp_ || !dtls_rtp_->serves(remote)) {
    dtls_rtp_ = std::make_unique<DtlsKeying>(context_, rtp_, remote, now);
    dtls_rtcp_.reset();
  }
  if (!mux_ && !dtls_rtcp_) {
    dtls_rtcp_ = std::make_unique<DtlsKeying>(context_, rtcp_, remote, now);
  }
  if (mux_) dtls_rtcp_.reset();
  dtls_rtp_->start(rtp_latch_.target(), now);
  if (dtls_rtcp_) dtls_rtcp_->start(rtcp_latch_.target(), now);
}

SrtpSession* RtpTransport::rtp_keys() const {
  return dtls_rtp_ ? dtls_rtp_->srtp() : srtp_;
}

SrtpSession* RtpTransport::rtcp_keys() const {
  if (!dtls_rtp_) return srtp_;
  return (dtls_rtcp_ ? dtls_rtcp_ : dtls_rtp_)->srtp();
}

bool RtpTransport::ready() const {
  if (!negotiated_ || rtp_latch_.target().empty()) return false;
  return !encrypted() || rtp_keys() != nullptr;
}

TimePoint RtpTransport::on_timer(TimePoint now) {
  TimePoint next = kNever;
  for (DtlsKeying* keying : {dtls_rtp_.get(), dtls_rtcp_.get()}) {
    if (keying == nullptr) continue;
    after_dtls(*keying, keying->on_timer(now), now);
    next = std::min(next, keying->due());
  }
  return next;
}

void RtpTransport::close() {
  if (dtls_rtp_) dtls_rtp_->close();
  if (dtls_rtcp_) dtls_rtcp_->close();
}

// Nothing is proven before the handshake's end: the latch takes a DTLS datagram for plain.
bool RtpTransport::takes_dtls(const SocketAddress& from, const DatagramSink& via,
                              TimePoint now) const {
  if (&via == &rtp_) return dtls_rtp_ && rtp_latch_.admits(from, false, now);
  return dtls_rtcp_ && rtcp_latch_.admits(from, false, now);
}

void RtpTransport::receive_dtls(PacketPtr& packet, DatagramSink& via, TimePoint now) {
  if (!takes_dtls(packet->from, via, now)) {
    ++refused_sources_;
    return counters_.discard(Discard::Source);
  }
  const bool on_rtp = &via == &rtp_;
  DtlsKeying* const keying = (on_rtp ? dtls_rtp_ : dtls_rtcp_).get();
  SourceLatch& latch = on_rtp ? rtp_latch_ : rtcp_latch_;
  const DtlsKeying::Change change = keying->receive(packet->data(), packet->from, now);
  if (change == DtlsKeying::Change::Connected) latch.on_valid(packet->from, now);
  after_dtls(*keying, change, now);
}

// RTCP's own association only carries reports: its failure costs them and nothing else.
void RtpTransport::after_dtls(DtlsKeying& keying, DtlsKeying::Change change, TimePoint now) {
  switch (change) {
    case DtlsKeying::Change::None: return;
    case DtlsKeying::Change::Failed:
      counters_.dtls_failures.add();
      if (&keying == dtls_rtp_.get()) observer_.on_failed(keying.failure(), now);
      return;
    case DtlsKeying::Change::Connected:
      counters_.dtls_handshakes.add();
      if (&keying != dtls_rtp_.get()) return;
      connected_ = true;
      observer_.on_connected(keying.suite(), now);
      return;
  }
}

bool RtpTransport::use_keys(const SrtpKeys& keys) {
  auto& session = sessions_[static_cast<size_t>(keys.suite)];
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
    case wire::PacketKind::Rtcp: receive_rtcp(*packet, rtp_latch_, rtp_keys(), now); return;
    case wire::PacketKind::Dtls: receive_dtls(packet, rtp_, now); return;
    case wire::PacketKind::Stun:
    case wire::PacketKind::Unknown:
      // RFC 6263 4: an empty datagram or STUN keeps a NAT open while the phone says nothing. Nobody
      // vouches for them, so they do not count where SRTP would.
      if (!encrypted() && from_peer(*packet)) observer_.on_alive(now);
      counters_.discard(Discard::Malformed);
      return;
  }
}

void RtpTransport::receive_on_rtcp(PacketPtr& packet, TimePoint now) {
  if (!negotiated_) return counters_.discard(Discard::NotReady);
  switch (wire::kind_of(packet->data())) {
    case wire::PacketKind::Rtcp: receive_rtcp(*packet, rtcp_latch_, rtcp_keys(), now); return;
    case wire::PacketKind::Dtls: receive_dtls(packet, rtcp_, now); return;
    case wire::PacketKind::Rtp:
    case wire::PacketKind::Stun:
    case wire::PacketKind::Unknown: counters_.discard(Discard::Malformed); return;
  }
}

void RtpTransport::receive_rtp(PacketPtr& packet, TimePoint now) {
  if (!plausible(*packet)) {
    // RFC 6263 4.6, RFC 3389: a payload type that means nothing, or comfort noise unasked for.
    const bool alive = from_peer(*packet) && genuine(*packet);
    if (alive) observer_.on_alive(now);
    return counters_.discard(Discard::PayloadType);
  }
  if (!admit(*packet, rtp_latch_, now)) return;
  if (encrypted()) {
    SrtpSession* const keys = rtp_keys();
    if (keys == nullptr) return counters_.discard(Discard::NotReady);
    if (!decrypted(keys->unprotect_rtp(*packet))) return;
  }
  rtp_latch_.on_valid(packet->from, now);
  if (!connected_) {
    connected_ = true;
    observer_.on_connected(suite_name(), now);
  }
  observer_.on_rtp(packet, now);
}

void RtpTransport::receive_rtcp(Packet& packet, SourceLatch& latch, SrtpSession* keys,
                                TimePoint now) {
  if (!admit(packet, latch, now)) return;
  if (encrypted()) {
    if (keys == nullptr) return counters_.discard(Discard::NotReady);
    if (!decrypted(keys->unprotect_rtcp(packet))) return;
  }
  // Plain RTCP alone is too easily made to latch RTP; on its own socket it latches that.
  if (&latch == &rtcp_latch_) latch.on_valid(packet.from, now);
  observer_.on_rtcp(packet.data(), now);
}

bool RtpTransport::admit(const Packet& packet, const SourceLatch& latch, TimePoint now) {
  if (latch.admits(packet.from, encrypted(), now)) return true;
  ++refused_sources_;
  counters_.discard(Discard::Source);
  return false;
}

bool RtpTransport::from_peer(const Packet& packet) const {
  return rtp_latch_.latched() && packet.from == rtp_latch_.target();
}

bool RtpTransport::genuine(Packet& packet) {
  if (!encrypted()) return true;
  SrtpSession* const keys = rtp_keys();
  return keys != nullptr && passed(keys->unprotect_rtp(packet));
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
  if (dtls_rtp_) return dtls_rtp_->suite();
  return sdes_ ? wire::to_string(sdes_->suite) : std::string_view{};
}

bool RtpTransport::send_rtp(Packet& packet, TimePoint) {
  if (!ready() || (encrypted() && !rtp_keys()->protect_rtp(packet))) return false;
  rtp_.send(packet.data(), rtp_latch_.target());
  return true;
}

bool RtpTransport::send_rtcp(Packet& packet, TimePoint) {
  const SourceLatch& latch = mux_ ? rtp_latch_ : rtcp_latch_;
  if (!negotiated_ || latch.target().empty()) return false;
  if (encrypted()) {
    SrtpSession* const keys = rtcp_keys();
    if (keys == nullptr || !keys->protect_rtcp(packet)) return false;
  }
  (mux_ ? rtp_ : rtcp_).send(packet.data(), latch.target());
  return true;
}

}  // namespace gw::media
