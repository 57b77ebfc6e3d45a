#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/call/call_stream.h"
#include "gateway/call/leg.h"

namespace gw {

// A party at the far end of a media stream: an application that speaks for itself, or a call in the
// cloud. It is answered when its WebSocket is open. Whoever speaks to the party's network beside
// the stream (Call Automation) derives from it, and says there what start(), a key and the end
// mean. Owned by its Call; signalling thread.
class StreamLeg : public Leg, protected CallStreamObserver {
 public:
  // An accepted socket that broke may come back for so long; one that we opened is tried again by
  // itself.
  static constexpr Duration kReconnect = 10s;
  static constexpr Duration kKeyLength = 160ms;  // DtmfData says nothing of it.

  struct Setup {
    policy::Party party;
    SessionId session;
    CallStream::Spec spec;
    std::string url;             // Ours to open; "" = the peer connects (stream()->attach).
    acs::http::Headers headers;  // Of the upgrade.
  };

  StreamLeg(Services& services, LegObserver& call, Log log, Setup setup);
  ~StreamLeg() override;

  const policy::Party& party() const override { return setup_.party; }
  std::string_view kind() const override { return "stream"; }
  policy::Far far() const override { return policy::Far::User; }
  Result<void> start() override;
  void ring(bool, const std::vector<media::Codec>&) override {}
  void early_media(const std::vector<media::Codec>&) override {}
  Result<void> answer(const std::vector<media::Codec>&) override { return {}; }
  void connected() override {}
  void set_remote_hold(bool on) override { stream_.hold(on); }
  void end(const policy::HangupCause& cause, bool by_remote) override;
  PortId port() const override { return stream_.port(); }
  std::vector<PortId> ports() const override;
  bool owns(PortId port) const override { return port && port == stream_.port(); }
  // 16 kHz, so that nothing is lost.
  std::vector<media::Codec> codecs() const override { return {media::Codec::G722}; }
  void on_media(const media::MediaEvent& event) override;
  void move_to(LegObserver& call, SessionId session) override;
  bool locally_held() const override { return false; }
  bool media_ready() const override { return up_; }

  // For who accepts sockets; see CallStream. Null before start().
  std::shared_ptr<acs::streaming::MediaStream> stream() const { return stream_.stream(); }
  acs::streaming::StreamFigures figures() const { return stream_.figures(); }

 protected:
  // A key for the party: DtmfData, unless its network has another way.
  virtual void send_key(char key, Duration length);
  // Ends it by itself, and tells the call.
  void finish(const policy::HangupCause& cause);
  bool ended() const { return ended_; }
  LegObserver& call() { return *call_; }
  const Log& log() const { return log_; }

  void on_stream_open() override;
  void on_stream_interrupted(uint16_t code) override;
  void on_stream_closed(const Error& why) override;
  void on_stream_key(char key, const std::string& participant) override;

 private:
  void stop_waiting();

  Services& services_;
  LegObserver* call_;
  const Log log_;
  const Setup setup_;
  CallStream stream_;
  TimerId reconnect_timer_;
  bool up_ = false;        // It is connected now.
  bool answered_ = false;  // It was.
  bool ended_ = false;
};

}  // namespace gw
