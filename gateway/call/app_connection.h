#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "acs/call_automation/call_commands.h"
#include "acs/events/call_event.h"
#include "gateway/call/app_leg.h"
#include "gateway/call/app_media.h"
#include "gateway/call/app_stream.h"
#include "gateway/call/call.h"

namespace gw {

class CallControl;

// An application's hold on a call, a "call connection": what it asks of the call by REST, and what
// it is told of it by events. Owned by the AutomationHost; signalling thread.
class AppConnection final : public CallWatcher {
 public:
  enum class Way { Created, Answered, Connected };

  struct Needs {
    Services& services;
    CallControl& control;
    // To the app, in order. `uri`: where.
    std::function<void(const std::string& uri, acs::events::CallEvent event)> tell;
    std::function<void(const std::string& url, std::function<void(Result<media::ClipPtr>)>)> fetch;
    std::function<std::string()> stream_token;  // Proves to the app that a media stream is ours.
    std::function<void()> over;  // It is of no use any more; destroyed later, never from inside.
  };
  struct Facts {
    std::string id, correlation_id;
    Way way = Way::Created;
    std::string callback_uri, context;
    std::string source, source_display_name, caller_id;  // Of a created call.
    std::string answered_by, answered_for;
    std::vector<std::string> targets;
    std::optional<acs::call_automation::MediaStreaming> streaming;
  };

  AppConnection(Needs needs, Facts facts, Call& call, AppLeg& leg);
  ~AppConnection() override;

  void name(const Leg& leg, std::string raw_id) { names_[&leg] = std::move(raw_id); }
  void invite_target(const std::string& who);  // Of the call that it creates.
  void be_connected();                         // CallConnected.
  void on_leg_over(AppLeg& leg);
  void on_clip_ended(AppLeg& leg, uint64_t serial);

  acs::call_automation::Outcome perform(acs::call_automation::Command& command);
  acs::call_automation::CallProperties properties() const;

  // How the app's parties are named to the router; RestError when nobody can be called so.
  static tl::expected<policy::Dialled, acs::rest::RestError> dialled_for(const std::string& who);
  // An app presents what the gateway owns, as in an ACS resource.
  static bool may_present(const config::Config& config, const std::string& number);
  static acs::rest::RestError not_your_number();

 private:
  using Outcome = acs::call_automation::Outcome;
  using Tag = acs::call_automation::Tag;
  struct Pending {
    enum class Kind { Target, Participant, Transfer } kind = Kind::Target;
    std::string id, who;
    Tag tag;
  };

  // CallWatcher
  void on_answered(Call& call) override;
  void on_parties_changed(Call& call) override;
  void on_leg_media(Call& call, Leg& leg, const media::MediaEvent& event) override;
  void on_key(Call& call, Leg& leg, char key) override;
  void on_invitation_answered(Call& call, InvitationId invitation, Leg& leg) override;
  void on_invitation_failed(Call& call, InvitationId invitation,
                            const policy::HangupCause& cause) override;
  void on_joined_to(Call& call, Call& into) override;
  void on_call_ended(Call& call) override;

  Outcome on(acs::call_automation::GetCall&);
  Outcome on(acs::call_automation::HangUp& command);
  Outcome on(acs::call_automation::ListParticipants&);
  Outcome on(acs::call_automation::GetParticipant& command);
  Outcome on(acs::call_automation::AddParticipant& command);
  Outcome on(acs::call_automation::RemoveParticipant& command);
  Outcome on(acs::call_automation::MuteParticipant& command);
  Outcome on(acs::call_automation::CancelAddParticipant& command);
  Outcome on(acs::call_automation::Transfer& command);
  Outcome on(acs::call_automation::Play& command);
  Outcome on(acs::call_automation::Recognize& command);
  Outcome on(acs::call_automation::CancelMedia&);
  Outcome on(acs::call_automation::ContinuousTones& command);
  Outcome on(acs::call_automation::SendTones& command);
  Outcome on(acs::call_automation::Hold& command);
  Outcome on(acs::call_automation::Unhold& command);
  Outcome on(acs::call_automation::Streaming& command);
  template <class T>
  Outcome on(T&);  // Commands that make a connection are not for one.

  void play(AppMedia::Needs::Sound sound);
  Leg* find(const std::string& who) const;
  std::string name_of(const Leg& leg) const;
  // Who talks with it: no other application, unless it is there for an identity that it was called
  // by or called.
  std::vector<Leg*> others() const;
  acs::call_automation::Participant participant(const Leg& leg) const;
  tl::expected<policy::Routed, acs::rest::RestError> route(const std::string& who,
                                                           const std::string& caller_id,
                                                           const std::string& display_name) const;
  tl::expected<policy::Routed, acs::rest::RestError> transfer_route(
      const acs::call_automation::Transfer& command, const Leg& transferee) const;
  policy::Far far_end() const;
  acs::events::ResultInformation result_of(const policy::HangupCause& cause, policy::Far far) const;
  void tell(std::string type, const Tag& tag, std::optional<acs::events::ResultInformation> result,
            nlohmann::json more = nlohmann::json::object());
  void tell_participants();
  void tell_of_who_left();
  void tell_tones_failed(PortId port);
  void be_over(std::string type, const policy::HangupCause& cause);
  void leave_after_transfer(const Pending& transfer);
  void name_stream_ports();

  const Needs needs_;
  const Facts facts_;
  Call* call_;
  AppLeg* leg_;

  AppMedia media_;
  std::map<const Leg*, std::string> names_;
  std::map<InvitationId, Pending> pending_;
  std::map<PortId, std::deque<Tag>> sending_;  // Keys that are being sent.
  std::map<std::string, Tag> tones_wanted_;    // Continuous recognition, by who presses.
  uint64_t next_tone_ = 1;
  uint64_t next_update_ = 1;
  std::optional<AppStream> stream_;  // When the call was made with one.
  Leg* transferee_ = nullptr;        // Hears ringing meanwhile.
  acs::call_automation::ConnectionState state_ = acs::call_automation::ConnectionState::Connecting;
  bool over_ = false;
};

}  // namespace gw
