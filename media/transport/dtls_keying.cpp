#include "media/transport/dtls_keying.h"

#include <utility>

namespace gw::media {
namespace {

DtlsSession::Role role_of(wire::DtlsSetup setup) {
  return setup == wire::DtlsSetup::Active ? DtlsSession::Role::Active : DtlsSession::Role::Passive;
}

}  // namespace

DtlsKeying::DtlsKeying(const DtlsContext& context, DatagramSink& sink,
                       const wire::RemoteDtls& remote, TimePoint now)
    : sink_(sink),
      remote_(remote),
      dtls_(context, role_of(remote.our_setup), remote.fingerprints, now),
      due_(now) {}

void DtlsKeying::start(const SocketAddress& to, TimePoint now) {
  if (settled_) return;
  dtls_.set_path(&sink_, to);
  if (!to.empty()) dtls_.connect(now);
}

DtlsKeying::Change DtlsKeying::receive(std::span<const std::byte> datagram,
                                       const SocketAddress& from, TimePoint now) {
  if (!settled_) dtls_.set_path(&sink_, from);
  dtls_.receive(datagram, now);
  return changed();
}

DtlsKeying::Change DtlsKeying::on_timer(TimePoint now) {
  if (now < due_) return Change::None;
  if (srtp_) {
    if (srtp_->heard()) dtls_.keys_in_use();
    due_ = dtls_.keeps_state() ? now + DtlsSession::kLook : kNever;
    return Change::None;
  }
  due_ = dtls_.on_timer(now);
  return changed();
}

bool DtlsKeying::serves(const wire::RemoteDtls& remote) const {
  return remote.our_setup == remote_.our_setup && remote.fingerprints == remote_.fingerprints;
}

DtlsKeying::Change DtlsKeying::changed() {
  if (settled_ || dtls_.state() == DtlsSession::State::Handshaking) return Change::None;
  settled_ = true;
  due_ = kNever;
  if (const auto keys = dtls_.take_keys()) {
    srtp_ = SrtpSession::create(*keys);
    suite_ = wire::to_string(keys->suite);
  }
  if (srtp_) {
    due_ = TimePoint{};
    return Change::Connected;
  }
  failure_ = dtls_.failure().empty() ? "SRTP refused the keys of DTLS" : dtls_.failure();
  return Change::Failed;
}

}  // namespace gw::media
