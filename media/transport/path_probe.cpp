#include "media/transport/path_probe.h"

namespace gw::media {

size_t PathProbe::ask(const SocketAddress& from, const wire::IceCredentials& ours,
                      const wire::IceCredentials& peers, TimePoint now, std::span<std::byte> out) {
  if (peers.ufrag.empty() || peers.pwd.empty() || now < next_) return 0;
  if (asked_ != from) {
    asked_ = from;
    left_ = kMost;
    // One for all that go there, so that a slow answer still counts; nobody else was told it.
    random_.fill(transaction_);
    password_ = peers.pwd;
  }
  if (left_ == 0) return 0;
  --left_;
  next_ = now + kAgain;
  wire::StunRequest request;
  request.transaction = transaction_;
  const std::string username = peers.ufrag + ":" + ours.ufrag;
  request.username = username;
  request.password = peers.pwd;
  request.controlled = 0;  // RFC 8445 6.1.1: a lite agent is controlled; roles never conflict.
  return wire::write_stun_request(out, request);
}

bool PathProbe::proven_by(std::span<const std::byte> datagram, const SocketAddress& from) {
  if (asked_.empty() || from != asked_) return false;
  const auto message = wire::StunMessage::parse(datagram);
  if (!message || message->type != wire::StunType::BindingSuccess) return false;
  if (message->transaction != transaction_ || !message->authentic(password_)) return false;
  stop();
  return true;
}

}  // namespace gw::media
