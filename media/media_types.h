#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace gw::media {

// The words that every part of media, and its owner, shares.

enum class Codec { Pcmu, Pcma, G722, Opus };  // telephone-event is always negotiated beside them.
constexpr size_t kCodecs = 4;
std::string_view to_string(
    Codec codec);  // "PCMU", "PCMA", "G722", "opus": SDP's and the configuration's names.
std::optional<Codec> codec_named(std::string_view name);  // Any letter case.

enum class SrtpPolicy { Off, Offered, Required };
std::string_view to_string(SrtpPolicy policy);  // "off", "offered", "required"

// How DTMF keys go to and come from a leg's peer.
enum class DtmfMode {
  Auto,     // RFC 4733 when it is agreed, else tones in the sound; SIP INFO is heard too.
  Rfc4733,  // RFC 4733 or nothing: a peer without it neither gets nor gives keys.
  Info,     // SIP INFO both ways; telephone-event is not negotiated.
  Inband,   // Tones in the sound both ways; telephone-event is not negotiated.
};
std::string_view to_string(DtmfMode mode);  // "auto", "rfc4733", "info", "inband"

// The jitter buffer before what is sent to a leg: none, as long as it has to be, or always as long.
struct Playout {
  enum class Mode { Off, Adaptive, Fixed };
  Mode mode = Mode::Off;
  Duration delay{0};  // Fixed.
  bool operator==(const Playout&) const = default;
};

// RFC 3264 directions, from our point of view.
enum class Direction { SendRecv, SendOnly, RecvOnly, Inactive };
std::string_view to_string(Direction direction);  // "sendrecv", "sendonly", "recvonly", "inactive"

constexpr bool sends(Direction d) {
  return d == Direction::SendRecv || d == Direction::SendOnly;
}
constexpr bool receives(Direction d) {
  return d == Direction::SendRecv || d == Direction::RecvOnly;
}
constexpr Direction direction_of(bool send, bool receive) {
  if (send) return receive ? Direction::SendRecv : Direction::SendOnly;
  return receive ? Direction::RecvOnly : Direction::Inactive;
}
// The same stream seen from the other end.
constexpr Direction mirrored(Direction d) {
  return direction_of(receives(d), sends(d));
}
// What both allow.
constexpr Direction restricted(Direction a, Direction b) {
  return direction_of(sends(a) && sends(b), receives(a) && receives(b));
}

}  // namespace gw::media
