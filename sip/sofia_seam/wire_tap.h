#pragma once

#include <functional>
#include <string_view>

#include "base/net.h"

struct tport_s;
struct msg_s;

namespace gw::sip::seam {

// A SIP message as it crossed the wire, TLS taken off. What it points to lasts as long as the call.
struct WireMessage {
  bool received = false;
  std::string_view
      listener;  // Its ident: where the message came in, or that of the way it went out.
  SocketAddress peer;
  std::string_view text, call_id;
};

// Is told of every message of the Sofia stacks on this thread, retransmissions too; none = nobody
// is told, and nothing is copied.
void set_wire_tap(std::function<void(const WireMessage&)> tap);

void tell_sent(tport_s* by, msg_s* message);  // By tport_tsend(), see responses.cpp.

}  // namespace gw::sip::seam
