#pragma once

#include "base/log.h"
#include "gateway/call/leg.h"
#include "gateway/call/services.h"

namespace gw {

// The echo user 8:echo123: answers at once, says a short prompt, then repeats what it hears. Owned
// by its Call; signalling thread.
class EchoLeg final : public Leg {
 public:
  EchoLeg(Services& services, Log log, policy::Party party, SessionId session)
      : services_(services), log_(log), party_(std::move(party)), session_(session) {}

  const policy::Party& party() const override { return party_; }
  std::string_view kind() const override { return "echo"; }
  policy::Far far() const override { return policy::Far::User; }
  Result<void> start() override {
    auto port = services_.media.add_echo_port(session_, {});
    if (!port) return tl::unexpected(port.error());
    port_ = *port;
    return {};
  }
  void ring(bool, const std::vector<media::Codec>&) override {}
  void early_media(const std::vector<media::Codec>&) override {}
  Result<void> answer(const std::vector<media::Codec>&) override { return {}; }
  void connected() override {}
  void set_remote_hold(bool) override {}
  void end(const policy::HangupCause&, bool) override {}
  PortId port() const override { return port_; }
  std::vector<PortId> ports() const override {
    return port_ ? std::vector<PortId>{port_} : std::vector<PortId>{};
  }
  bool owns(PortId port) const override { return port == port_; }
  std::vector<media::Codec> codecs() const override { return {}; }
  void on_media(const media::MediaEvent&) override {}
  void move_to(LegObserver&, SessionId session) override { session_ = session; }
  bool locally_held() const override { return false; }
  bool media_ready() const override { return true; }
  bool answers_itself() const override { return true; }
  bool wants_hold_music() const override { return false; }

 private:
  Services& services_;
  const Log log_;
  const policy::Party party_;
  SessionId session_;
  PortId port_;
};

}  // namespace gw
