#include "media/transport/webrtc_transport.h"

#include <algorithm>
#include <array>

#include "media/wire/demux.h"
#include "media/wire/stun.h"

namespace gw::media {

WebRtcTransport::WebRtcTransport(const Wiring& wiring, wire::IceCredentials local, TimePoint now)
    : context_(wiring.dtls),
      directory_(&wiring.directory),
      counters_(wiring.counters),
      observer_(wiring.observer),
      ice_(std::move(local)),
      probe_(wiring.random) {
  directory_->add_ufrag(ice_.local().ufrag, *this);
  ice_.start_waiting(now);
}

WebRtcTransport::~WebRtcTransport() {
  if (directory_ == nullptr) return;
  directory_->remove_ufrag(ice_.local().ufrag);
  if (!ice_.previous().ufrag.empty()) directory_->remove_ufrag(ice_.previous().ufrag);
  if (ssrc_) directory_->remove_ssrc(*ssrc_, *this);
  stop_probing();
  for (Path& path : paths_) forget(path);
}

void WebRtcTransport::set_remote(const wire::RemoteDtls& remote, TimePoint now) {
  if (dtls_ && remote.fingerprints == remote_.fingerprints) return;
  remote_ = remote;
  srtp_.reset();
  ice_.start_waiting(now);
  const auto role = remote.our_setup == wire::DtlsSetup::Active ? DtlsSession::Role::Active
                                                                : DtlsSession::Role::Passive;
  dtls_ = std::make_unique<DtlsSession>(context_, role, remote.fingerprints, now);
  dtls_->set_path(sink_, ice_.peer());
  if (!ice_.peer().empty()) dtls_->connect(now);
}

void WebRtcTransport::enter(WebRtcDirectory& directory, DatagramSink& v4, DatagramSink* v6) {
  directory_ = &directory;
  const auto socket_to = [&](const SocketAddress& peer) {
    return peer.v6() && v6 != nullptr ? v6 : &v4;
  };
  // A connection came along as it is.
  for (Path& path : paths_) {
    if (path.via != nullptr && !path.via->is_stream()) path.via = socket_to(path.peer);
  }
  if (sink_ == nullptr || sink_->is_stream()) return;
  sink_ = socket_to(ice_.peer());
  if (dtls_) dtls_->set_path(sink_, ice_.peer());
}

void WebRtcTransport::enlist() {
  probe_.stop();  // It begins anew.
  directory_->add_ufrag(ice_.local().ufrag, *this);
  if (!ice_.previous().ufrag.empty()) directory_->add_ufrag(ice_.previous().ufrag, *this);
  if (ssrc_) directory_->add_ssrc(*ssrc_, *this);
  for (const Path& path : paths_) {
    if (path.via != nullptr && !path.via->is_stream()) directory_->add_address(path.peer, *this);
  }
}

void WebRtcTransport::restart_ice(wire::IceCredentials local, TimePoint now) {
  const wire::IceCredentials dropped = ice_.restart(std::move(local), now);
  if (!dropped.ufrag.empty()) directory_->remove_ufrag(dropped.ufrag);
  directory_->add_ufrag(ice_.local().ufrag, *this);
}

void WebRtcTransport::receive(PacketPtr& packet, DatagramSink& via, TimePoint now) {
  switch (wire::kind_of(packet->data())) {
    case wire::PacketKind::Stun: receive_check(*packet, via, now); return;
    case wire::PacketKind::Dtls: receive_dtls(packet, via, now); return;
    case wire::PacketKind::Rtp: receive_rtp(packet, via, now); return;
    case wire::PacketKind::Rtcp: receive_rtcp(*packet, via, now); return;
    case wire::PacketKind::Unknown: counters_.discard(Discard::Malformed); return;
  }
}

void WebRtcTransport::receive_check(Packet& packet, DatagramSink& via, TimePoint now) {
  if (probe_.proven_by(packet.data(), packet.from)) {
    lost_ = false;
    counters_.ice_moves.add();
    counters_.media_moves.add();
    ice_.follow(packet.from, now);
    remember({&via, packet.from});
    return use({&via, packet.from});
  }
  std::array<std::byte, 256> answer;
  const IceLite::Outcome outcome = [&] {
    const std::string previous = ice_.previous().ufrag;
    const IceLite::Outcome o = ice_.on_check(packet.data(), packet.from, now, answer);
    if (o.renewed) directory_->remove_ufrag(previous);
    return o;
  }();
  counters_.stun_checks.add();
  if (outcome.response > 0) via.send(std::span(answer).first(outcome.response), packet.from);
  if (!outcome.authentic) {
    counters_.stun_refused.add();
    return;
  }
  lost_ = false;
  remember({&via, packet.from});
  if (!outcome.confirmed || (!outcome.nominated && sink_ == &via)) return;
  if (outcome.moved) counters_.ice_moves.add();
  stop_probing();
  use({&via, packet.from});
  if (dtls_) dtls_->connect(now);
}

void WebRtcTransport::use(const Path& path) {
  sink_ = path.via;
  if (dtls_) dtls_->set_path(sink_, path.peer);
}

void WebRtcTransport::receive_dtls(PacketPtr& packet, DatagramSink& via, TimePoint now) {
  if (!dtls_ || !knows(via, packet->from)) {
    counters_.discard(dtls_ ? Discard::Source : Discard::NotReady);
    return;
  }
  // A browser may begin DTLS on a pair that it has not nominated yet.
  if (ice_.peer().empty()) dtls_->set_path(&via, packet->from);
  const DtlsSession::State before = dtls_->state();
  dtls_->receive(packet->data(), now);
  after_step(before, now);
}

void WebRtcTransport::after_step(DtlsSession::State before, TimePoint now) {
  const DtlsSession::State state = dtls_->state();
  if (state == before) return;
  if (state == DtlsSession::State::Failed) {
    counters_.dtls_failures.add();
    observer_.on_failed(dtls_->failure(), now);
    return;
  }
  if (state != DtlsSession::State::Connected) return;
  const auto keys = dtls_->take_keys();
  srtp_ = SrtpSession::create(*keys);
  if (!srtp_) {
    counters_.dtls_failures.add();
    observer_.on_failed("SRTP refused the keys of DTLS", now);
    return;
  }
  counters_.dtls_handshakes.add();
  observer_.on_connected(wire::to_string(keys->suite), now);
}

void WebRtcTransport::receive_rtp(PacketPtr& packet, DatagramSink& via, TimePoint now) {
  if (!srtp_) {
    counters_.discard(Discard::NotReady);
    return;
  }
  if (!decrypted(srtp_->unprotect_rtp(*packet))) return;
  heard_from({&via, packet->from}, *wire::media_source(packet->data()), now);
  observer_.on_rtp(packet, now);
}

void WebRtcTransport::receive_rtcp(Packet& packet, DatagramSink& via, TimePoint now) {
  if (!srtp_) {
    counters_.discard(Discard::NotReady);
    return;
  }
  if (!decrypted(srtp_->unprotect_rtcp(packet))) return;
  heard_from({&via, packet.from}, *wire::media_source(packet.data()), now);
  observer_.on_rtcp(packet.data(), now);
}

// What was authentic and no replay. Packet path.
void WebRtcTransport::heard_from(const Path& path, uint32_t ssrc, TimePoint now) {
  if (directory_ == nullptr) return;
  if (ssrc_ != ssrc) {
    if (ssrc_) directory_->remove_ssrc(*ssrc_, *this);
    ssrc_ = ssrc;
    directory_->add_ssrc(ssrc, *this);
  }
  if (path == Path{sink_, ice_.peer()} || path.via->is_stream() || knows(*path.via, path.peer)) {
    return;
  }
  std::array<std::byte, 256> check;
  const SocketAddress before = probe_.asked();
  const size_t size = probe_.ask(path.peer, ice_.local(), peers_ice_, now, check);
  if (probe_.asked() != before) {
    if (!before.empty()) directory_->remove_address(before, *this);
    directory_->add_address(path.peer, *this);  // The answer names nobody.
  }
  if (size > 0) path.via->send(std::span(check).first(size), path.peer);
}

void WebRtcTransport::stop_probing() {
  const SocketAddress asked = probe_.asked();
  if (asked.empty()) return;
  probe_.stop();
  if (std::ranges::none_of(paths_, [&](const Path& path) { return path.peer == asked; })) {
    directory_->remove_address(asked, *this);
  }
}

bool WebRtcTransport::decrypted(SrtpVerdict verdict) {
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

bool WebRtcTransport::send_rtp(Packet& packet, TimePoint) {
  if (!ready() || !srtp_->protect_rtp(packet)) return false;
  sink_->send(packet.data(), ice_.peer());
  return true;
}

bool WebRtcTransport::send_rtcp(Packet& packet, TimePoint) {
  if (!ready() || !srtp_->protect_rtcp(packet)) return false;
  sink_->send(packet.data(), ice_.peer());
  return true;
}

TimePoint WebRtcTransport::on_timer(TimePoint now) {
  TimePoint next = kNever;
  if (dtls_) {
    if (srtp_ && srtp_->heard()) dtls_->keys_in_use();
    const DtlsSession::State before = dtls_->state();
    next = dtls_->on_timer(now);
    after_step(before, now);
    // Until the browser is heard under the keys.
    if (srtp_ && dtls_->keeps_state()) next = std::min(next, now + DtlsSession::kLook);
  }
  // RFC 7675: nobody answers for the address any more, so nothing may be sent there.
  if (now >= ice_.consent_ends()) {
    if (!lost_ && srtp_) {
      lost_ = true;
      observer_.on_lost(now);
    }
    return std::min(next, now + 1s);
  }
  return std::min(next, ice_.consent_ends());
}

void WebRtcTransport::close() {
  if (dtls_) dtls_->close();
}

void WebRtcTransport::on_gone(DatagramSink& via) {
  for (Path& path : paths_) {
    if (path.via == &via) forget(path);
  }
  if (sink_ == &via) {
    sink_ = nullptr;
    ice_.forget_peer();
  }
  if (dtls_) dtls_->set_path(sink_, ice_.peer());
}

bool WebRtcTransport::knows(DatagramSink& via, const SocketAddress& from) const {
  return std::ranges::find(paths_, Path{&via, from}) != paths_.end();
}

void WebRtcTransport::remember(const Path& path) {
  if (std::ranges::find(paths_, path) != paths_.end()) return;
  Path* slot = &paths_[next_path_];
  if (slot->via != nullptr && *slot == Path{sink_, ice_.peer()}) {
    next_path_ = (next_path_ + 1) % kMaxAddresses;  // Never the one in use.
    slot = &paths_[next_path_];
  }
  next_path_ = (next_path_ + 1) % kMaxAddresses;
  forget(*slot);
  *slot = path;
  if (!path.via->is_stream()) directory_->add_address(path.peer, *this);
}

void WebRtcTransport::forget(Path& path) {
  if (path.via != nullptr && !path.via->is_stream()) directory_->remove_address(path.peer, *this);
  path = {};
}

}  // namespace gw::media
