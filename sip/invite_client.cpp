#include "sip/invite_client.h"

#include <algorithm>

#include "base/text.h"
#include "sip/identity_headers.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr unsigned kMaxSessionRetries = 2;  // 422s, each with a longer interval.

// Headers that the transaction layer or we ourselves write.
bool is_reserved(std::string_view name) {
  static constexpr std::string_view kReserved[] = {"via",
                                                   "v",
                                                   "from",
                                                   "f",
                                                   "to",
                                                   "t",
                                                   "call-id",
                                                   "i",
                                                   "cseq",
                                                   "contact",
                                                   "m",
                                                   "route",
                                                   "record-route",
                                                   "max-forwards",
                                                   "content-type",
                                                   "c",
                                                   "content-length",
                                                   "l",
                                                   "content-encoding",
                                                   "e",
                                                   "authorization",
                                                   "proxy-authorization",
                                                   "require",
                                                   "supported",
                                                   "k",
                                                   "allow",
                                                   "user-agent",
                                                   "privacy",
                                                   "p-asserted-identity",
                                                   "referred-by",
                                                   "b",
                                                   "p-preferred-identity",
                                                   "remote-party-id",
                                                   "diversion",
                                                   "history-info",
                                                   "user-to-user",
                                                   "expires"};
  const std::string lower = lower_case(name);
  return std::find(std::begin(kReserved), std::end(kReserved), lower) != std::end(kReserved);
}

std::string lines_of(const OutgoingInvite& invite) {
  std::string lines;
  lines += "Max-Forwards: " + std::to_string(invite.max_forwards) + "\r\n";
  for (const std::string& uri : invite.route) lines += "Route: <" + header_text(uri) + ">\r\n";
  lines += identity_lines(invite);
  if (invite.referred_by) lines += "Referred-By: " + to_header(*invite.referred_by) + "\r\n";
  if (!invite.user_to_user.empty()) {
    lines +=
        "User-to-User: " + header_text(invite.user_to_user).substr(0, kMaxHeaderValue) + "\r\n";
  }
  for (const auto& [name, value] : invite.extra_headers) {
    if (name.empty() || name.find_first_of(" \t\r\n:,;\"<>") != std::string::npos ||
        is_reserved(name))
      continue;
    lines += name + ": " + header_text(value).substr(0, kMaxHeaderValue) + "\r\n";
  }
  return lines;
}

Refusal refusal_of(const sip_t* response, int status) {
  Refusal refusal;
  refusal.status = status;
  if (!response) return refusal;
  refusal.phrase = response->sip_status && response->sip_status->st_phrase
                       ? header_text(response->sip_status->st_phrase).substr(0, 128)
                       : "";
  refusal.reason = reason_of(*response);
  if (response->sip_retry_after) {
    refusal.retry_after_s =
        static_cast<int>(std::min<unsigned long>(response->sip_retry_after->af_delta, 86'400));
  }
  if (status >= 400) return refusal;
  const sip_contact_t* contact = response->sip_contact;
  for (; contact && refusal.contacts.size() < kMaxContacts; contact = contact->m_next) {
    if (is_sip_uri(contact->m_url[0])) refusal.contacts.push_back(uri_of(contact->m_url[0]));
  }
  return refusal;
}

// Host and port of two URIs agree.
bool same_place(su_home_t* home, const std::string& asked, const url_t& answered) {
  const url_t* url = url_make(home, asked.c_str());
  if (!url || host_of(*url) != host_of(answered)) return false;
  return std::string_view(url->url_port ? url->url_port : "") ==
         (answered.url_port ? answered.url_port : "");
}

}  // namespace

InviteClient* InviteClient::send(SipCore& core, const OutgoingInvite& invite, const NameAddr& from,
                                 const NameAddr& to, const Listener& listener) {
  const auto uri = request_uri(invite.request_uri);
  if (invite.max_forwards == 0) return nullptr;
  if (!uri || (invite.sdp && invite.sdp->size() > kMaxSdp)) return nullptr;
  std::unique_ptr<InviteClient> dialog(new InviteClient(core, core.random.hex(16)));
  dialog->local_tag_ = core.random.hex(8);
  dialog->request_uri_ = *uri;
  dialog->hop_ = invite.next_hop;
  dialog->listener_ = &listener;
  dialog->contact_ =
      core.listeners.contact(listener, from.user, invite.next_hop.address, invite.own_host);
  dialog->allow_ = allow_for(invite.refer);
  dialog->route_ = dialog->first_route_ = route_of(invite.next_hop);
  dialog->auth_.use(invite.credentials, core.random);
  dialog->header_lines_ = lines_of(invite);
  dialog->sdp_ = invite.sdp.value_or("");
  dialog->session_wish_ = session_wish(core.session_expires);
  dialog->leg_.reset(
      nta_leg_tcreate(core.agent.get(), on_leg_request,
                      reinterpret_cast<nta_leg_magic_t*>(static_cast<InviteDialog*>(dialog.get())),
                      SIPTAG_CALL_ID_STR(dialog->sip_call_id().c_str()),
                      SIPTAG_FROM_STR(to_header(from, dialog->local_tag_).c_str()),
                      SIPTAG_TO_STR(to_header(to).c_str()), TAG_END()));
  if (!dialog->leg_ || !dialog->send_invite({})) return nullptr;
  core.forked_answers.expect(dialog->local_tag_);
  InviteClient* sent = dialog.get();
  if (invite.answer_deadline > Duration{}) {
    sent->silence_ =
        core.loop.after(invite.answer_deadline, [dialogs = &core.dialogs, id = sent->id()] {
          if (InviteDialog* waiting = dialogs->find(id))
            static_cast<InviteClient*>(waiting)->on_silence();
        });
  }
  core.dialogs.add(std::move(dialog));
  return sent;
}

InviteClient::~InviteClient() {
  core_.loop.cancel(silence_);
  core_.loop.cancel(final_due_);
  core_.forked_answers.forget_later(local_tag_);
}

bool InviteClient::send_invite(const std::string& auth) {
  const std::string lines = header_lines_ + session_wish_ + auth;
  sent_auth_ = auth;
  exchange_ = {};
  exchange_.send_invite(!sdp_.empty());
  // Without an offer in it a reliable response would have to carry one, and the PRACK its answer:
  // the 200 and the ACK do.
  const char* supported = sdp_.empty() ? "timer, 199" : "timer, 100rel, 199";
  invite_.reset(nta_outgoing_tcreate(
      leg_.get(),
      [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* response) {
        static_cast<InviteClient*>(reinterpret_cast<InviteDialog*>(self))->on_response(response);
        return 0;
      },
      // 100 Trying says that somebody is there: Sofia would keep it to itself.
      magic(this), URL_STRING_MAKE(first_route_.c_str()), SIP_METHOD_INVITE,
      URL_STRING_MAKE(request_uri_.c_str()), NTATAG_PASS_100(1),
      TPTAG_IDENT(listener_->ident.c_str()), SIPTAG_CONTACT_STR(contact_.c_str()),
      SIPTAG_ALLOW_STR(allow_.c_str()), SIPTAG_SUPPORTED_STR(supported),
      SIPTAG_USER_AGENT_STR(core_.user_agent.c_str()),
      TAG_IF(!lines.empty(), SIPTAG_HEADER_STR(lines.c_str())),
      TAG_IF(!sdp_.empty(), SIPTAG_CONTENT_TYPE_STR("application/sdp")),
      TAG_IF(!sdp_.empty(), SIPTAG_PAYLOAD_STR(sdp_.c_str())), TAG_END()));
  return invite_ != nullptr;
}

// A peer that swallows packets: Timer B would hold the caller for 32 s. The INVITE is cancelled,
// and what it still brings is ended in the background.
void InviteClient::on_silence() {
  if (state_ != State::Early) return;
  leave({});
  Refusal refusal;
  refusal.status = 408;
  refusal.local = true;
  refusal.phrase = "No Answer";
  tell([refusal](DialogObserver& o) { o.on_refused(refusal); });
}

void InviteClient::on_response(const sip_t* response) {
  core_.loop.cancel(silence_);
  const int status = status_of(response);
  if (status < 200) return on_progress(*response, status);
  if (status < 300) return on_answer(*response);
  on_refusal(response, status);
}

void InviteClient::on_progress(const sip_t& response, int status) {
  if (state_ != State::Early || status <= 100) return;
  await_final(core_.timer_c);
  const char* tag = response.sip_to && response.sip_to->a_tag ? response.sip_to->a_tag : "";
  if (status == 199)
    return forks_.forget(tag);  // RFC 6228: that fork rings no more; the others are not over.
  learn(response);
  auto sdp = body_of(response).sdp;
  EarlyDialogs::Fork* fork = forks_.of(response);
  if (!fork) {
    sdp.reset();
  } else {
    switch (EarlyDialogs::receive(*fork, response)) {
      case EarlyDialogs::Reliable::Ignored: return;
      case EarlyDialogs::Reliable::Fresh:
        send_prack(*fork, response);
        if (sdp) exchange_.answer_taken();
        break;
      case EarlyDialogs::Reliable::No: break;
    }
    if (fork->told_sdp) sdp.reset();
    fork->told_sdp = fork->told_sdp || sdp;
  }
  tell([=](DialogObserver& o) { o.on_progress(status, sdp); });
}

LegPtr InviteClient::leg_to(const sip_t& response) {
  LegPtr leg(nta_leg_tcreate(core_.agent.get(), on_leg_request,
                             reinterpret_cast<nta_leg_magic_t*>(static_cast<InviteDialog*>(this)),
                             SIPTAG_CALL_ID(response.sip_call_id), SIPTAG_FROM(response.sip_from),
                             SIPTAG_TO(response.sip_to), SIPTAG_CSEQ(response.sip_cseq),
                             TAG_END()));
  if (!leg) return leg;
  const HomePtr home = make_home();
  const sip_contact_t* contact = response.sip_contact;
  if (!contact || !is_sip_uri(contact->m_url[0]))
    contact = sip_contact_make(home.get(), ("<" + request_uri_ + ">").c_str());
  bool routable = true;
  for (const sip_record_route_t* r = response.sip_record_route; r; r = r->r_next)
    routable &= is_sip_uri(r->r_url[0]);
  nta_leg_client_reroute(leg.get(), routable ? response.sip_record_route : nullptr, contact, 1);
  return leg;
}

void InviteClient::send_prack(EarlyDialogs::Fork& fork, const sip_t& response) {
  if (!fork.leg) fork.leg = leg_to(response);
  if (!fork.leg) return;
  const bool keep_hop = !response.sip_record_route;
  const Way way = way_of(fork.leg.get(), keep_hop);
  const std::string lines = "RAck: " + std::to_string(fork.rseq) + " " +
                            std::to_string(response.sip_cseq->cs_seq) + " INVITE\r\n" +
                            auth_.lines("PRACK", request_uri_);
  // What becomes of it is nothing to us: unheard, they repeat the response, and give up after
  // 64*T1.
  OutgoingPtr prack(nta_outgoing_tcreate(
      fork.leg.get(), [](nta_outgoing_magic_t*, nta_outgoing_t*, const sip_t*) { return 0; },
      magic(this), URL_STRING_MAKE(way.route.c_str()), SIP_METHOD_PRACK, nullptr,
      TPTAG_IDENT(way.listener->ident.c_str()), SIPTAG_USER_AGENT_STR(core_.user_agent.c_str()),
      SIPTAG_HEADER_STR(lines.c_str()), TAG_END()));
  if (prack) fork.pracks.push_back(std::move(prack));
}

void InviteClient::await_final(Duration patience) {
  if (final_due_) core_.loop.cancel(final_due_);
  final_due_ = core_.loop.after(patience, [dialogs = &core_.dialogs, id = id()] {
    if (InviteDialog* dialog = dialogs->find(id)) static_cast<InviteClient*>(dialog)->on_no_final();
  });
}

void InviteClient::on_no_final() {
  final_due_ = {};
  if (!invite_) return;
  if (state_ != State::Early) {
    // RFC 3261 9.1: nothing for 64*T1 after the CANCEL: it counts as cancelled. A 2xx that comes
    // after all is ended.
    invite_.reset();
    set_state(State::Ended);
    return finish_if_idle();
  }
  leave({.q850 = 0, .sip_status = 408, .text = "Timer C"});
  Refusal refusal;
  refusal.status = 408;
  tell([refusal](DialogObserver& o) { o.on_refused(refusal); });
}

// Route set and remote target of the dialog that a 2xx makes (RFC 3261 12.1.2).
void InviteClient::follow(const sip_t& response) {
  const char* tag = response.sip_to && response.sip_to->a_tag ? response.sip_to->a_tag : "";
  // The dialog of a fork that had a PRACK goes on where its numbers are (RFC 3261 12.2.1.1).
  EarlyDialogs::Fork* fork = forks_.find(tag);
  if (fork && fork->leg) {
    leg_ = std::move(fork->leg);
  } else if (*tag) {
    nta_leg_rtag(leg_.get(), tag);
  }
  const HomePtr home = make_home();
  const sip_contact_t* contact = response.sip_contact;
  const bool usable = contact && is_sip_uri(contact->m_url[0]);
  // A 2xx without a usable Contact breaks 12.1.1; where the INVITE went the ACK may arrive too.
  if (!usable) contact = sip_contact_make(home.get(), ("<" + request_uri_ + ">").c_str());
  bool routable = true;
  for (const sip_record_route_t* r = response.sip_record_route; r; r = r->r_next)
    routable &= is_sip_uri(r->r_url[0]);
  nta_leg_client_reroute(leg_.get(), routable ? response.sip_record_route : nullptr, contact, 1);
  // Reached at its own URI, the peer is where we found it: a phone behind a NAT keeps its address.
  keep_hop_ = !response.sip_record_route && same_place(home.get(), request_uri_, contact->m_url[0]);
  route_in_dialog();
}

void InviteClient::on_answer(const sip_t& response) {
  if (state_ != State::Early && state_ != State::Ending) return;
  if (final_due_) core_.loop.cancel(final_due_);
  final_due_ = {};
  follow(response);
  forks_.clear();  // What another of them still says is no word in this dialog.
  learn(response);
  session_agreed(response);
  const auto sdp = body_of(response).sdp;
  keep_connection(invite_.get());
  cseq_ = nta_outgoing_cseq(invite_.get());
  branch_ = branch_of(invite_.get());
  invite_.reset();
  if (state_ == State::Ending) {  // Crossed our CANCEL.
    acknowledge_answer({});
    return hang_up({});
  }
  if (sdp_.empty()) {
    set_state(State::Answered);
    if (sdp) exchange_.take_offer(OfferExchange::By::Response);
    if (sdp) return tell([sdp](DialogObserver& o) { o.on_answered(sdp); });
  } else if (acknowledge_answer({})) {
    if (sdp) exchange_.answer_taken();  // Unless a reliable response had it already.
    exchange_.invite_over();
    set_state(State::Confirmed);
    tell([sdp](DialogObserver& o) { o.on_answered(sdp); });
    if (state_ == State::Confirmed) confirmed();
    return;
  }
  // A 200 that offers nothing to a late offer, or one that cannot be acknowledged.
  acknowledge_answer({});
  hang_up({});
  Refusal refusal;
  refusal.status = 502;
  refusal.phrase = "Unusable Answer";
  tell([refusal](DialogObserver& o) { o.on_refused(refusal); });
}

bool InviteClient::acknowledge_answer(const std::string& sdp) {
  return send_ack(cseq_, branch_, sent_auth_, sdp);
}

bool InviteClient::acknowledge(const std::string& sdp) {
  if (state_ != State::Answered || sdp.empty()) return false;
  if (!acknowledge_answer(sdp)) {
    lost();
    return true;
  }
  exchange_.answer();
  exchange_.invite_over();
  confirmed();
  return true;
}

void InviteClient::on_refusal(const sip_t* response, int status) {
  if (response && state_ == State::Early && (status == 401 || status == 407)) {
    if (const auto lines = auth_.answer(*response, "INVITE", request_uri_)) {
      forks_.clear();
      if (send_invite(*lines)) return;
    }
  }
  if (response && state_ == State::Early && status == 422 &&
      session_retries_++ < kMaxSessionRetries) {
    if (const Duration shortest = shortest_session_of(*response); shortest > Duration{}) {
      forks_.clear();
      session_wish_ = session_wish(core_.session_expires, shortest);
      if (send_invite(auth_.lines("INVITE", request_uri_))) return;
    }
  }
  Refusal refusal = refusal_of(response, status);
  refusal.local = !came_from_peer(invite_.get());
  invite_.reset();
  if (final_due_) core_.loop.cancel(final_due_);
  final_due_ = {};
  const bool ours = state_ == State::Early;
  set_state(State::Ended);
  if (ours) tell([refusal](DialogObserver& o) { o.on_refused(refusal); });
  finish_if_idle();
}

void InviteClient::leave(const Reason& reason) {
  if (state_ == State::Answered) {
    acknowledge_answer({});
    return hang_up(reason);
  }
  set_state(State::Ending);
  // Sofia holds the CANCEL back until a provisional answer is in (RFC 3261 9.1). The final answer
  // ends it, whichever it is.
  const std::string value = to_header(reason);
  nta_outgoing_tcancel(invite_.get(), nullptr, nullptr,
                       TAG_IF(!value.empty(), SIPTAG_REASON_STR(value.c_str())), TAG_END());
  await_final(64 * core_.t1);
}

void InviteClient::left_early(const Reason& reason) {
  // Early: no 2xx has come, so there is nothing to end yet; the INVITE's own answer will follow.
  // Answered: a real BYE.
  if (state_ == State::Early) return;
  acknowledge_answer({});
  set_state(State::Ended);
  tell([reason](DialogObserver& o) { o.on_ended(reason, true); });
}

}  // namespace gw::sip
