// Offers in a dialog: re-INVITE and UPDATE, theirs and ours, and their glare (RFC 3261 14, RFC
// 3311).

#include "sip/invite_dialog.h"

#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {
constexpr unsigned kMaxGlares = 5;  // Both sides draw from 2 s: this often in a row is no accident.
// Longer than Timer B: a re-INVITE that rings on is cancelled.
constexpr Duration kOfferPatience = 40s;
}  // namespace

// --- Theirs

int InviteDialog::on_offer_request(nta_incoming_t* transaction, const sip_t& sip) {
  const bool invite = sip.sip_request->rq_method == sip_method_invite;
  auto rejection = check_dialog_request(sip, invite);
  if (!rejection) rejection = check_session_timer(sip, core_.min_session);
  if (rejection) {
    core_.count_refusal(rejection->reason);
    return reply(transaction, rejection->status, rejection->phrase, rejection->headers);
  }
  learn(sip);
  auto sdp = body_of(sip).sdp;
  if (!invite && !sdp) {  // Refreshes the target or the session, no more.
    if (sip.sip_contact) nta_leg_server_route(leg_.get(), nullptr, sip.sip_contact);
    session_asked(sip);
    if (state_ == State::Confirmed) {
      route_in_dialog();
      session_refreshed();
    }
    return reply(transaction, SIP_200_OK, "Contact: " + contact_ + "\r\n" + session_lines());
  }
  using By = OfferExchange::By;
  const int refusal = take_offer(transaction, invite ? By::Invite : By::Update, std::move(sdp));
  if (refusal == 0) return 0;
  std::string headers;
  if (refusal == 500) headers = "Retry-After: " + std::to_string(core_.random.u32() % 11) + "\r\n";
  return reply(transaction, refusal, sip_status_phrase(refusal), headers);
}

int InviteDialog::take_offer(nta_incoming_t* transaction, OfferExchange::By by,
                             std::optional<std::string> sdp) {
  const bool invite = by == OfferExchange::By::Invite;
  // The ACK of our first 2xx is not in: nothing of that INVITE is settled.
  if (invite && state_ == State::Answered && !caller_) return 500;
  switch (invite ? exchange_.take_invite(sdp.has_value()) : exchange_.take_offer(by)) {
    case OfferExchange::Verdict::Pending: return 491;
    case OfferExchange::Verdict::Busy: return 500;
    case OfferExchange::Verdict::Taken: break;
  }
  their_offer_.reset(
      transaction);  // A 200 of ours still unacknowledged is given up: they moved on.
  their_offer_answered_ = false;
  their_offer_late_ = !sdp;
  nta_incoming_bind(
      transaction,
      [](nta_incoming_magic_t* self, nta_incoming_t*, const sip_t* ack_or_cancel) {
        reinterpret_cast<InviteDialog*>(self)->on_offer_acknowledged(ack_or_cancel);
        return 0;
      },
      reinterpret_cast<nta_incoming_magic_t*>(this));
  if (invite) nta_incoming_treply(transaction, SIP_100_TRYING, TAG_END());
  tell([sdp = std::move(sdp)](DialogObserver& o) { o.on_offer(sdp); });
  return 0;
}

bool InviteDialog::accept_offer(const std::string& sdp) {
  if (state_ == State::Ending || state_ == State::Ended) return false;
  if (!their_offer_ || their_offer_answered_ || sdp.empty()) return false;
  if (their_offer_late_) {
    exchange_.offer(OfferExchange::By::Response);
  } else {
    exchange_.answer();
  }
  const MsgPtr message(nta_incoming_getrequest(their_offer_.get()));
  const sip_t* sip = sip_object(message.get());
  const bool prack = nta_incoming_method(their_offer_.get()) == sip_method_prack;
  if (sip && sip->sip_contact && !prack) {
    nta_leg_server_route(leg_.get(), nullptr, sip->sip_contact);
    if (state_ == State::Confirmed) route_in_dialog();
  }
  if (sip && !prack) session_asked(*sip);
  if (state_ == State::Confirmed) session_refreshed();
  const std::string lines = prack ? std::string() : session_lines();
  nta_incoming_treply(
      their_offer_.get(), SIP_200_OK, SIPTAG_CONTACT_STR(contact_.c_str()),
      SIPTAG_ALLOW_STR(allow_.c_str()), TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())),
      SIPTAG_CONTENT_TYPE_STR("application/sdp"), SIPTAG_PAYLOAD_STR(sdp.c_str()), TAG_END());
  if (nta_incoming_method(their_offer_.get()) == sip_method_invite) {
    exchange_.invite_answered();
    their_offer_answered_ = true;
    return true;
  }
  their_offer_.reset();
  send_offer();
  return true;
}

bool InviteDialog::refuse_offer(int status,
                                const std::vector<std::pair<std::string, std::string>>& headers) {
  if (state_ == State::Ending || state_ == State::Ended) return false;
  if (!their_offer_ || their_offer_answered_) return false;
  if (status < 400 || status > 699) return false;
  const bool invite = nta_incoming_method(their_offer_.get()) == sip_method_invite;
  reply(their_offer_.get(), status, nullptr, header_lines(headers));
  their_offer_.reset();
  exchange_.refuse();
  if (invite) exchange_.invite_over();
  send_offer();
  return true;
}

// ACK of our 200, CANCEL before it, or nullptr: no ACK in 64*T1.
void InviteDialog::on_offer_acknowledged(const sip_t* sip) {
  if (!sip) {
    their_offer_.reset();
    exchange_.invite_over();
    if (state_ == State::Confirmed) lost();
    return;
  }
  if (sip->sip_request->rq_method == sip_method_cancel) {
    if (their_offer_answered_) return;
    reply(their_offer_.get(), SIP_487_REQUEST_TERMINATED);
    their_offer_.reset();
    exchange_.invite_over();
    send_offer();
    return;
  }
  their_offer_.reset();
  auto sdp = body_of(*sip).sdp;
  if (sdp) exchange_.answer_taken();  // Of our offer in the 200; else there is none open.
  exchange_.invite_over();
  if (state_ != State::Confirmed) return;
  if (their_offer_late_ && their_offer_answered_) {
    if (sdp) {
      tell([answer = std::move(*sdp)](DialogObserver& o) { o.on_offer_accepted(answer); });
    } else {
      tell([](DialogObserver& o) { o.on_offer_refused(488); });
    }
  }
  send_offer();
}

// --- Ours

bool InviteDialog::offer(std::string sdp) {
  if (state_ == State::Ending || state_ == State::Ended || our_sdp_ || sdp.empty()) return false;
  // Before the answer there is only UPDATE, and what was agreed reliably to change.
  if (state_ == State::Early && (caller_ || !update_allowed_.value_or(false) ||
                                 !exchange_.may_offer(OfferExchange::By::Update)))
    return false;
  our_sdp_ = std::move(sdp);
  glares_ = 0;
  send_offer();
  return true;
}

// Waits for the ACK of the first INVITE, for their offer to be settled and for the glare timer.
void InviteDialog::send_offer() {
  if (!our_sdp_ || our_offer_ || their_offer_ || timer_) return;
  const bool by_invite = state_ == State::Confirmed;
  if (!by_invite && state_ != State::Early) return;
  if (!exchange_.offer(by_invite ? OfferExchange::By::Invite : OfferExchange::By::Update)) return;
  our_offer_by_invite_ = by_invite;
  const char* name = by_invite ? "INVITE" : "UPDATE";
  if (our_offer_auth_.empty()) our_offer_auth_ = auth_.lines(name, remote_target());
  our_offer_ = request(by_invite ? sip_method_invite : sip_method_update, name,
                       [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
                         reinterpret_cast<InviteDialog*>(self)->on_offer_response(sip);
                         return 0;
                       },
                       our_offer_auth_ + (session_ ? session_->request_lines() : std::string()),
                       {"application/sdp", *our_sdp_});
  if (!our_offer_) {
    exchange_.refused();
    exchange_.invite_over();
    return offer_refused(500);
  }
  if (!by_invite) return;
  timer_ = core_.loop.after(kOfferPatience, [dialogs = &core_.dialogs, id = id_] {
    if (InviteDialog* dialog = dialogs->find(id)) dialog->cancel_stuck_offer();
  });
}

void InviteDialog::cancel_stuck_offer() {
  timer_ = {};
  if (our_offer_) nta_outgoing_tcancel(our_offer_.get(), nullptr, nullptr, TAG_END());
}

void InviteDialog::on_offer_response(const sip_t* response) {
  const int status = response && response->sip_status ? response->sip_status->st_status : 408;
  if (status < 200) return;
  stop_timer();
  const OutgoingPtr sent = std::move(our_offer_);
  const std::string auth = std::exchange(our_offer_auth_, {});
  const bool by_invite = our_offer_by_invite_;
  if (status < 300) {
    learn(*response);
    if (response->sip_contact && is_sip_uri(response->sip_contact->m_url[0])) {
      nta_leg_client_reroute(leg_.get(), nullptr, response->sip_contact, 0);
      if (state_ != State::Early) route_in_dialog();
    }
    if (by_invite) send_ack(nta_outgoing_cseq(sent.get()), branch_of(sent.get()), auth, {});
    if (body_of(*response).sdp) exchange_.answer_taken();
  }
  exchange_.refused();  // No answer came: none will.
  if (by_invite) exchange_.invite_over();
  if (state_ == State::Ending || state_ == State::Ended || !our_sdp_) return finish_if_idle();
  if (status < 300) return on_offer_answered(*response, by_invite);
  if (status == 491 && ++glares_ <= kMaxGlares) return retry_offer_later();
  if (status == 401 || status == 407) {
    if (const auto lines =
            auth_.answer(*response, by_invite ? "INVITE" : "UPDATE", remote_target())) {
      our_offer_auth_ = *lines;
      return send_offer();
    }
  }
  if (status == 422 && session_ && response) {  // RFC 4028 7.4
    const Duration shortest = shortest_session_of(*response);
    if (shortest > session_->interval) {
      session_->interval = shortest;
      return send_offer();
    }
  }
  if (status == 408 || status == 481) return lost();  // RFC 3261 12.2.1.2
  refresh_again_later();
  offer_refused(status);
}

void InviteDialog::on_offer_answered(const sip_t& response, bool by_invite) {
  if (by_invite && session_) {
    session_agreed(response);
    session_refreshed();
  }
  auto sdp = body_of(response).sdp;
  if (!sdp) return offer_refused(488);  // What they do with our offer nobody knows.
  our_sdp_.reset();
  tell([answer = std::move(*sdp)](DialogObserver& o) { o.on_offer_accepted(answer); });
  send_offer();
}

void InviteDialog::offer_refused(int status) {
  our_sdp_.reset();
  tell([status](DialogObserver& o) { o.on_offer_refused(status); });
}

// RFC 3261 14.1: the owner of the Call-ID waits 2.1 to 4 s, the other side 0 to 2 s, in units of 10
// ms.
void InviteDialog::retry_offer_later() {
  const Duration wait =
      caller_ ? 2100ms + 10ms * (core_.random.u32() % 191) : 10ms * (core_.random.u32() % 201);
  timer_ = core_.loop.after(wait, [dialogs = &core_.dialogs, id = id_] {
    InviteDialog* dialog = dialogs->find(id);
    if (!dialog) return;
    dialog->timer_ = {};
    dialog->send_offer();
  });
}

void InviteDialog::stop_timers() {
  stop_timer();
  if (session_due_) core_.loop.cancel(session_due_);
  session_due_ = {};
}

void InviteDialog::stop_timer() {
  if (timer_) core_.loop.cancel(timer_);
  timer_ = {};
}

void InviteDialog::confirmed() {
  set_state(State::Confirmed);
  session_refreshed();
  send_offer();
}

}  // namespace gw::sip
