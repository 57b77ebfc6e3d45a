#include "sip/offer_exchange.h"

namespace gw::sip {

bool OfferExchange::send_invite(bool with_offer) {
  if (!idle()) return false;
  invite_ = Open::Ours;
  invite_answered_ = false;
  late_ = !with_offer;
  offer_in_invite_ = with_offer;
  if (with_offer) open_ = Open::Ours;
  return true;
}

OfferExchange::Verdict OfferExchange::take_invite(bool with_offer) {
  if (open_ == Open::Ours || invite_ == Open::Ours) return Verdict::Pending;
  if (open_ == Open::Theirs || (invite_ == Open::Theirs && !invite_answered_)) return Verdict::Busy;
  invite_ = Open::Theirs;
  invite_answered_ = false;
  late_ = !with_offer;
  offer_in_invite_ = with_offer;
  if (with_offer) open_ = Open::Theirs;
  return Verdict::Taken;
}

void OfferExchange::invite_over() {
  if (offer_in_invite_) open_ = Open::Nobody;
  invite_ = Open::Nobody;
  invite_answered_ = late_ = offer_in_invite_ = false;
}

// RFC 3311 5.1: an UPDATE may carry an offer once something was agreed and nothing is open. RFC
// 3264 4: an INVITE without an offer is a question for one, and only its answer may be an offer.
bool OfferExchange::may_offer(By by) const {
  if (open_ != Open::Nobody) return false;
  switch (by) {
    case By::Invite: return invite_ == Open::Nobody;
    case By::Response: return invite_ == Open::Theirs && late_;
    case By::Prack: return invite_ == Open::Ours && !late_ && settled_;
    case By::Update: return settled_ && !late_;
  }
  return false;
}

bool OfferExchange::offer(By by) {
  if (by == By::Invite) return send_invite(true);
  if (!may_offer(by)) return false;
  open_ = Open::Ours;
  offer_in_invite_ = by == By::Response;
  if (by == By::Response) late_ = false;
  return true;
}

OfferExchange::Verdict OfferExchange::take_offer(By by) {
  if (by == By::Invite) return take_invite(true);
  if (open_ == Open::Ours) return Verdict::Pending;
  if (open_ == Open::Theirs) return Verdict::Busy;
  if (by == By::Response) {
    if (invite_ != Open::Ours || !late_) return Verdict::Busy;
    late_ = false;
    offer_in_invite_ = true;
  } else {
    if (late_) return invite_ == Open::Ours ? Verdict::Pending : Verdict::Busy;
    if (!settled_) return Verdict::Busy;
    if (by == By::Prack && invite_ != Open::Theirs) return Verdict::Busy;
    offer_in_invite_ = false;
  }
  open_ = Open::Theirs;
  return Verdict::Taken;
}

bool OfferExchange::close(Open open) {
  if (open_ != open) return false;
  open_ = Open::Nobody;
  offer_in_invite_ = false;
  return true;
}

bool OfferExchange::answer() {
  if (!close(Open::Theirs)) return false;
  settled_ = true;
  return true;
}

bool OfferExchange::answer_taken() {
  if (!close(Open::Ours)) return false;
  settled_ = true;
  return true;
}

bool OfferExchange::refuse() {
  return close(Open::Theirs);
}

bool OfferExchange::refused() {
  return close(Open::Ours);
}

}  // namespace gw::sip
