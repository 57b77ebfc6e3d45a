#pragma once

#include <memory>
#include <string>

#include "acs/http/http_server.h"
#include "acs/streaming/media_stream.h"
#include "base/log.h"
#include "gateway/call/services.h"

namespace gw {

// What becomes of a call's media stream. Signalling thread.
class CallStreamObserver {
 public:
  virtual ~CallStreamObserver() = default;
  virtual void on_stream_open() = 0;  // Also after a break.
  virtual void on_stream_interrupted(
      uint16_t code) = 0;  // Tried again when we connected; else the peer may.
  virtual void on_stream_closed(const Error& why) = 0;  // Given up; nothing follows.
  virtual void on_stream_key(char key, const std::string& participant) = 0;  // The peer's DtmfData.
};

// A media stream of a call: the port in the call's session, the WebSocket, and what joins the
// worker's thread to the Asio thread. Who owns it decides who hears it: MediaEngine::connect or
// join with its port(). Owned by a leg or by an operation of Call Automation; signalling thread.
// Destroyed, it is closed, and says nothing more.
class CallStream {
 public:
  struct Spec {
    acs::streaming::StreamSettings stream;
    bool unmixed = false;
  };

  CallStream(Services& services, CallStreamObserver& observer, Log log, SessionId session,
             Spec spec);
  ~CallStream();
  CallStream(const CallStream&) = delete;
  CallStream& operator=(const CallStream&) = delete;

  // The port is there from now on, silent until there is a connection.
  Result<void> open();

  // We connect, as the service does: "wss://app.example/stream".
  void dial(std::string url, acs::http::Headers headers);
  // The peer connects, as ACS does to us: whoever finds the stream by the upgrade's path or headers
  // calls its attach(), on the Asio thread, and returns what that returns from
  // WebSocketRoute::accept. Null before open().
  std::shared_ptr<acs::streaming::MediaStream> stream() const { return stream_; }

  PortId port() const { return port_; }
  void press(char key, PortId from);            // A key of the call's, for the peer.
  void receive_key(char key, Duration length);  // A key of the peer's, for the call.
  void name(PortId participant,
            std::string raw_id);  // How the peer knows a port (unmixed); port 0: all.
  void hold(bool on);             // Silence both ways; the stream goes on.
  // Nothing is said at all.
  void pause(bool on) {
    if (stream_) stream_->pause(on);
  }
  void move_to(SessionId session) { session_ = session; }
  acs::streaming::StreamFigures figures() const;

 private:
  struct Door;  // By which the Asio thread finds us, while we live.

  acs::streaming::StreamEvents events();

  Services& services_;
  CallStreamObserver& observer_;
  const Log log_;
  SessionId session_;
  const Spec spec_;
  std::shared_ptr<Door> door_;
  PortId port_;
  std::shared_ptr<acs::streaming::MediaStream> stream_;
};

}  // namespace gw
