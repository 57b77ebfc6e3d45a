#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace gw {

// Numbers that cross threads in place of pointers. 0 is "none".
template <class Tag>
struct Id {
  uint64_t value = 0;
  explicit operator bool() const { return value != 0; }
  auto operator<=>(const Id&) const = default;
};

using SessionId = Id<struct SessionTag>;  // One call's sound (media::MediaSession).
using PortId = Id<struct PortTag>;        // One leg's sound (media::MediaPort).
using TimerId = Id<struct TimerTag>;

// Names a call in logs, CDRs and the API: 16 hex digits, unique for good. With several nodes the
// node's id comes first.
struct CallId {
  std::string value;
  auto operator<=>(const CallId&) const = default;
};

}  // namespace gw

template <class Tag>
struct std::hash<gw::Id<Tag>> {
  size_t operator()(const gw::Id<Tag>& id) const noexcept {
    return std::hash<uint64_t>{}(id.value);
  }
};
template <>
struct std::hash<gw::CallId> {
  size_t operator()(const gw::CallId& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
