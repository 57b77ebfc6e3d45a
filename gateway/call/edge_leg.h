#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acs/edge/edge_events.h"
#include "base/log.h"
#include "gateway/call/leg.h"
#include "gateway/call/services.h"

namespace gw {

// An ACS user in a call: all the user's devices while it rings, the one that accepted (or invited)
// from then on. Each device that made an offer has a media port of its own, so that ICE and DTLS
// are up before anybody speaks. Owned by its Call; signalling thread.
class EdgeLeg final : public Leg {
 public:
  struct Media {
    SessionId session;
    media::BrowserPortSpec spec;
    media::Codec other_leg = media::Codec::Pcmu;  // What the other party will most likely speak.
    bool follows = false;  // If it speaks another codec in the end, the user's leg changes to that.
  };
  struct User {
    std::string identity;        // "8:acs:..."
    std::string call_id;         // The call as the user's library names it.
    acs::edge::Identity remote;  // Who is at the other end.
    acs::edge::CallContext context;
    acs::edge::Identity transferor{};  // Who gave the call to the user.
    WallTime ring_expires{};
    std::string server_call_id;
  };

  // A user whom we call.
  EdgeLeg(Services& services, LegObserver& call, Log log, policy::Party party, User user,
          Media media);
  // A user who called us; `invited` is answered by prepare().
  EdgeLeg(Services& services, LegObserver& call, Log log, policy::Party party, User user,
          Media media, const acs::edge::Invited& invited);

  Result<void> prepare();

  const policy::Party& party() const override { return party_; }
  std::string_view kind() const override { return "edge"; }
  policy::Far far() const override { return policy::Far::User; }
  Result<void> start() override;
  void ring(bool with_our_ringback, const std::vector<media::Codec>& codecs_first) override;
  void early_media(const std::vector<media::Codec>& codecs_first) override;
  Result<void> answer(const std::vector<media::Codec>& codecs_first) override;
  void connected() override { show_state(); }
  void show_others(const std::vector<OtherParty>& others) override;
  void set_remote_hold(bool on) override;
  void on_transfer(TransferStep step, const policy::HangupCause& cause) override;
  void meet(const PartyName& other) override;
  bool is_meant_by(const TransferRequest& request) const override {
    return request.user_call == user_.call_id;
  }
  void end(const policy::HangupCause& cause, bool by_remote) override;
  PortId port() const override;
  std::vector<PortId> ports() const override;
  bool owns(PortId port) const override;
  std::vector<media::Codec> codecs() const override;
  void on_media(const media::MediaEvent& event) override;
  void move_to(LegObserver& call, SessionId session) override;
  bool locally_held() const override { return held_; }
  bool media_ready() const override;
  bool rings_at_once() const override { return true; }

  // What the user's devices did; each request is answered here, exactly once.
  void on_event(const acs::edge::Offered& offered);
  void on_event(const acs::edge::Accepted& accepted);
  void on_event(const acs::edge::Rejected& rejected);
  void on_event(const acs::edge::HungUp& hung_up);
  void on_event(const acs::edge::HoldAsked& hold);
  void on_event(const acs::edge::MuteAsked& mute);
  void on_event(const acs::edge::DigitsAsked& digits);
  void on_event(const acs::edge::TransferAsked& transfer);
  void on_event(const acs::edge::DeviceGone& gone);
  void on_event(const acs::edge::QualityReported& quality);

  // What the user's library measured last; the browser sees what the gateway cannot.
  const std::optional<acs::edge::QualityReported>& quality() const { return quality_; }
  const std::string& user_call_id() const { return user_.call_id; }
  const std::string& identity() const { return user_.identity; }

  // The far side's kind and who called whom, for the codes that the user is told.
  void set_far_side(policy::Far far, policy::FarDirection direction);

 private:
  struct Device {
    acs::edge::DeviceId id;
    PortId port;  // None until it made an offer.
    bool rejected = false;
    bool connected = false;  // Its DTLS is up.
    std::vector<media::Codec> offered{};
  };

  Device* find(const acs::edge::DeviceId& id);
  Device* find(PortId port);
  Device& add(const acs::edge::DeviceId& id);
  Result<std::string> answer_offer(Device& device, const std::string& sdp);
  void follow(media::Codec spoken);
  void respond_offer(const acs::edge::RequestRef& request, Device& device, const std::string& sdp,
                     uint32_t generation);
  void refuse(const acs::edge::RequestRef& request, uint32_t code, uint32_t sub_code,
              std::string message);
  bool from_active(const acs::edge::RequestRef& request) const;
  void drop_losers();
  void show(acs::edge::CallState state);
  void show_state();
  const std::string& remote_participant() const;
  acs::edge::Participant participant(const OtherParty& other) const;
  void finish(const policy::HangupCause& cause);

  // Given to us.
  Services& services_;
  LegObserver* call_;
  const Log log_;
  const policy::Party party_;
  const bool outgoing_;  // We call the user.
  User user_;
  Media media_;

  // State.
  std::optional<acs::edge::Invited> invited_;
  std::vector<Device> devices_;
  acs::edge::DeviceId active_;  // Has the call; empty while it rings.
  policy::Far far_ = policy::Far::Phone;
  policy::FarDirection far_direction_ = policy::FarDirection::ItCalledUs;
  acs::edge::CallState shown_ = acs::edge::CallState::Trying;
  bool answered_ = false;
  bool ended_ = false;
  bool held_ = false;
  bool far_holds_ = false;
  bool muted_ = false;
  uint32_t generation_ = 1;                 // Of the newest offer.
  std::vector<media::Codec> codecs_first_;  // What the callee turned out to speak.
  unsigned met_ = 0;  // Parties that took the place of another: each is a participant of its own.
  std::string remote_id_;           // Of the other of two, as a participant; empty = the call's id.
  uint64_t remote_key_ = 0;         // The same, in the Call's words.
  std::vector<OtherParty> others_;  // Of a conference, as last shown; empty while there are two.
  std::optional<acs::edge::QualityReported> quality_;
  int64_t connected_at_ms_ = 0;
};

}  // namespace gw
