#pragma once

#include "base/log.h"
#include "gateway/call/leg.h"
#include "gateway/call/services.h"

namespace gw {

class AppLeg;

// Who drives an application's leg. Signalling thread.
class AppDriver {
 public:
  virtual ~AppDriver() = default;
  virtual void on_leg_over(AppLeg& leg) = 0;  // It is a party no more, or never became one.
  virtual void on_clip_ended(AppLeg& leg, uint64_t serial) = 0;
};

// An application in a call: rung by the webhook of the app it is routed to, a party by REST. It
// plays to the others and hears their keys. Owned by its Call; signalling thread.
class AppLeg final : public Leg {
 public:
  // `ring_timeout`: of one that is rung.
  AppLeg(Services& services, LegObserver& call, Log log, policy::Party party, SessionId session,
         AppDriver& driver, Duration ring_timeout);
  ~AppLeg() override;

  Result<void> open();  // Its port; start() does it too.
  void accept();        // It answers.
  // It hangs up or turns the call down.
  void leave(const policy::HangupCause& cause);
  bool over() const { return ended_; }

  void play(media::ClipOrder order) { services_.media.play_clip(port_, std::move(order)); }

  const policy::Party& party() const override { return party_; }
  std::string_view kind() const override { return "app"; }
  policy::Far far() const override { return policy::Far::User; }
  Result<void> start() override;
  void ring(bool, const std::vector<media::Codec>&) override {}
  void early_media(const std::vector<media::Codec>&) override {}
  Result<void> answer(const std::vector<media::Codec>&) override { return {}; }
  void connected() override {}
  void set_remote_hold(bool) override {}
  void end(const policy::HangupCause& cause, bool by_remote) override;
  PortId port() const override { return port_; }
  std::vector<PortId> ports() const override {
    return port_ ? std::vector<PortId>{port_} : std::vector<PortId>{};
  }
  bool owns(PortId port) const override { return port == port_; }
  std::vector<media::Codec> codecs() const override { return {}; }
  void on_media(const media::MediaEvent& event) override;
  void move_to(LegObserver& call, SessionId session) override;
  bool locally_held() const override { return false; }
  bool media_ready() const override { return true; }
  bool rings_at_once() const override { return true; }
  bool is_application() const override { return true; }

 private:
  void stop_timer();
  void be_over();

  Services& services_;
  LegObserver* call_;
  const Log log_;
  const policy::Party party_;
  SessionId session_;
  AppDriver& driver_;
  const Duration ring_timeout_;
  PortId port_;
  TimerId ring_timer_;
  bool ended_ = false;
};

}  // namespace gw
