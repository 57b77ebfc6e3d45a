#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "media/engine/media_engine.h"
#include "media/engine/port_board.h"
#include "media/engine/port_pool.h"
#include "media/tone/telephone_event.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// What the engine asks of a worker: values that cross the Mailbox.
struct AddPhonePort {
  PortId port;
  SessionId session;
  RtpSockets sockets;
  uint32_t ssrc = 0;
  std::string cname;
  DtmfMode dtmf = DtmfMode::Auto;
  Playout playout;
  std::shared_ptr<PortBoard> board;
};
struct AddBrowserPort {
  PortId port;
  SessionId session;
  wire::IceCredentials ice;
  uint32_t ssrc = 0;
  std::string cname;
  std::shared_ptr<PortBoard> board;
};
struct AddEchoPort {
  PortId port;
  SessionId session;
  std::shared_ptr<PortBoard> board;
};
struct AddStreamPort {
  PortId port;
  SessionId session;
  StreamPortSpec spec;
  std::shared_ptr<PcmStream> stream;
  std::shared_ptr<PortBoard> board;
};
struct AddClipPort {
  PortId port;
  SessionId session;
  std::shared_ptr<PortBoard> board;
};
struct PlayClip {
  PortId port;
  ClipOrder order;
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
struct JoinPort {
  PortId port;
};
struct DisconnectPort {
  PortId port;
};
struct MergeSessions {
  SessionId into, from;
};
// A call's ports go to another worker. That one is told first, so that what is asked of them waits
// there until they come.
struct ExpectPorts {
  SessionId session;
  std::vector<PortId> ports;
};
struct MoveSession {
  SessionId session;
  size_t worker = 0;
};
struct Departure;  // On its way between two workers; no other thread has it.
struct AdoptPorts {
  std::shared_ptr<Departure> departure;
};
// A browser's connection that came to the port's home after it left, and the check that it began
// with.
struct TcpArrival;  // As a Departure.
struct AdoptConnection {
  PortId port;
  std::shared_ptr<TcpArrival> arrival;
};
// What a browser's port away from home asks of the worker whose socket its packets come by.
struct RouteBrowser {
  enum class What {
    AddAddress,
    RemoveAddress,
    AddUfrag,
    RemoveUfrag,
    AddSsrc,
    RemoveSsrc,
    SendOn,
    Forget
  };
  PortId port;
  What what = What::Forget;
  SocketAddress address;
  std::string ufrag;
  size_t worker = 0;  // SendOn: who carries it now.
  uint32_t ssrc = 0;
};
class DatagramRing;
struct WatchRing {
  size_t home = 0;
  std::shared_ptr<DatagramRing> ring;
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
    std::variant<AddPhonePort, AddBrowserPort, AddEchoPort, AddStreamPort, AddClipPort, PlayClip,
                 RemovePort, ApplyNegotiation, RestartIce, ConnectPorts, JoinPort, DisconnectPort,
                 MergeSessions, ExpectPorts, MoveSession, AdoptPorts, AdoptConnection, RouteBrowser,
                 WatchRing, SetHeld, SetMuted, PlayRingback, SendDigits, ReceiveDigit, StopWorker>;

}  // namespace gw::media
