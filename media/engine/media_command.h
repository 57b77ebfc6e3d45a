#pragma once

#include <memory>
#include <string>
#include <variant>

#include "media/engine/media_engine.h"
#include "media/engine/port_board.h"
#include "media/engine/port_pool.h"
#include "media/tone/telephone_event.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// What the engine asks of a worker: values that cross the Mailbox.
struct AddPhonePort {
  PortId port;
  RtpSockets sockets;
  uint32_t ssrc = 0;
  std::string cname;
  DtmfMode dtmf = DtmfMode::Auto;
  std::shared_ptr<PortBoard> board;
};
struct AddBrowserPort {
  PortId port;
  wire::IceCredentials ice;
  uint32_t ssrc = 0;
  std::string cname;
  std::shared_ptr<PortBoard> board;
};
struct AddEchoPort {
  PortId port;
  std::shared_ptr<PortBoard> board;
};
struct RemovePort {
  PortId port;
};
struct ApplyNegotiation {
  PortId port;
  wire::StreamParameters parameters;
};
struct RestartIce {
  PortId port;
  wire::IceCredentials ice;
};
struct ConnectPorts {
  PortId a, b;
};
struct DisconnectPort {
  PortId port;
};
struct SetHeld {
  PortId port;
  bool held = false;
};
struct SetMuted {
  PortId port;
  bool muted = false;
};
struct PlayRingback {
  PortId port;
  bool on = false;
};
struct SendDigits {
  PortId port;
  std::string digits;
  Duration length{0}, gap{0};
};
struct ReceiveDigit {
  PortId port;
  KeyPress key;
};
struct StopWorker {};

using MediaCommand =
    std::variant<AddPhonePort, AddBrowserPort, AddEchoPort, RemovePort, ApplyNegotiation,
                 RestartIce, ConnectPorts, DisconnectPort, SetHeld, SetMuted, PlayRingback,
                 SendDigits, ReceiveDigit, StopWorker>;

}  // namespace gw::media
