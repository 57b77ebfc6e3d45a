#include "media/transport/ice_lite.h"

#include <utility>

#include "media/wire/stun.h"

namespace gw::media {

std::string_view local_ufrag(std::string_view username) {
  return username.substr(0, username.find(':'));
}

wire::IceCredentials IceLite::restart(wire::IceCredentials local, TimePoint now) {
  // Who signals is alive, and needs time for the new checks.
  start_waiting(now);
  wire::IceCredentials before = std::exchange(local_, std::move(local));
  if (!previous_.ufrag.empty()) return before;
  previous_ = std::move(before);
  return {};
}

IceLite::Outcome IceLite::on_check(std::span<const std::byte> datagram, const SocketAddress& from,
                                   TimePoint now, std::span<std::byte> out) {
  Outcome outcome;
  const auto message = wire::StunMessage::parse(datagram);
  if (!message || message->type != wire::StunType::BindingRequest) return outcome;

  const std::string_view ufrag = local_ufrag(message->username);
  const bool current = ufrag == local_.ufrag;
  if (!current && (previous_.ufrag.empty() || ufrag != previous_.ufrag)) return outcome;
  const std::string& password = current ? local_.pwd : previous_.pwd;
  // Who does not know the password gets no answer: nothing to learn, nothing to reflect.
  if (!message->authentic(password)) return outcome;

  if (message->unknown_required) {
    outcome.response = wire::write_stun_error(out, message->transaction, 420, password);
    return outcome;
  }
  // RFC 8445 7.3.1.1: a lite agent is controlled, always.
  if (message->controlled) {
    outcome.response = wire::write_stun_error(out, message->transaction, 487, password);
    return outcome;
  }

  outcome.authentic = true;
  last_check_ = now;
  // RFC 8445 7.3.1.5: only the controlling side's nomination moves the media. Browsers nominate
  // the pair they prefer now, so the latest nomination holds.
  if (message->use_candidate) {
    outcome.confirmed = true;
    outcome.nominated = peer_ != from;
    outcome.moved = outcome.nominated && !peer_.empty();
    outcome.renewed = current && !previous_.ufrag.empty();
    if (outcome.renewed) previous_ = {};
    peer_ = from;
  }
  outcome.response = wire::write_stun_success(out, message->transaction, from, password);
  return outcome;
}

}  // namespace gw::media
