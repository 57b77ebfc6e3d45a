#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "gateway/call/leg.h"
#include "gateway/call/services.h"
#include "gateway/call/trunk_search.h"
#include "sip/dialog.h"
#include "sip/invite.h"
#include "sip/registrar.h"

namespace gw {

// A phone or trunk in a call: one SIP dialog and one media port. Owned by its Call; signalling
// thread.
class SipLeg final : public Leg, public sip::DialogObserver {
 public:
  struct Media {
    SessionId session;
    media::PhonePortSpec spec;
    std::vector<media::Codec>
        codecs_first;               // The other leg's codecs: meet them and pass sound through.
    bool hold_is_inactive = false;  // The peer knows no other hold.
  };

  // An INVITE that came in. The port is opened and the offer read by prepare().
  SipLeg(Services& services, LegObserver& call, Log log, policy::Party party,
         std::unique_ptr<sip::Dialog> dialog, const sip::Invite& invite, Media media);
  // An INVITE of ours.
  SipLeg(Services& services, LegObserver& call, Log log, policy::Party party,
         sip::OutgoingInvite invite, Media media);
  ~SipLeg() override;

  // An INVITE of ours to a trunk goes where the search says. The next place is tried when nothing
  // was heard of the call yet.
  void search(std::unique_ptr<TrunkSearch> search) { search_ = std::move(search); }
  // In line for its trunk: not before `delay`, and not before `has_room`; after a second in all it
  // is refused.
  struct Turn {
    Duration delay{};
    std::function<bool()> has_room;
  };
  void wait_for(Turn turn) { turn_ = std::move(turn); }
  // Other flows to the same phone (RFC 5626), for when that of the INVITE is dead; `lost` is told
  // which were.
  struct Flows {
    std::vector<sip::Binding> flows;  // The first is the INVITE's.
    std::function<void(const sip::Binding&)> lost;
  };
  void use_flows(Flows flows) { flows_ = std::move(flows); }
  static void go_by(sip::OutgoingInvite& invite, const sip::Binding& binding);
  // A 3xx is followed to Contacts whose host `may` likes, none twice (RFC 3261 8.1.3.4).
  void follow_redirects(std::function<bool(const std::string& host)> may) {
    may_follow_ = std::move(may);
  }

  Result<void> prepare();  // Incoming: opens the port, reads the offer. NotAcceptable = 488.

  const policy::Party& party() const override { return party_; }
  std::string_view kind() const override { return "sip"; }
  policy::Far far() const override { return policy::Far::Phone; }
  Result<void> start() override;
  void ring(bool with_our_ringback, const std::vector<media::Codec>& codecs_first) override;
  void early_media(const std::vector<media::Codec>& codecs_first) override;
  void delay(int status) override;
  Result<void> answer(const std::vector<media::Codec>& codecs_first) override;
  void connected() override {}
  void set_remote_hold(bool on) override;
  void on_transfer(TransferStep step, const policy::HangupCause& cause) override;
  bool is_meant_by(const TransferRequest& request) const override;
  void end(const policy::HangupCause& cause, bool by_remote) override;
  PortId port() const override { return port_; }
  bool wants_hold_music() const override { return !media_.hold_is_inactive; }
  // A carrier that holds by sendonly plays its own; a phone sends silence.
  bool brings_hold_music() const override {
    return party_.kind == policy::PartyKind::Trunk && peer_holds_ &&
           agreed_direction_ == media::Direction::RecvOnly;
  }
  std::vector<PortId> ports() const override;
  bool owns(PortId port) const override { return port == port_; }
  std::vector<media::Codec> codecs() const override;
  void on_media(const media::MediaEvent& event) override;
  void move_to(LegObserver& call, SessionId session) override;
  bool locally_held() const override { return peer_holds_; }
  bool media_ready() const override { return true; }
  bool waits_for_room() const override { return waiting_; }

 private:
  // sip::DialogObserver
  void on_progress(int status, std::optional<std::string> sdp) override;
  void on_answered(std::optional<std::string> sdp) override;
  void on_refused(const sip::Refusal& refusal) override;
  void on_cancelled(const sip::Reason& reason) override;
  void on_confirmed(std::optional<std::string> sdp) override;
  void on_offer(std::optional<std::string> sdp) override;
  void on_offer_accepted(std::string sdp) override;
  void on_offer_refused(int status) override;
  void on_info(std::string_view content_type, std::string_view body) override;
  void on_refresh_due() override;
  void on_referred(const sip::Referral& referral) override;
  void on_ended(const sip::Reason& reason, bool by_remote) override;

  void send_info(const media::DigitToSend& digit);
  Result<void> send_invite();
  void on_turn(TimePoint until);
  void go_to_next_place();
  bool try_next_flow(const sip::Refusal& refusal);
  bool try_elsewhere(const sip::Refusal& refusal);
  bool follow(const std::vector<std::string>& contacts);
  bool take_answer(const std::string& sdp);  // False: it cannot be used; the leg is being ended.
  void apply_hold(bool held);
  void prepare_for(const std::vector<media::Codec>& other_leg);
  void offer_direction();  // A re-INVITE when what we want differs from what was last agreed.
  void offer(media::Direction direction);
  media::Direction wanted() const;
  void finish(const policy::HangupCause& cause);  // Tells the Call, once.

  // Given to us.
  Services& services_;
  LegObserver* call_;
  const Log log_;
  const policy::Party party_;
  const bool outgoing_;
  Media media_;
  std::string offer_;  // Incoming: the INVITE's SDP; empty = late offer.
  std::optional<sip::OutgoingInvite> invite_;
  std::unique_ptr<TrunkSearch> search_;
  std::function<bool(const std::string& host)> may_follow_;
  std::optional<Turn> turn_;
  std::optional<Flows> flows_;

  // Owned by us.
  std::unique_ptr<sip::Dialog> dialog_;
  PortId port_;

  // State.
  TimerId turn_timer_;
  bool waiting_ = false;  // For its turn.
  std::set<std::string>
      followed_;  // Request-URIs that were tried; what comes back to one is a loop.
  bool progressed_ = false;
  std::vector<media::Codec> remote_codecs_;
  std::string taken_answer_;  // The SDP that our offer was answered with, early or final.
  bool answer_sent_ = false;  // Incoming: SDP went out in 183 or 200.
  bool answered_ = false;
  bool ended_ = false;
  bool peer_holds_ = false;  // The phone put us on hold.
  bool far_holds_ = false;   // The other party holds this phone.
  bool offering_ = false;    // A re-INVITE of ours is out.
  media::Direction offered_direction_ = media::Direction::SendRecv;
  media::Direction agreed_direction_ = media::Direction::SendRecv;
};

}  // namespace gw
