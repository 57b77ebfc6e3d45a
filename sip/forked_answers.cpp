#include "sip/forked_answers.h"

#include "sip/sip_core.h"
#include "sip/sip_view.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr size_t kMaxEnding = 1024;     // A BYE takes at most 32 s.
constexpr Duration kLateAnswers = 32s;  // 64*T1
constexpr Duration kSweep = 1s;         // Many tags go at once.

int on_request(nta_leg_magic_t*, nta_leg_t*, nta_incoming_t*, const sip_t* sip) {
  return sip && sip->sip_request && sip->sip_request->rq_method == sip_method_bye ? 200 : 481;
}

}  // namespace

ForkedAnswers::~ForkedAnswers() {
  core_.loop.cancel(next_);
}

void ForkedAnswers::forget_later(const std::string& local_tag) {
  if (forgetting_.empty()) next_ = core_.loop.after(kLateAnswers + kSweep, [this] { forget(); });
  forgetting_.emplace_back(clock_.now() + kLateAnswers, local_tag);
}

void ForkedAnswers::forget() {
  const TimePoint now = clock_.now();
  while (!forgetting_.empty() && forgetting_.front().first <= now) {
    ours_.erase(forgetting_.front().second);
    forgetting_.pop_front();
  }
  if (forgetting_.empty()) {
    next_ = {};
    ours_.rehash(0);  // What a busy hour took is given back.
    return;
  }
  next_ = core_.loop.after(forgetting_.front().first - now + kSweep, [this] { forget(); });
}

void ForkedAnswers::on_answer(msg_t& message, const sip_t& response) {
  const char* tag = response.sip_from->a_tag;
  // Without a branch Sofia would look for the INVITE of our ACK, and assert that there is one.
  const char* branch = response.sip_via->v_branch;
  if (!tag || !ours_.contains(tag) || !response.sip_to->a_tag || !branch || !*branch) return;
  if (byes_.size() >= kMaxEnding) return;
  const Listener* listener = core_.listeners.of(*core_.agent, message);
  const SocketAddress source = source_of(message);
  if (!listener || source.empty()) return;
  const std::string route =
      route_of({listener->bound.transport, source.host(), source.port(), source});

  const uint64_t id = ++last_id_;
  Fork& fork = byes_[id];
  fork.owner = this;
  fork.id = id;
  fork.leg.reset(nta_leg_tcreate(core_.agent.get(), on_request, nullptr,
                                 SIPTAG_CALL_ID(response.sip_call_id),
                                 SIPTAG_FROM(response.sip_from), SIPTAG_TO(response.sip_to),
                                 SIPTAG_CSEQ(response.sip_cseq), TAG_END()));
  const sip_contact_t* contact = response.sip_contact;
  if (contact && !is_sip_uri(contact->m_url[0])) contact = nullptr;
  if (fork.leg) nta_leg_client_reroute(fork.leg.get(), response.sip_record_route, contact, 1);

  const HomePtr home = make_home();
  const sip_cseq_t* cseq = sip_cseq_create(home.get(), response.sip_cseq->cs_seq, SIP_METHOD_ACK);
  const OutgoingPtr ack(
      nta_outgoing_tcreate(fork.leg.get(), nullptr, nullptr, URL_STRING_MAKE(route.c_str()),
                           SIP_METHOD_ACK, nullptr, TPTAG_IDENT(listener->ident.c_str()),
                           NTATAG_ACK_BRANCH(branch), SIPTAG_CSEQ(cseq), TAG_END()));
  if (ack) {
    fork.bye.reset(nta_outgoing_tcreate(
        fork.leg.get(),
        [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
          Fork* ended = reinterpret_cast<Fork*>(self);
          ended->owner->on_bye_response(ended->id, sip);
          return 0;
        },
        reinterpret_cast<nta_outgoing_magic_t*>(&fork), URL_STRING_MAKE(route.c_str()),
        SIP_METHOD_BYE, nullptr, TPTAG_IDENT(listener->ident.c_str()),
        SIPTAG_USER_AGENT_STR(core_.user_agent.c_str()), TAG_END()));
  }
  if (!fork.bye) byes_.erase(id);
}

void ForkedAnswers::on_bye_response(uint64_t id, const sip_t* response) {
  if (response && response->sip_status && response->sip_status->st_status < 200) return;
  core_.post([this, id] { byes_.erase(id); });
}

}  // namespace gw::sip
