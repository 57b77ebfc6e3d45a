#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/task.h"
#include "sip/client_auth.h"
#include "sip/dialog.h"
#include "sip/invite.h"
#include "sip/offer_exchange.h"
#include "sip/refer_subscription.h"
#include "sip/session_timer.h"
#include "sip/sip_core.h"
#include "sip/sip_view.h"

namespace gw::sip {

class InviteDialog;

// The Dialog that an owner holds: a link to the machine in SipCore::dialogs, which may outlive it
// (to finish) or end before it.
class DialogHandle final : public Dialog {
 public:
  explicit DialogHandle(InviteDialog& dialog);
  ~DialogHandle() override;

  bool progress(int status, std::optional<std::string> sdp) override;
  bool answer(std::string sdp) override;
  bool refuse(int status, std::string_view phrase, const Reason& reason,
              std::vector<std::pair<std::string, std::string>> headers) override;
  bool acknowledge(std::string sdp) override;
  bool offer(std::string sdp) override;
  bool accept_offer(std::string sdp) override;
  bool refuse_offer(int status, std::vector<std::pair<std::string, std::string>> headers) override;
  bool info(std::string_view content_type, std::string_view body) override;
  bool accept_referral() override;
  bool refuse_referral(int status) override;
  bool notify_referral(int status) override;
  void end(const Reason& reason) override;
  const std::string& sip_call_id() const override { return sip_call_id_; }
  uint64_t id() const override { return id_; }

 private:
  friend class InviteDialog;
  InviteDialog* dialog_;
  const std::string sip_call_id_;
  const uint64_t id_;
};

// One INVITE dialog (RFC 3261 12): what both roles share, which is everything after the answer:
// offers both ways, glare, INFO, REFER, BYE, the route set. InviteServer and InviteClient add the
// first transaction. Owned by SipCore::dialogs; signalling thread. Deleted only from the loop,
// never under a callback.
class InviteDialog {
 public:
  virtual ~InviteDialog();
  InviteDialog(const InviteDialog&) = delete;
  InviteDialog& operator=(const InviteDialog&) = delete;

  uint64_t id() const { return id_; }
  const std::string& sip_call_id() const { return sip_call_id_; }
  void set_observer(DialogObserver* observer) { observer_ = observer; }
  bool has_owner() const { return handle_ != nullptr; }

  // The number of the dialog that Replaces names (RFC 3891).
  static std::optional<uint64_t> named_by(const SipCore& core, const sip_replaces_t& replaces);

  virtual bool progress(int, const std::optional<std::string>&) { return false; }
  virtual bool answer(const std::string&) { return false; }
  virtual bool refuse(int, std::string_view, const Reason&,
                      const std::vector<std::pair<std::string, std::string>>&) {
    return false;
  }
  virtual bool acknowledge(const std::string&) { return false; }
  bool offer(std::string sdp);
  bool accept_offer(const std::string& sdp);
  bool refuse_offer(int status, const std::vector<std::pair<std::string, std::string>>& headers);
  bool info(std::string_view content_type, std::string_view body);
  bool accept_referral();
  bool refuse_referral(int status);
  bool notify_referral(int status);
  void end(const Reason& reason);
  void owner_left();  // After end(): nobody has news for a subscription any more.

 protected:
  enum class State {
    Early,     // The INVITE has no final answer.
    Answered,  // 2xx, but no ACK yet.
    Confirmed,
    Ending,  // The owner has been told or has left; a transaction of ours is still to finish.
    Ended,
  };

  InviteDialog(SipCore& core, std::string sip_call_id, bool caller);

  // The first transaction's part of end(), in Early and Answered. Leaves the dialog Ending or
  // Ended.
  virtual void leave(const Reason& reason) = 0;
  // BYE from the peer before the dialog was confirmed.
  virtual void left_early(const Reason& reason) = 0;
  virtual bool invite_pending() const = 0;  // The first transaction still needs us.

  void set_state(State state);
  void tell(std::function<void(DialogObserver&)>
                what);  // Now, or from the loop when an owner's call is on the stack.
  void confirmed();     // Confirmed, and what waited for it.
  void hang_up(const Reason& reason);  // BYE; Ending.
  void lost();                         // BYE and on_ended: no ACK, 481, 408.
  void finish_if_idle();

  struct Body {
    std::string_view type, text;
  };
  OutgoingPtr request(sip_method_t method, const char* name, nta_response_f* callback,
                      const std::string& headers, const Body& body = {});
  // ACK of a 2xx to an INVITE of ours; Sofia repeats it for every repeated 2xx.
  bool send_ack(uint32_t cseq, const std::string& branch, const std::string& auth,
                const std::string& sdp);
  std::string remote_target() const;
  // Where requests in the dialog go, once the route set or the remote target is known.
  void route_in_dialog();
  struct Way {
    std::string route;
    const Listener* listener = nullptr;
  };
  Way way_of(nta_leg_t* leg, bool keep_hop) const;

  void learn(const sip_t& message);            // Whether the peer takes UPDATE.
  void session_asked(const sip_t& request);    // By an INVITE or UPDATE of theirs.
  void session_agreed(const sip_t& response);  // By their 2xx to one of ours.
  std::string session_lines() const { return session_ ? session_->answer_lines() : std::string(); }
  void session_refreshed();  // Starts the timer afresh.
  // Theirs, in whatever carries it: 0, or the status that it is refused with.
  int take_offer(nta_incoming_t* transaction, OfferExchange::By by, std::optional<std::string> sdp);

  static int on_leg_request(nta_leg_magic_t* self, nta_leg_t* leg, nta_incoming_t* transaction,
                            const sip_t* sip);
  static int reply(nta_incoming_t* transaction, int status, const char* phrase,
                   const std::string& headers = {});
  static nta_outgoing_magic_t* magic(InviteDialog* self) {
    return reinterpret_cast<nta_outgoing_magic_t*>(self);
  }
  static std::string branch_of(const nta_outgoing_t* transaction);

  SipCore& core_;
  const uint64_t id_;
  const std::string sip_call_id_;
  const bool caller_;  // We sent the INVITE: we own the Call-ID.

  LegPtr leg_;
  NextHop hop_;  // Where the peer was when the dialog began.
  bool keep_hop_ =
      false;           // A phone, maybe behind a NAT: its Contact is not where it can be reached.
  std::string route_;  // hop_, or the first route or remote target, as Sofia's route.
  // Our listener. By reference, not by name: Sofia keeps the pointer to the name in transactions
  // that outlive us.
  const Listener* listener_ = nullptr;
  std::string contact_;
  std::string allow_ = kAllow;  // What we tell this peer that we take.
  ClientAuth auth_;
  State state_ = State::Early;
  OfferExchange exchange_;

 private:
  friend class DialogHandle;

  int on_request(nta_incoming_t* transaction, const sip_t& sip);
  int on_bye(nta_incoming_t* transaction, const sip_t& sip);
  int on_offer_request(nta_incoming_t* transaction, const sip_t& sip);
  int on_info(nta_incoming_t* transaction, const sip_t& sip);
  void on_offer_acknowledged(const sip_t* ack_or_cancel);
  void send_offer();
  void on_offer_response(const sip_t* response);
  void on_offer_answered(const sip_t& response, bool by_invite);
  void offer_refused(int status);
  void retry_offer_later();
  void cancel_stuck_offer();
  void on_bye_response(const sip_t* response);
  bool send_next_info();
  void on_info_response(const sip_t* response);
  void deliver_pending();
  void stop_timers();
  void stop_timer();
  void on_session_timer();
  void refresh_by_update();
  void refresh_again_later();
  void on_refreshed(const sip_t* response);
  int on_refer(nta_incoming_t* transaction, const sip_t& sip);
  Referral referral_of(const sip_t& refer) const;
  void send_next_notify();
  void on_notify_response(const sip_t* response);
  void send_bye();

  DialogHandle* handle_ = nullptr;
  DialogObserver* observer_ = nullptr;
  std::deque<std::function<void(DialogObserver&)>> pending_;
  bool burial_posted_ = false;

  // Their offer: a re-INVITE or UPDATE.
  IncomingPtr their_offer_;
  bool their_offer_answered_ = false;  // 200 is out, the ACK is not in.
  bool their_offer_late_ = false;  // It had no SDP: our 200 carries the offer, the ACK the answer.

  // Our offer: a re-INVITE or UPDATE, and until it has an answer its SDP.
  OutgoingPtr our_offer_;
  bool our_offer_by_invite_ = true;
  std::optional<std::string> our_sdp_;
  std::string our_offer_auth_;
  unsigned glares_ = 0;
  TimerId timer_;

  std::optional<SessionTimer> session_;
  std::optional<bool> update_allowed_;  // Unknown until an Allow or a 405 says so.
  TimePoint session_ends_{};
  bool refresh_failed_ = false;  // Or not answered yet.
  TimerId session_due_;
  OutgoingPtr refresh_;

  IncomingPtr refer_;  // Not answered yet.
  unsigned referrals_ = 0;
  std::optional<ReferSubscription> referral_;
  OutgoingPtr notify_;

  OutgoingPtr bye_;
  std::optional<std::string> bye_waits_;  // Its Reason, while the last NOTIFY is not answered.
  OutgoingPtr info_;                      // Under way.
  std::deque<std::pair<std::string, std::string>> infos_;  // After it: content type and body.
};

}  // namespace gw::sip
