#pragma once

#include <memory>

#include "media/engine/media_command.h"
#include "media/engine/udp_socket.h"
#include "media/path/echo_port.h"
#include "media/path/media_port.h"
#include "media/path/relay.h"
#include "media/transport/rtp_transport.h"
#include "media/transport/webrtc_transport.h"

namespace gw::media {

// One port with what carries it, as a worker keeps it. Owned by the MediaWorker; its thread.
class EnginePort {
 public:
  EnginePort(PortId id, std::shared_ptr<PortBoard> board) : id_(id), board_(std::move(board)) {}
  virtual ~EnginePort() = default;
  EnginePort(const EnginePort&) = delete;
  EnginePort& operator=(const EnginePort&) = delete;

  virtual SoundPort& sound() = 0;
  virtual MediaPort* media() { return nullptr; }  // None: no network, no negotiation.
  virtual Deadline& deadline() = 0;
  virtual TimePoint on_timer(TimePoint now) = 0;

  virtual void negotiate(const wire::StreamParameters&, TimePoint) {}
  virtual void restart_ice(wire::IceCredentials, TimePoint) {}
  virtual void reopen_latch(TimePoint) {}
  virtual void leave(TimePoint) {}

  PortId id() const { return id_; }
  PortBoard& board() { return *board_; }
  void publish();

  std::shared_ptr<Relay> relay;  // Shared by the two ports that it wires.

 private:
  const PortId id_;
  const std::shared_ptr<PortBoard> board_;
};

class PhonePort final : public EnginePort {
 public:
  PhonePort(AddPhonePort command, MediaPort::Settings settings,
            const MediaPort::Surroundings& around);

  SoundPort& sound() override { return port_; }
  MediaPort* media() override { return &port_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }
  void negotiate(const wire::StreamParameters& parameters, TimePoint now) override;
  void reopen_latch(TimePoint now) override { transport_.reopen_latch(now); }
  void leave(TimePoint now) override { port_.leave(now); }

  UdpSocket& rtp() { return *sockets_.rtp; }
  UdpSocket& rtcp() { return *sockets_.rtcp; }
  RtpTransport& transport() { return transport_; }

 private:
  RtpSockets sockets_;
  RtpTransport transport_;
  MediaPort port_;
};

class BrowserPort final : public EnginePort {
 public:
  struct Wiring {
    const DtlsContext& dtls;
    WebRtcDirectory& directory;
  };
  BrowserPort(AddBrowserPort command, MediaPort::Settings settings, const Wiring& wiring,
              const MediaPort::Surroundings& around);

  SoundPort& sound() override { return port_; }
  MediaPort* media() override { return &port_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }
  void negotiate(const wire::StreamParameters& parameters, TimePoint now) override;
  void restart_ice(wire::IceCredentials ice, TimePoint now) override {
    transport_.restart_ice(std::move(ice), now);
  }
  void leave(TimePoint now) override;

  WebRtcTransport& transport() { return transport_; }

 private:
  WebRtcTransport transport_;
  MediaPort port_;
};

class EchoUserPort final : public EnginePort {
 public:
  EchoUserPort(const AddEchoPort& command, TimePoint& earliest)
      : EnginePort(command.port, command.board), port_(command.port, earliest) {}

  SoundPort& sound() override { return port_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }

 private:
  EchoPort port_;
};

}  // namespace gw::media
