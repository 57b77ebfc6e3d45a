#include "sip/invite_dialog.h"

#include <sofia-sip/nta_stateless.h>

#include <algorithm>
#include <cstring>

#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr size_t kMaxInfoBody = 4096;  // DTMF takes 30 bytes.
// A calling card's digits; a peer that answers none gets no more.
constexpr size_t kMaxInfosWaiting = 64;

// RFC 1918, RFC 6598, loopback and link-local: no route for us when the peer itself came from a
// public address.
bool is_private(const SocketAddress& address) {
  static const auto kRanges = [] {
    std::vector<AddressRange> ranges;
    for (const char* text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                             "127.0.0.0/8", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"}) {
      if (auto range = AddressRange::parse(text)) ranges.push_back(*range);
    }
    return ranges;
  }();
  return std::any_of(kRanges.begin(), kRanges.end(),
                     [&](const AddressRange& r) { return r.contains(address); });
}

std::optional<Transport> transport_of(const url_t& url) {
  char name[8] = "";
  if (url.url_type == url_sips) return Transport::Tls;
  if (url_param(url.url_params, "transport", name, sizeof name) <= 0) return std::nullopt;
  if (strcasecmp(name, "tls") == 0) return Transport::Tls;
  return strcasecmp(name, "tcp") == 0 ? Transport::Tcp : Transport::Udp;
}

}  // namespace

InviteDialog::InviteDialog(SipCore& core, std::string sip_call_id, bool caller)
    : core_(core),
      id_(core.dialogs.next_id()),
      sip_call_id_(std::move(sip_call_id)),
      caller_(caller) {}

InviteDialog::~InviteDialog() {
  stop_timers();
  if (handle_) handle_->dialog_ = nullptr;
}

// --- Telling the owner

void InviteDialog::tell(std::function<void(DialogObserver&)> what) {
  if (!observer_) return;
  if (core_.owner_calls == 0 && pending_.empty()) {
    what(*observer_);
    return;
  }
  pending_.push_back(std::move(what));
  if (pending_.size() > 1) return;
  core_.post([dialogs = &core_.dialogs, id = id_] {
    if (InviteDialog* dialog = dialogs->find(id)) dialog->deliver_pending();
  });
}

void InviteDialog::deliver_pending() {
  while (!pending_.empty() && observer_) {
    const auto what = std::move(pending_.front());
    pending_.pop_front();
    what(*observer_);
  }
  pending_.clear();
  finish_if_idle();
}

void InviteDialog::set_state(State state) {
  static constexpr const char* kNames[] = {"early", "answered", "confirmed", "ending", "ended"};
  if (state == state_) return;
  core_.log.debug("dialog changed", {{"sip_call_id", sip_call_id_},
                                     {"from", kNames[static_cast<int>(state_)]},
                                     {"to", kNames[static_cast<int>(state)]}});
  state_ = state;
}

// --- Ending

void InviteDialog::end(const Reason& reason) {
  observer_ = nullptr;
  pending_.clear();
  switch (state_) {
    case State::Early:
    case State::Answered: leave(reason); break;
    case State::Confirmed: hang_up(reason); break;
    case State::Ending:
    case State::Ended: break;
  }
  finish_if_idle();
}

void InviteDialog::hang_up(const Reason& reason) {
  stop_timers();
  our_sdp_.reset();
  their_offer_.reset();  // Unanswered, it gets a 500.
  refer_.reset();
  set_state(State::Ending);
  if (referral_ && referral_->tell(503)) send_next_notify();  // Nobody will say more of it.
  bye_waits_ = to_header(reason);
  // RFC 3515 2.4.4: a NOTIFY that a BYE overtakes is refused with 481, and its news is lost.
  if (!notify_) send_bye();
  finish_if_idle();
}

void InviteDialog::send_bye() {
  const std::string reason = *std::exchange(bye_waits_, std::nullopt);
  std::string headers = auth_.lines("BYE", remote_target());
  if (!reason.empty()) headers += "Reason: " + reason + "\r\n";
  bye_ = request(
      SIP_METHOD_BYE,
      [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
        reinterpret_cast<InviteDialog*>(self)->on_bye_response(sip);
        return 0;
      },
      headers);
}

void InviteDialog::on_bye_response(const sip_t* response) {
  if (status_of(response) < 200) return;
  std::optional<std::string> headers;
  if (response) headers = auth_.answer(*response, "BYE", remote_target());
  bye_.reset();
  if (headers) {
    bye_ = request(
        SIP_METHOD_BYE,
        [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
          reinterpret_cast<InviteDialog*>(self)->on_bye_response(sip);
          return 0;
        },
        *headers);
  }
  finish_if_idle();
}

void InviteDialog::lost() {
  hang_up({});
  tell([](DialogObserver& o) { o.on_ended({}, false); });
}

void InviteDialog::finish_if_idle() {
  const bool at_work = our_offer_ || invite_pending() || notify_;
  if (state_ == State::Ending && !bye_ && !at_work) set_state(State::Ended);
  if (state_ != State::Ended || at_work || !pending_.empty() || burial_posted_) return;
  // RFC 5057 4: the subscription of a REFER lives on after the call, as long as somebody has news
  // for it.
  if (referral_ && !referral_->over() && handle_) return;
  burial_posted_ = true;
  stop_timers();
  // Deleted from the loop: this may run under a callback of our own leg or transaction.
  core_.post([dialogs = &core_.dialogs, id = id_] {
    InviteDialog* dialog = dialogs->find(id);
    if (!dialog) return;
    dialog->burial_posted_ = false;
    if (dialog->pending_.empty()) return dialogs->erase(id);
    dialog->deliver_pending();  // And then again.
  });
}

// --- Requests of ours

OutgoingPtr InviteDialog::request(sip_method_t method, const char* name, nta_response_f* callback,
                                  const std::string& headers, const Body& body) {
  const bool refreshes = method == sip_method_invite || method == sip_method_update;
  const std::string type(body.type), text(body.text);
  return OutgoingPtr(
      nta_outgoing_tcreate(leg_.get(), callback, magic(this), URL_STRING_MAKE(route_.c_str()),
                           method, name, nullptr, TPTAG_IDENT(listener_->ident.c_str()),
                           TAG_IF(refreshes, SIPTAG_CONTACT_STR(contact_.c_str())),
                           TAG_IF(refreshes, SIPTAG_ALLOW_STR(allow_.c_str())),
                           SIPTAG_USER_AGENT_STR(core_.user_agent.c_str()),
                           TAG_IF(!headers.empty(), SIPTAG_HEADER_STR(headers.c_str())),
                           TAG_IF(!text.empty(), SIPTAG_CONTENT_TYPE_STR(type.c_str())),
                           TAG_IF(!text.empty(), SIPTAG_PAYLOAD_STR(text.c_str())), TAG_END()));
}

bool InviteDialog::send_ack(uint32_t cseq, const std::string& branch, const std::string& auth,
                            const std::string& sdp) {
  if (branch.empty()) return false;
  const HomePtr home = make_home();
  const sip_cseq_t* header = sip_cseq_create(home.get(), cseq, SIP_METHOD_ACK);
  // NTATAG_ACK_BRANCH: without it Sofia looks for the INVITE and asserts that it finds one. With it
  // a repeated 2xx finds this ACK and sends it again (RFC 3261 13.2.2.4).
  const OutgoingPtr ack(nta_outgoing_tcreate(
      leg_.get(), nullptr, nullptr, URL_STRING_MAKE(route_.c_str()), SIP_METHOD_ACK, nullptr,
      TPTAG_IDENT(listener_->ident.c_str()), NTATAG_ACK_BRANCH(branch.c_str()), SIPTAG_CSEQ(header),
      TAG_IF(!auth.empty(), SIPTAG_HEADER_STR(auth.c_str())),
      TAG_IF(!sdp.empty(), SIPTAG_CONTENT_TYPE_STR("application/sdp")),
      TAG_IF(!sdp.empty(), SIPTAG_PAYLOAD_STR(sdp.c_str())), TAG_END()));
  return ack != nullptr;
}

std::string InviteDialog::branch_of(const nta_outgoing_t* transaction) {
  const char* branch = nta_outgoing_branch(transaction);
  return branch ? branch : "";
}

std::string InviteDialog::remote_target() const {
  const sip_contact_t* target = nullptr;
  nta_leg_get_route(leg_.get(), nullptr, &target);
  return target ? uri_of(target->m_url[0]) : "";
}

void InviteDialog::route_in_dialog() {
  Way way = way_of(leg_.get(), keep_hop_);
  route_ = std::move(way.route);
  listener_ = way.listener;
}

// RFC 3261 12.2.1.1 names the first route or the remote target. It is followed when it is an
// address that can be true; a name was resolved when the dialog began, and a phone is where it
// sends from.
InviteDialog::Way InviteDialog::way_of(nta_leg_t* leg, bool keep_hop) const {
  const Way as_found{route_of(hop_), listener_};
  const sip_route_t* routes = nullptr;
  const sip_contact_t* target = nullptr;
  nta_leg_get_route(leg, &routes, &target);
  if (keep_hop || (!routes && !target)) return as_found;
  const url_t& next = routes ? routes->r_url[0] : target->m_url[0];
  const Transport transport = transport_of(next).value_or(hop_.transport);
  const uint16_t default_port = transport == Transport::Tls ? 5061 : 5060;
  auto address = SocketAddress::parse(bracketed(host_of(next)), default_port);
  if (!address) return as_found;
  if (next.url_port)
    address->set_port(static_cast<uint16_t>(std::strtoul(next.url_port, nullptr, 10)));
  if (address->port() == 0) return as_found;
  if (is_private(*address) && !is_private(hop_.address)) return as_found;
  // The connection that we have is the way to that host.
  if (transport != Transport::Udp && transport == hop_.transport &&
      address->same_host(hop_.address))
    return as_found;
  const Listener* listener = core_.listeners.towards(transport, *address, listener_->bound.network);
  if (!listener) return as_found;
  return {route_of(NextHop{transport, address->host(), address->port(), *address}),
          transport != hop_.transport ? listener : listener_};
}

// --- Requests of theirs

int InviteDialog::on_leg_request(nta_leg_magic_t* self, nta_leg_t*, nta_incoming_t* transaction,
                                 const sip_t* sip) {
  if (!sip || !sip->sip_request) return 400;
  return reinterpret_cast<InviteDialog*>(self)->on_request(transaction, *sip);
}

int InviteDialog::reply(nta_incoming_t* transaction, int status, const char* phrase,
                        const std::string& headers) {
  nta_incoming_treply(transaction, status, phrase,
                      TAG_IF(!headers.empty(), SIPTAG_HEADER_STR(headers.c_str())), TAG_END());
  return status;  // Sofia sees that it has been answered and lets go of it.
}

int InviteDialog::on_request(nta_incoming_t* transaction, const sip_t& sip) {
  const sip_method_t method = sip.sip_request->rq_method;
  core_.count_request(sip.sip_request->rq_method_name);
  if (method == sip_method_ack) {  // Of a 2xx whose transaction is gone.
    nta_incoming_destroy(transaction);
    return 0;
  }
  if (method == sip_method_bye) return on_bye(transaction, sip);
  if (state_ == State::Ending || state_ == State::Ended) return 481;
  switch (method) {
    case sip_method_invite:
    case sip_method_update: return on_offer_request(transaction, sip);
    case sip_method_info: return on_info(transaction, sip);
    case sip_method_options:
      return reply(transaction, SIP_200_OK,
                   std::string("Allow: ") + allow_ + "\r\nAccept: application/sdp\r\n");
    case sip_method_refer: return on_refer(transaction, sip);
    case sip_method_notify:
    case sip_method_prack:
    case sip_method_cancel: return 481;
    default:
      return reply(transaction, SIP_405_METHOD_NOT_ALLOWED,
                   std::string("Allow: ") + allow_ + "\r\n");
  }
}

int InviteDialog::on_bye(nta_incoming_t* transaction, const sip_t& sip) {
  reply(transaction, SIP_200_OK);  // Also when our own BYE is under way: they crossed.
  const Reason reason = reason_of(sip);
  switch (state_) {
    case State::Early:
    case State::Answered: left_early(reason); break;
    case State::Confirmed:
      stop_timers();
      if (their_offer_ && !their_offer_answered_)
        reply(their_offer_.get(), SIP_487_REQUEST_TERMINATED);
      their_offer_.reset();
      refer_.reset();
      set_state(State::Ended);
      tell([reason](DialogObserver& o) { o.on_ended(reason, true); });
      break;
    case State::Ending: bye_waits_.reset(); break;
    case State::Ended: break;
  }
  finish_if_idle();
  return 200;
}

int InviteDialog::on_info(nta_incoming_t* transaction, const sip_t& sip) {
  if (state_ == State::Early) return 481;
  const sip_payload_t* payload = sip.sip_payload;
  if (payload && payload->pl_len > kMaxInfoBody)
    return reply(transaction, SIP_413_REQUEST_TOO_LARGE);
  reply(transaction, SIP_200_OK);
  if (!payload || !payload->pl_data || !sip.sip_content_type || !sip.sip_content_type->c_type)
    return 200;
  tell([type = header_text(sip.sip_content_type->c_type),
        body = std::string(payload->pl_data, payload->pl_len)](DialogObserver& o) {
    o.on_info(type, body);
  });
  return 200;
}

// --- INFO of ours

bool InviteDialog::info(std::string_view content_type, std::string_view body) {
  if (state_ != State::Confirmed || infos_.size() >= kMaxInfosWaiting) return false;
  if (content_type.empty() || body.empty() || body.size() > kMaxInfoBody) return false;
  infos_.push_back({std::string(content_type), std::string(body)});
  if (info_) return true;
  return send_next_info();
}

// One at a time: RFC 3261 12.2.2 has the peer refuse a request that comes after a later one, so a
// retransmitted INFO would lose its digit.
bool InviteDialog::send_next_info() {
  if (infos_.empty() || state_ != State::Confirmed) return false;
  const auto [content_type, body] = std::move(infos_.front());
  infos_.pop_front();
  info_ = request(SIP_METHOD_INFO,
                  [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
                    reinterpret_cast<InviteDialog*>(self)->on_info_response(sip);
                    return 0;
                  },
                  auth_.lines("INFO", remote_target()), {header_text(content_type), body});
  return info_ != nullptr;
}

void InviteDialog::on_info_response(const sip_t* response) {
  const int status = status_of(response);
  if (status < 200) return;
  info_.reset();
  // RFC 5057 5.1: 481 says that the dialog is gone over there.
  if (status == 481 && state_ == State::Confirmed) return lost();
  send_next_info();
}

}  // namespace gw::sip
