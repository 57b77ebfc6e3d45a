#pragma once

#include <string>
#include <vector>

namespace gw::sip {

// One dialog of a watched extension as phones that watch it are told (RFC 4235).
struct LineDialog {
  enum class State { Trying, Proceeding, Early, Confirmed, Terminated };

  // As an INVITE with Replaces may name it. Words of the gateway's own: who knows the real ones can
  // speak in the dialog.
  std::string call_id, local_tag, remote_tag;
  bool initiator = false;  // The watched side called.
  State state = State::Trying;
  std::string remote_user, remote_host, remote_display;  // Whom it talks with; no user = not one.

  bool operator==(const LineDialog&) const = default;
};

}  // namespace gw::sip
