#pragma once

#include <memory>

#include "media/engine/media_command.h"
#include "media/engine/udp_socket.h"
#include "media/path/clip_port.h"
#include "media/path/echo_port.h"
#include "media/path/media_port.h"
#include "media/path/stream_port.h"
#include "media/transport/rtp_transport.h"
#include "media/transport/webrtc_transport.h"

namespace gw::media {

// One port with what carries it, as a worker keeps it. Owned by the MediaWorker; its thread. It may
// go to another worker with its call: what it counts and whom it tells is its own, so that nothing
// inside knows of the change.
class EnginePort : public PortObserver {
 public:
  EnginePort(PortId id, SessionId session, std::shared_ptr<PortBoard> board, PortObserver& worker)
      : id_(id), session_(session), board_(std::move(board)), worker_(&worker) {}
  EnginePort(const EnginePort&) = delete;
  EnginePort& operator=(const EnginePort&) = delete;

  virtual SoundPort& sound() = 0;
  virtual MediaPort* media() { return nullptr; }  // None: no network, no negotiation.
  virtual StreamPort* stream() { return nullptr; }
  virtual ClipPort* clips() { return nullptr; }
  virtual DtlsReceiver* dtls() { return nullptr; }
  virtual Deadline& deadline() = 0;
  virtual TimePoint on_timer(TimePoint now) = 0;

  virtual void negotiate(const wire::StreamParameters&, TimePoint) {}
  virtual void restart_ice(wire::IceCredentials, TimePoint) {}
  virtual void reopen_latch(TimePoint) {}
  virtual void leave(TimePoint) {}
  // To another worker, in this order; between them no thread has it.
  void leave_worker(MediaCounters& counters);
  void enter_worker(const MediaPort::Surroundings& around);

  PortId id() const { return id_; }
  SessionId session() const { return session_; }
  void join(SessionId session) { session_ = session; }
  PortBoard& board() { return *board_; }
  void publish(bool speaks, MediaCounters& counters);  // Its figures, and into the worker's count.

  void on_port_event(MediaEvent event) override { worker_->on_port_event(std::move(event)); }

 protected:
  MediaPort::Surroundings own(const MediaPort::Surroundings& around);
  virtual void enter(PacketPool& pool, TimePoint& earliest, TimePoint now) = 0;

  MediaCounters counters_;  // Since they were last added to the worker's.

 private:
  const PortId id_;
  SessionId session_;
  const std::shared_ptr<PortBoard> board_;
  PortObserver* worker_;
};

class PhonePort final : public EnginePort {
 public:
  PhonePort(AddPhonePort command, MediaPort::Settings settings, const DtlsContext& dtls,
            const MediaPort::Surroundings& around);

  SoundPort& sound() override { return port_; }
  MediaPort* media() override { return &port_; }
  DtlsReceiver* dtls() override { return &transport_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }
  void negotiate(const wire::StreamParameters& parameters, TimePoint now) override;
  void reopen_latch(TimePoint now) override { transport_.reopen_latch(now); }
  void leave(TimePoint now) override;

  UdpSocket& rtp() { return *sockets_.rtp; }
  UdpSocket& rtcp() { return *sockets_.rtcp; }
  RtpTransport& transport() { return transport_; }

 private:
  void enter(PacketPool& pool, TimePoint& earliest, TimePoint now) override {
    port_.enter_worker(pool, earliest, now);
  }

  RtpSockets sockets_;
  RtpTransport transport_;
  MediaPort port_;
};

class BrowserPort final : public EnginePort {
 public:
  struct Wiring {
    const DtlsContext& dtls;
    WebRtcDirectory& directory;
    unsigned home = 0;  // The worker whose socket its packets come by, wherever it goes.
  };
  BrowserPort(AddBrowserPort command, MediaPort::Settings settings, const Wiring& wiring,
              const MediaPort::Surroundings& around);

  SoundPort& sound() override { return port_; }
  MediaPort* media() override { return &port_; }
  DtlsReceiver* dtls() override { return &transport_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }
  void negotiate(const wire::StreamParameters& parameters, TimePoint now) override;
  void restart_ice(wire::IceCredentials ice, TimePoint now) override {
    transport_.restart_ice(std::move(ice), now);
  }
  void leave(TimePoint now) override;

  WebRtcTransport& transport() { return transport_; }
  unsigned home() const { return home_; }
  // Away from home: tells home's worker where its packets are to go.
  void set_directory(std::unique_ptr<WebRtcDirectory> directory) {
    directory_ = std::move(directory);
  }

 private:
  void enter(PacketPool& pool, TimePoint& earliest, TimePoint now) override {
    port_.enter_worker(pool, earliest, now);
  }

  const unsigned home_;
  std::unique_ptr<WebRtcDirectory> directory_;  // Outlives the transport.
  WebRtcTransport transport_;
  MediaPort port_;
};

class EchoUserPort final : public EnginePort {
 public:
  EchoUserPort(const AddEchoPort& command, const MediaPort::Surroundings& around)
      : EnginePort(command.port, command.session, command.board, around.observer),
        port_(command.port, around.earliest) {}

  SoundPort& sound() override { return port_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }

 private:
  void enter(PacketPool&, TimePoint& earliest, TimePoint now) override {
    port_.enter_worker(earliest, now);
  }

  EchoPort port_;
};

class StreamingPort final : public EnginePort {
 public:
  StreamingPort(AddStreamPort command, const MediaPort::Surroundings& around)
      : EnginePort(command.port, command.session, std::move(command.board), around.observer),
        port_({command.port, command.spec.says, command.spec.plays, command.spec.unmixed},
              std::move(command.stream), *this, around.earliest) {}

  SoundPort& sound() override { return port_; }
  StreamPort* stream() override { return &port_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }

 private:
  void enter(PacketPool&, TimePoint& earliest, TimePoint now) override {
    port_.enter_worker(earliest, now);
  }

  StreamPort port_;
};

class ApplicationPort final : public EnginePort {
 public:
  ApplicationPort(const AddClipPort& command, const MediaPort::Surroundings& around)
      : EnginePort(command.port, command.session, command.board, around.observer),
        port_(command.port, around.earliest, *this) {}

  SoundPort& sound() override { return port_; }
  ClipPort* clips() override { return &port_; }
  Deadline& deadline() override { return port_.deadline(); }
  TimePoint on_timer(TimePoint now) override { return port_.on_timer(now); }

 private:
  void enter(PacketPool&, TimePoint& earliest, TimePoint now) override {
    port_.enter_worker(earliest, now);
  }

  ClipPort port_;
};

}  // namespace gw::media
