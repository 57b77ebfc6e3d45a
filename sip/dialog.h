#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gw::sip {

// Reason header (RFC 3326): what we say when we end, what we heard when they did.
struct Reason {
  int q850 = 0;        // 0 = none.
  int sip_status = 0;  // "Reason: SIP;cause=200" (call completed elsewhere); 0 = none.
  std::string text;
};

// A final response other than 2xx to an INVITE of ours; status 408 is also ours when nothing came
// (Timer B) and 503 when the transport failed.
struct Refusal {
  int status = 0;
  std::string phrase;
  Reason reason;
  int retry_after_s = 0;
  std::vector<std::string> contacts;  // 3xx
  bool local = false;                 // Nobody over there said so: silence, or a transport failure.
};

// A REFER (RFC 3515): the peer wants to be replaced by somebody else in the call of this dialog.
struct Referral {
  std::string
      target;  // Whom: user part of Refer-To, "+14255550100" or "102"; a tel: number likewise.
  bool ours = false;        // Its host is ours, or it has none: it can be dialled here.
  bool replaces = false;    // Refer-To names a dialog to be joined to (RFC 3891) ...
  uint64_t dialog = 0;      // ... which is this one of ours; 0 = there is no such.
  std::string referred_by;  // Referred-By as it came (RFC 3892), without parameters; empty = none.
};

// What one dialog tells its owner. Signalling thread. Each dialog ends by exactly one of
// on_refused, on_cancelled or on_ended, and never after the owner called Dialog::end or destroyed
// it; no callback runs inside a call of the owner's.
class DialogObserver {
 public:
  virtual ~DialogObserver() = default;

  // An INVITE of ours.
  virtual void on_progress(
      int status, std::optional<std::string> sdp) = 0;  // 101..199; first SDP of each fork.
  virtual void on_answered(
      std::optional<std::string>
          sdp) = 0;  // 2xx. With our offer out: their answer (already acknowledged).
                     // Late offer: their offer; Dialog::acknowledge must follow.
  virtual void on_refused(const Refusal& refusal) = 0;

  // An INVITE that came in.
  virtual void on_cancelled(const Reason& reason) = 0;  // 487 has been sent.
  virtual void on_confirmed(std::optional<std::string>
                                sdp) = 0;  // ACK; with SDP when we answered a late offer with ours.

  // In the dialog. An offer (re-INVITE or UPDATE) waits for accept_offer or refuse_offer. No SDP =
  // they ask for ours.
  virtual void on_offer(std::optional<std::string> sdp) = 0;
  virtual void on_offer_accepted(
      std::string sdp) = 0;  // The answer to Dialog::offer, or in the ACK to an
                             // accept_offer() that was an offer (on_offer without SDP).
  virtual void on_offer_refused(int status) = 0;  // 488, 491 after retries, ...
  virtual void on_info(std::string_view content_type, std::string_view body) = 0;
  // The session must be refreshed, and the peer takes no UPDATE: Dialog::offer with what is in
  // force.
  virtual void on_refresh_due() = 0;
  virtual void on_referred(
      const Referral& referral) = 0;  // Waits for accept_referral or refuse_referral.

  virtual void on_ended(
      const Reason& reason,
      bool by_remote) = 0;  // BYE; or (by_remote = false) no ACK, session gone, transport lost.
};

// One INVITE dialog, whichever side began it: transactions, route set, offers, retransmissions,
// CANCEL races, 491. Owned by a SipLeg; signalling thread. Destroying it is the same as end(): what
// must still be sent (CANCEL, ACK and BYE to a late 200, refusal) is finished in the background.
// Calls that the state does not allow are ignored and return false.
class Dialog {
 public:
  virtual ~Dialog() = default;

  // An INVITE that came in.
  virtual bool progress(int status, std::optional<std::string> sdp) = 0;  // 180, 183
  virtual bool answer(std::string sdp) = 0;                               // 200
  virtual bool refuse(int status, std::string_view phrase, const Reason& reason = {},
                      std::vector<std::pair<std::string, std::string>> headers = {}) = 0;

  // An INVITE of ours whose 200 carried the offer.
  virtual bool acknowledge(std::string sdp) = 0;

  // In the dialog.
  virtual bool offer(
      std::string sdp) = 0;  // re-INVITE; retried on 491 (RFC 3261 14.1). One at a time; waits
                             // for the ACK of the first INVITE and for an open offer of theirs.
                             // Before the answer by UPDATE, when something was agreed reliably.
  virtual bool accept_offer(std::string sdp) = 0;
  virtual bool refuse_offer(int status,
                            std::vector<std::pair<std::string, std::string>> headers = {}) = 0;
  virtual bool info(std::string_view content_type, std::string_view body) = 0;

  // Their REFER: 202 and NOTIFY 100, or a refusal. What becomes of it is told by further NOTIFYs,
  // also after a BYE of theirs; the first final status is the last. A BYE of ours waits until that
  // NOTIFY was answered.
  virtual bool accept_referral() = 0;
  virtual bool refuse_referral(int status) = 0;
  virtual bool notify_referral(int status) = 0;

  // CANCEL, refusal or BYE, as the state requires. No callback follows.
  virtual void end(const Reason& reason) = 0;

  virtual const std::string& sip_call_id() const = 0;
  virtual uint64_t id() const = 0;  // As Referral::dialog names it.
};

}  // namespace gw::sip
