#include "sip/invite_server.h"

#include "sip/sofia_sip.h"

namespace gw::sip {

InviteServer* InviteServer::accept(SipCore& core, MsgPtr& message, const Arrival& arrival) {
  const sip_t* sip = sip_object(message.get());
  std::unique_ptr<InviteServer> dialog(new InviteServer(core, header_text(sip->sip_call_id->i_id)));
  const HomePtr home = make_home();
  // The leg has our tag from its first moment: an INVITE without a To tag is then never taken for
  // one of its own.
  sip_to_t* local = sip_to_dup(home.get(), sip->sip_to);
  const std::string tag = core.random.hex(8);
  if (!local || sip_to_tag(home.get(), local, tag.c_str()) < 0) return nullptr;
  dialog->leg_.reset(nta_leg_tcreate(
      core.agent.get(), on_leg_request,
      reinterpret_cast<nta_leg_magic_t*>(static_cast<InviteDialog*>(dialog.get())),
      SIPTAG_CALL_ID(sip->sip_call_id), SIPTAG_FROM(local), SIPTAG_TO(sip->sip_from),
      NTATAG_REMOTE_CSEQ(sip->sip_cseq->cs_seq), TAG_END()));
  if (!dialog->leg_) return nullptr;
  if (nta_leg_server_route(dialog->leg_.get(), sip->sip_record_route, sip->sip_contact) < 0)
    return nullptr;

  dialog->hop_ = {arrival.transport, arrival.source.host(), arrival.source.port(), arrival.source};
  dialog->keep_hop_ = arrival.from_phone;
  dialog->listener_ = arrival.listener;
  dialog->contact_ = core.listeners.contact(*arrival.listener, user_of(sip->sip_request->rq_url[0]),
                                            arrival.source, arrival.own_host);
  dialog->allow_ = allow_for(arrival.refer);
  dialog->late_offer_ = !body_of(*sip).sdp;
  dialog->reliable_wanted_ = requires_100rel(*sip);
  dialog->reliable_possible_ = supports_100rel(*sip);
  dialog->exchange_.take_invite(!dialog->late_offer_);
  dialog->learn(*sip);
  dialog->session_asked(*sip);
  dialog->route_in_dialog();

  dialog->invite_.reset(nta_incoming_create(core.agent.get(), dialog->leg_.get(), message.release(),
                                            nullptr, TAG_END()));
  if (!dialog->invite_) return nullptr;
  nta_incoming_bind(
      dialog->invite_.get(),
      [](nta_incoming_magic_t* self, nta_incoming_t*, const sip_t* ack_or_cancel) {
        static_cast<InviteServer*>(reinterpret_cast<InviteDialog*>(self))
            ->on_acknowledged(ack_or_cancel);
        return 0;
      },
      reinterpret_cast<nta_incoming_magic_t*>(static_cast<InviteDialog*>(dialog.get())));
  nta_incoming_treply(dialog->invite_.get(), SIP_100_TRYING, TAG_END());
  InviteServer* accepted = dialog.get();
  core.dialogs.add(std::move(dialog));
  return accepted;
}

InviteServer::~InviteServer() {
  forget_reliable();
}

void InviteServer::forget_reliable() {
  for (nta_reliable_t* response : std::exchange(unacknowledged_, {}))
    nta_reliable_destroy(response);
}

bool InviteServer::progress(int status, const std::optional<std::string>& sdp) {
  if (state_ != State::Early || !invite_ || status <= 100 || status >= 200) return false;
  const bool body = sdp && !sdp->empty();
  if (reliable_wanted_ || (reliable_possible_ && body))
    return progress_reliably(status, body ? *sdp : "");
  return nta_incoming_treply(invite_.get(), status, nullptr, SIPTAG_CONTACT_STR(contact_.c_str()),
                             SIPTAG_ALLOW_STR(allow_.c_str()),
                             TAG_IF(body, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
                             TAG_IF(body, SIPTAG_PAYLOAD_STR(body ? sdp->c_str() : "")),
                             TAG_END()) == 0;
}

// Sofia repeats it until its PRACK, keeps later ones back meanwhile, and the 200 too when it
// carries SDP.
bool InviteServer::progress_reliably(int status, const std::string& sdp) {
  nta_reliable_t* sent = nta_reliable_treply(
      invite_.get(),
      [](nta_reliable_magic_t* self, nta_reliable_t* response, nta_incoming_t* prack,
         const sip_t* sip) {
        return static_cast<InviteServer*>(reinterpret_cast<InviteDialog*>(self))
            ->on_prack(response, prack, sip);
      },
      reinterpret_cast<nta_reliable_magic_t*>(static_cast<InviteDialog*>(this)), status, nullptr,
      SIPTAG_CONTACT_STR(contact_.c_str()), SIPTAG_ALLOW_STR(allow_.c_str()),
      TAG_IF(!sdp.empty(), SIPTAG_CONTENT_TYPE_STR("application/sdp")),
      TAG_IF(!sdp.empty(), SIPTAG_PAYLOAD_STR(sdp.c_str())), TAG_END());
  if (!sent) return false;
  unacknowledged_.push_back(sent);
  return true;
}

// `prack` nullptr: it never came, or a final answer made it needless.
int InviteServer::on_prack(nta_reliable_t* response, nta_incoming_t* prack, const sip_t* sip) {
  std::erase(unacknowledged_, response);
  nta_reliable_destroy(response);
  if (!prack || !sip) {
    prack_missing_ = state_ == State::Early || state_ == State::Answered;
    return 0;
  }
  core_.count_request("PRACK");
  if (exchange_.open() == OfferExchange::Open::Theirs) exchange_.answer();  // Our 183 had it.
  auto sdp = body_of(*sip).sdp;
  if (!sdp) return 200;
  if (take_offer(prack, OfferExchange::By::Prack, std::move(sdp)) == 0) return 0;
  return 200;  // RFC 3262 5: it is acknowledged all the same; without an answer the offer is void.
}

bool InviteServer::answer(const std::string& sdp) {
  if (state_ != State::Early || !invite_ || sdp.empty()) return false;
  set_state(State::Answered);
  if (late_offer_) {
    exchange_.offer(OfferExchange::By::Response);
  } else {
    exchange_.answer();
  }
  const std::string lines = session_lines();
  const int sent = nta_incoming_treply(
      invite_.get(), SIP_200_OK, SIPTAG_CONTACT_STR(contact_.c_str()),
      SIPTAG_ALLOW_STR(allow_.c_str()), TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())),
      SIPTAG_SERVER_STR(core_.user_agent.c_str()), SIPTAG_CONTENT_TYPE_STR("application/sdp"),
      SIPTAG_PAYLOAD_STR(sdp.c_str()), TAG_END());
  prack_missing_ = false;  // A PRACK that did not come in time is not missed any more.
  if (sent == 0) return true;
  // The caller cannot be reached any more. Sofia goes on trying with a 500.
  invite_.reset();
  set_state(State::Ended);
  tell([](DialogObserver& o) { o.on_ended({}, false); });
  finish_if_idle();
  return true;
}

bool InviteServer::refuse(int status, std::string_view phrase, const Reason& reason,
                          const std::vector<std::pair<std::string, std::string>>& headers) {
  if (state_ != State::Early || !invite_ || status < 300 || status > 699) return false;
  std::string lines = header_lines(headers);
  if (const std::string value = to_header(reason); !value.empty())
    lines += "Reason: " + value + "\r\n";
  reply(invite_.get(), status, lasting_phrase(status, phrase), lines);
  forget_reliable();
  invite_.reset();  // Sofia repeats the refusal until its ACK.
  set_state(State::Ended);
  finish_if_idle();
  return true;
}

void InviteServer::leave(const Reason& reason) {
  if (state_ == State::Early) {
    const bool usable = reason.sip_status >= 400 && reason.sip_status <= 699;
    refuse(usable ? reason.sip_status : 480, {}, reason, {});
    return;
  }
  // RFC 3261 15: the callee sends no BYE before the ACK of its 2xx, or the end of its wait for it.
  leaving_ = reason;
  set_state(State::Ending);
}

void InviteServer::left_early(const Reason& reason) {
  const bool cancelled = state_ == State::Early;
  if (cancelled) reply(invite_.get(), SIP_487_REQUEST_TERMINATED);
  forget_reliable();
  invite_.reset();
  set_state(State::Ended);
  tell([=](DialogObserver& o) { cancelled ? o.on_cancelled(reason) : o.on_ended(reason, true); });
}

void InviteServer::on_acknowledged(const sip_t* sip) {
  if (sip && sip->sip_request->rq_method == sip_method_cancel) {
    if (state_ != State::Early)
      return;  // The 200 went first: CANCEL means nothing any more, a BYE will follow.
    left_early(reason_of(*sip));
    return finish_if_idle();
  }
  const bool early = !sip && (state_ == State::Early || prack_missing_);
  if (early) forget_reliable();
  invite_.reset();
  if (early) {  // RFC 3262 3: no PRACK in 64*T1; Sofia refuses the INVITE with a 5xx.
    const bool told = state_ == State::Ending;
    set_state(State::Ended);
    if (!told) tell([](DialogObserver& o) { o.on_ended({}, false); });
    return finish_if_idle();
  }
  if (state_ == State::Ending) return hang_up(leaving_);
  if (state_ != State::Answered) return finish_if_idle();
  if (!sip) return lost();  // No ACK in 64*T1 (RFC 3261 13.3.1.4).
  std::optional<std::string> sdp;
  if (late_offer_) sdp = body_of(*sip).sdp;
  if (sdp) exchange_.answer_taken();
  exchange_.invite_over();
  set_state(State::Confirmed);
  tell([sdp](DialogObserver& o) { o.on_confirmed(sdp); });
  if (state_ == State::Confirmed) confirmed();
}

}  // namespace gw::sip
