#pragma once

namespace gw::sip {

// Who has an offer open in one dialog, and what either side may say next (RFC 3264 4, RFC 6337 2).
// It sees requests and responses, never SDP: what the words mean is the media's. Part of an
// InviteDialog. Pure: a step that is not legal returns false and changes nothing.
class OfferExchange {
 public:
  // What carries an offer. Response: of a late offer, the 2xx or reliable 1xx to an INVITE that had
  // none.
  enum class By { Invite, Update, Prack, Response };
  enum class Open { Nobody, Ours, Theirs };
  // What an offer of theirs meets.
  enum class Verdict {
    Taken,
    Pending,  // 491: ours is out (RFC 3261 14.2, RFC 3311 5.2).
    Busy,     // 500 with Retry-After: theirs, or the INVITE before it, is not settled yet.
  };

  // An INVITE, the first or a later one, theirs or ours. `with_offer` false: who answers it offers.
  bool send_invite(bool with_offer);
  Verdict take_invite(bool with_offer);
  // Its end: a refusal, or the ACK of its 2xx. An offer that it carried and nobody answered is
  // void.
  void invite_over();
  // 2xx to their INVITE is out, the ACK is not in: a new INVITE of theirs says that the ACK was
  // sent, and was lost.
  void invite_answered() { invite_answered_ = true; }

  bool may_offer(By by) const;
  bool offer(By by);          // UPDATE, PRACK, or our response to an INVITE without an offer.
  Verdict take_offer(By by);  // Theirs, likewise.

  bool answer();        // Theirs is answered by us.
  bool answer_taken();  // Ours, by them.
  bool refuse();        // Theirs: 488, or it was cancelled. What was agreed before stays agreed.
  bool refused();       // Ours.

  Open open() const { return open_; }
  bool settled() const { return settled_; }  // Something was agreed once.
  bool idle() const { return open_ == Open::Nobody && invite_ == Open::Nobody; }

 private:
  bool close(Open open);

  Open open_ = Open::Nobody;
  Open invite_ = Open::Nobody;  // Whose INVITE is under way.
  bool invite_answered_ = false;
  bool late_ = false;             // That INVITE had no offer, and none was made yet.
  bool offer_in_invite_ = false;  // What is open came with it.
  bool settled_ = false;
};

}  // namespace gw::sip
