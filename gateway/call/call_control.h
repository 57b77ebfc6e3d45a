#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acs/cloud/incoming_call.h"
#include "base/log.h"
#include "base/token_bucket.h"
#include "gateway/call/call.h"
#include "gateway/call/call_registry.h"
#include "gateway/call/edge_leg.h"
#include "gateway/call/line_state.h"
#include "gateway/call/outside_calls.h"
#include "gateway/call/roster.h"
#include "gateway/call/services.h"
#include "gateway/call/sip_leg.h"
#include "gateway/config/config.h"
#include "gateway/policy/router.h"
#include "sip/resolver.h"
#include "sip/sip_agent.h"

namespace gw {

// An attempt that never became a call: for the CDR and the counters.
struct RefusedCall {
  CallId id;
  policy::Dialled dialled;
  policy::Decision decision;
  policy::HangupCause cause;
  WallTime at{};
};

// Where finished calls and refused attempts are written down.
class CallRecorder {
 public:
  virtual ~CallRecorder() = default;
  virtual void record(const Call& call) = 0;
  virtual void record(const RefusedCall& refused) = 0;
};

// Where calls that are routed to an application go.
class AppDoor {
 public:
  virtual ~AppDoor() = default;
  virtual tl::expected<std::unique_ptr<Leg>, policy::HangupCause> leg_to(
      Call& call, const policy::Routed& routed, const policy::Party& app) = 0;
};

// Accepts or places every call: who is it, where to, may they, is there room; makes the legs.
// Events of the SIP agent, the edge and the media engine come here and go on to their Call. Owned
// by App; signalling thread.
class CallControl final : public sip::InviteHandler, public sip::SipDirectory, public CallOwner {
 public:
  CallControl(Services& services, sip::Resolver& resolver, CallRecorder& recorder,
              config::Snapshot config, Log log);
  ~CallControl() override;

  // Told of each emergency call when it begins.
  void set_emergency_notice(std::function<void(const Call&)> notice) {
    on_emergency_ = std::move(notice);
  }
  // Who registered us at its registrar may call from there.
  void set_registered_trunks(std::function<std::optional<std::string>(const SocketAddress&)> find) {
    registered_trunk_ = std::move(find);
  }

  // Live calls keep theirs.
  void set_config(config::Snapshot config) { config_ = std::move(config); }
  const config::Config& config() const { return *config_; }

  void on_edge(const acs::edge::EdgeEvent& event);
  void on_media(const media::MediaEvent& event);
  void on_cloud_call(const acs::cloud::IncomingCall&
                         incoming);  // Somebody in the cloud calls an identity or a number.

  // Draining: no new call, except to an emergency number.
  void set_draining(bool draining) { draining_ = draining; }
  bool draining() const { return draining_; }
  void end_all(const policy::HangupCause& cause, EndedBy by);
  bool hang_up(const CallId& id);
  Result<void> join(const CallId& id,
                    const CallId& other);  // The other's parties become parties of the first.
  // The called party of a call of two gives its place to "user:NAME", "phone:NAME" or whoever the
  // caller reaches by that number. The far end of a call in the cloud goes to somebody else there
  // ("user:NAME", an identity or a number): our part ends when ACS has taken it. `done`, once:
  // begun, or refused; of a call in the cloud as CloudLeg::transfer says it.
  void transfer(const CallId& id, const std::string& to, std::function<void(Result<void>)> done);
  void update_gauges();        // Every second or so, as
  void end_what_is_used_up();  // calls whose party has no minutes left.

  const CallRegistry& registry() const { return registry_; }

  // Applications. The door is there as long as calls are.
  void set_app_door(AppDoor* door) { apps_ = door; }
  // A call that an application places: decided, and begun with the leg that `make` makes for it.
  using MakeLeg = std::function<Result<std::unique_ptr<Leg>>(Call& call)>;
  tl::expected<Call*, policy::HangupCause> begin_for_app(policy::Dialled dialled,
                                                         const MakeLeg& make);
  policy::Decision decide(const policy::Dialled& dialled) const;
  acs::edge::Identity caller_identity(const Call& call) const;  // As users and apps see the caller.

  // sip::SipDirectory
  std::optional<std::string> trunk_of(const SocketAddress& source) const override;
  std::optional<sip::PhoneAccount> phone(std::string_view username) const override;
  std::string own_host(std::string_view trunk) const override;
  bool takes_refer(std::string_view trunk) const override;
  bool trunk_host(const SocketAddress& source) const override;
  std::vector<sip::DigestAlgorithm> decoy_digest(uint64_t pick) const override;
  bool always_admitted(std::string_view request_user) const override;  // Emergency numbers.
  std::optional<std::string> line_of(std::string_view request_user) const override;
  std::vector<sip::LineDialog> line(std::string_view key) const override {
    return lines_.dialogs(key);
  }
  // sip::InviteHandler
  sip::DialogObserver* on_invite(const sip::Invite& invite,
                                 std::unique_ptr<sip::Dialog> dialog) override;

 private:
  using Legs = std::vector<std::unique_ptr<Leg>>;
  using LegsOrCause = tl::expected<Legs, policy::HangupCause>;

  // CallOwner
  LegsOrCause legs_for(Call& call, const policy::Routed& routed,
                       const policy::Party& party) override;
  void on_port_opened(Call& call, PortId port) override { registry_.add_port(port, call.id()); }
  void on_transfer_wanted(Call& call, Leg& leg, const TransferRequest& request) override;
  PartyName name_of(const Call& call, const Leg& leg) const override;
  LineState::Shown shown_to_phones(const Call& call, const Leg& leg,
                                   const policy::Routed* rung_by) const;
  LineState::Shown shown_to_phones(const policy::Presentation& caller) const;
  void on_call_finished(Call& call) override;

  tl::expected<policy::Routed, policy::HangupCause> transfer_route(
      const Call& call, const Leg& by, const TransferRequest& request) const;
  void show_transferee(const Call& call, const Leg& transferee, policy::Routed& routed) const;
  void transfer_attended(Call& call, Leg& leg, const TransferRequest& request);
  Result<void> transfer_here(Call& call, const std::string& to);
  LegsOrCause legs_to_phone(Call& call, const policy::Routed& routed, const policy::Party& party);
  LegsOrCause legs_to_user(Call& call, const policy::Routed& routed, const policy::Party& party);
  LegsOrCause legs_to_trunk(Call& call, const policy::Routed& routed, const policy::Party& party);
  LegsOrCause legs_to_app(Call& call, const policy::Routed& routed, const policy::Party& party);
  LegsOrCause legs_to_cloud(Call& call, const policy::Routed& routed, const policy::Party& party,
                            std::string target);

  sip::DialogObserver* on_replaces(const CallId& id, const sip::Invite& invite,
                                   const policy::Dialled& dialled,
                                   std::unique_ptr<sip::Dialog> dialog);
  LineState::Named named_by(const sip::Replaces& replaces) const;
  std::optional<policy::HangupCause> may_replace(const LineState::Named& named,
                                                 const sip::Replaces& replaces,
                                                 const policy::Party& by) const;
  void on_invited(const acs::edge::Invited& invited);
  std::optional<SipLeg::Turn> turn_on(const config::Trunk& trunk, const policy::Party& party,
                                      bool& refused);
  std::optional<policy::HangupCause> no_room(const policy::Decision& decision,
                                             const policy::Party& from);
  CallId new_call_id() const;
  Log log_of(const CallId& id) const;
  void refuse(const CallId& id, const policy::Dialled& dialled, const policy::Decision& decision,
              const policy::HangupCause& cause);
  Call& create(const CallId& id, policy::Dialled dialled, policy::Decision decision);
  media::PhonePortSpec phone_spec(const config::Config& config, const policy::Party& party,
                                  bool tls, bool v6) const;
  EdgeLeg::Media user_media(const Call& call, std::optional<media::Codec> other) const;
  std::optional<media::Codec> codec_of_caller(const Call& call) const;
  std::optional<media::Codec> codec_of_target(const Call& call) const;
  acs::edge::Identity caller_identity(const Call& call, const policy::Routed& routed) const;
  sip::NameAddr from_header(const Call& call, const policy::Presentation& caller) const;

  // Given to us.
  Services& services_;
  sip::Resolver& resolver_;
  CallRecorder& recorder_;
  AppDoor* apps_ = nullptr;
  std::function<std::optional<std::string>(const SocketAddress&)> registered_trunk_;
  std::function<void(const Call&)> on_emergency_;
  config::Snapshot config_;
  const Log log_;

  // Owned by us.
  OutsideCalls outside_;
  Roster roster_;  // Watch the calls: they go after them.
  LineState lines_;
  CallRegistry registry_;

  // New calls a second to a trunk, evenly spaced: a carrier counts them too.
  struct Pace {
    TimePoint next{};
    // How long this one has to wait; none when that is longer than `most`.
    std::optional<Duration> take(double per_second, TimePoint now, Duration most);
  };

  // A counter for each cause, looked up once: no call waits for the registry's lock.
  struct ByCause {
    const char* name;
    const char* help;
    std::map<policy::Cause, Counter*> counters{};
    void add(Metrics& metrics, policy::Cause cause);
  };

  // State.
  bool draining_ = false;
  TokenBucket rate_;  // [limits] calls_per_second
  std::map<std::string, TokenBucket, std::less<>>
      trunk_rates_;  // A trunk's calls_per_second: those that come in,
  std::map<std::string, Pace, std::less<>> trunk_paces_;  // and those that go out.
  ByCause calls_refused_{"gw_calls_refused_total", "Calls that were never begun."};
  ByCause calls_ended_{"gw_calls_ended_total", "Calls that ended."};
  Counter& calls_started_;
  Gauge& calls_active_;
  Gauge& legs_active_;
};

}  // namespace gw
