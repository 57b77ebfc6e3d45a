#include "sip/inbound.h"

#include <sofia-sip/nta_stateless.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "sip/invite_dialog.h"
#include "sip/invite_server.h"
#include "sip/registration.h"
#include "sip/session_timer.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr const char* kAccept = "Accept: application/sdp\r\nAccept-Encoding: identity\r\n";

std::string allow_line() {
  return std::string("Allow: ") + kAllow + "\r\n";
}

}  // namespace

Inbound::Inbound(SipCore& core, const SipConfig& config, SipDirectory& directory,
                 InviteHandler& handler, Registrar& registrar)
    : core_(core),
      directory_(directory),
      handler_(handler),
      registrar_(registrar),
      config_(config),
      digest_(config.domain, core.clock, core.random),
      gatekeeper_(core, config, directory, registrar),
      subscriptions_(core, directory, config) {}

// Who watches may come again when what is here now is over, or we are back.
void Inbound::set_accepting(bool accepting) {
  if (accepting_ && !accepting)
    subscriptions_.end_all("probation;retry-after=" + std::to_string(10 + core_.random.u32() % 10));
  accepting_ = accepting;
}

void Inbound::set_config(const SipConfig& config) {
  config_ = config;
  digest_.set_realm(config.domain);
  gatekeeper_.set_config(config);
  subscriptions_.set_limits(config);
}

int Inbound::on_message(nta_agent_magic_t* self, nta_agent_t*, msg_t* raw, sip_t* sip) {
  auto& inbound = *reinterpret_cast<Inbound*>(self);
  MsgPtr message(raw);
  if (!sip) return 0;
  if (sip->sip_request) {
    inbound.on_request(std::move(message), *sip);
    return 0;
  }
  // An answer to no transaction: to an INVITE it must be ended, if the INVITE was ours; all else is
  // noise.
  const int status = sip->sip_status ? sip->sip_status->st_status : 0;
  if (status >= 200 && status < 300 && sip->sip_cseq &&
      sip->sip_cseq->cs_method == sip_method_invite) {
    inbound.core_.forked_answers.on_answer(*message, *sip);
  }
  return 0;
}

void Inbound::on_request(MsgPtr message, const sip_t& sip) {
  const sip_method_t method = sip.sip_request->rq_method;
  core_.count_request(sip.sip_request->rq_method_name);
  if (method == sip_method_ack) return;  // Of our stateless refusals; never answered.
  Request request{.message = std::move(message),
                  .sip = sip,
                  .listener = nullptr,
                  .source = {},
                  .trunk = std::nullopt};
  request.listener = core_.listeners.of(*core_.agent, *request.message);
  request.source = source_of(*request.message);
  if (!request.listener || request.source.empty()) return;
  if (!admit(request)) return;

  if (sip.sip_to->a_tag || method == sip_method_cancel) {
    return reject(request, {481, "Call/Transaction Does Not Exist", "no_dialog", {}});
  }
  switch (method) {
    case sip_method_invite: return on_invite(request);
    case sip_method_register: return on_register(request);
    case sip_method_options: return on_options(request);
    case sip_method_subscribe: return on_subscribe(request);
    case sip_method_notify:  // RFC 6665 4.1.3: we subscribe to nothing outside a dialog.
      return reject(request, {481, "Subscription Does Not Exist", "no_dialog", {}});
    case sip_method_unknown:
      return reject(request, {501, "Not Implemented", "method", allow_line()});
    default: return reject(request, {405, "Method Not Allowed", "method", allow_line()});
  }
}

bool Inbound::admit(Request& request) {
  const sip_t& sip = request.sip;
  sip_via_t* via = sip_object(request.message.get())->sip_via;
  // Answers go where the request came from. maddr and port 0 in Via send them elsewhere, or
  // nowhere.
  if (!via || (via->v_port && std::strtoul(via->v_port, nullptr, 10) == 0)) return false;
  if (via->v_maddr) msg_header_remove_param(via->v_common, "maddr");

  request.trunk = directory_.trunk_of(request.source);
  const auto refused =
      gatekeeper_.refuses(*request.message, sip, request.source, request.trunk.has_value());
  if (refused && refused->status != 0) reject(request, *refused);
  return !refused;
}

void Inbound::on_options(Request& request) {
  if (!accepting_) {
    return reject(request, {503, "Service Unavailable", "draining", gatekeeper_.retry_after()});
  }
  if (const auto rejection = check_extensions(request.sip)) return reject(request, *rejection);
  const bool refer = !request.trunk || directory_.takes_refer(*request.trunk);
  const std::string lines =
      "Allow: " + allow_for(refer) +
      (request.trunk ? "\r\n" : std::string(", SUBSCRIBE\r\n") + kAllowEvents) + kAccept;
  nta_msg_treply(core_.agent.get(), request.message.release(), SIP_200_OK,
                 SIPTAG_SERVER_STR(core_.user_agent.c_str()), SIPTAG_HEADER_STR(lines.c_str()),
                 TAG_END());
}

void Inbound::on_invite(Request& request) {
  const sip_t& sip = request.sip;
  Peer peer = FromTrunk{request.trunk.value_or("")};
  if (!request.trunk) {
    const auto account = authenticated(request, *sip.sip_from);
    if (!account) return;
    if (!is_ours(sip.sip_request->rq_url[0]))
      return reject(request, {404, "Not Found", "not_ours", {}});
    if (const auto often = gatekeeper_.refuses_phone(sip, *account)) return reject(request, *often);
    peer = FromPhone{account->username};
  }
  auto rejection = request.trunk ? check_dialog_request(sip, true)
                                 : check_dialog_request(sip, true, {"replaces"});
  if (!rejection) rejection = check_session_timer(sip, core_.min_session);
  if (rejection) return reject(request, *rejection);
  Invite invite =
      invite_of(sip, std::move(peer), request.source, request.listener->bound.transport);
  if (!request.trunk) invite.replaces = replaces_of(sip);
  invite.network = request.listener->bound.network;
  if (!accepting_ && !directory_.always_admitted(invite.request_user)) {
    return reject(request, {503, "Service Unavailable", "draining", gatekeeper_.retry_after()});
  }
  keep_connection(*core_.agent, *request.message);
  InviteServer* dialog =
      InviteServer::accept(core_, request.message,
                           {request.listener, request.source, request.listener->bound.transport,
                            !request.trunk.has_value(),
                            request.trunk ? directory_.own_host(*request.trunk) : std::string(),
                            !request.trunk || directory_.takes_refer(*request.trunk)});
  if (!dialog) return reject(request, {500, "Server Internal Error", "internal", {}});

  const uint64_t id = dialog->id();
  DialogObserver* observer = handler_.on_invite(invite, std::make_unique<DialogHandle>(*dialog));
  InviteDialog* still = core_.dialogs.find(id);
  if (still && still->has_owner()) still->set_observer(observer);
}

std::optional<Replaces> Inbound::replaces_of(const sip_t& sip) const {
  const sip_replaces_t* header = sip.sip_replaces;
  if (!header || !header->rp_call_id) return std::nullopt;
  Replaces replaces;
  replaces.call_id = header_text(header->rp_call_id).substr(0, kMaxHeaderValue);
  replaces.to_tag = header_text(header->rp_to_tag ? header->rp_to_tag : "");
  replaces.from_tag = header_text(header->rp_from_tag ? header->rp_from_tag : "");
  replaces.early_only = header->rp_early_only;
  replaces.dialog = InviteDialog::named_by(core_, *header);
  return replaces;
}

void Inbound::on_register(Request& request) {
  const sip_t& sip = request.sip;
  if (!is_ours(sip.sip_request->rq_url[0]))
    return reject(request, {404, "Not Found", "not_ours", {}});
  if (const auto rejection = check_extensions(sip, {"path", "outbound"}))
    return reject(request, *rejection);
  if (!is_sip_uri(sip.sip_to->a_url[0]))  // RFC 3261 10.2: an address of record is one.
    return reject(request, {400, "Bad To", "malformed", {}});
  const auto account = authenticated(request, *sip.sip_to);
  if (!account) return;
  // RFC 3261 10.3 (4): a phone registers its own address of record and no other.
  if (user_of(sip.sip_to->a_url[0]) != account->username)
    return reject(request, {403, "Forbidden", "forbidden", {}});
  if (const auto often = gatekeeper_.refuses_phone(sip, *account)) return reject(request, *often);
  RegisterParts parts =
      register_parts_of(sip, *account, request.source, request.listener->bound.transport);
  parts.request.network = request.listener->bound.network;
  if (parts.rejection) return reject(request, *parts.rejection);
  const auto bindings = registrar_.handle(parts.request);
  if (!bindings) return reject(request, register_rejection(bindings.error(), registrar_.limits()));

  keep_connection(*core_.agent, *request.message);
  // From here on a transaction: the digest of a repeated REGISTER would be a replay.
  const std::string lines =
      register_answer(*bindings, core_.clock.wall()) + parts.answer + allow_line();
  const IncomingPtr transaction(nta_incoming_create(core_.agent.get(), nullptr,
                                                    request.message.release(), nullptr, TAG_END()));
  if (!transaction) return;
  nta_incoming_treply(transaction.get(), SIP_200_OK, SIPTAG_SERVER_STR(core_.user_agent.c_str()),
                      SIPTAG_HEADER_STR(lines.c_str()), TAG_END());
}

// Phones may watch each other's and users' extensions: who talks with whom in the house is its own.
void Inbound::on_subscribe(Request& request) {
  if (request.trunk) return reject(request, {405, "Method Not Allowed", "method", allow_line()});
  const auto account = authenticated(request, *request.sip.sip_from);
  if (!account) return;
  if (!is_ours(request.sip.sip_request->rq_url[0]))
    return reject(request, {404, "Not Found", "not_ours", {}});
  if (!accepting_)
    return reject(request, {503, "Service Unavailable", "draining", gatekeeper_.retry_after()});
  if (const auto no = subscriptions_.begin(request.message, request.sip, account->username,
                                           *request.listener, request.source))
    reject(request, *no);
}

std::optional<PhoneAccount> Inbound::authenticated(Request& request, const sip_addr_t& claimed) {
  const sip_t& sip = request.sip;
  std::vector<DigestHeader> credentials = parse_digest_list(sip.sip_authorization);
  for (auto& header : parse_digest_list(sip.sip_proxy_authorization))
    credentials.push_back(std::move(header));
  const DigestHeader* ours = digest_.ours(credentials);
  if (!ours) {
    challenge(request, claimed, false);
    return std::nullopt;
  }
  auto account = directory_.phone(ours->username);
  switch (digest_.verify(*ours, sip.sip_request->rq_method_name, uri_of(sip.sip_request->rq_url[0]),
                         account, algorithms(ours->username, account))) {
    case DigestVerdict::Passed: guard().digest_passed(request.source); return account;
    case DigestVerdict::Missing: challenge(request, claimed, false); break;
    case DigestVerdict::Stale: challenge(request, claimed, true); break;
    case DigestVerdict::Failed:
      guard().digest_failed(request.source);
      if (gatekeeper_.may_log()) {
        core_.log.info("digest refused",
                       {{"source", request.source.to_string()}, {"user", ours->username}});
      }
      challenge(request, claimed, false);
      break;
  }
  return std::nullopt;
}

// Nothing may tell who exists: an unknown name is offered what some phone is, always the same, and
// it is chosen for known ones too, so that it costs them as much.
std::vector<DigestAlgorithm> Inbound::algorithms(std::string_view username,
                                                 const std::optional<PhoneAccount>& account) const {
  std::vector<DigestAlgorithm> offered = directory_.decoy_digest(digest_.pick(username));
  if (account) offered = account->digest;
  return offered.empty() ? config_.digest : offered;
}

void Inbound::challenge(Request& request, const sip_addr_t& claimed, bool stale) {
  const std::string name = user_of(claimed.a_url[0]);
  std::string lines;
  for (const std::string& value :
       digest_.challenge(algorithms(name, directory_.phone(name)), stale)) {
    lines += "WWW-Authenticate: " + value + "\r\n";
  }
  guard().challenged(request.source);
  reject(request, {401, "Unauthorized", "challenged", lines});
}

bool Inbound::is_ours(const url_t& uri) const {
  if (!is_sip_uri(uri)) return false;
  const std::string host = host_of(uri);
  return host == lower_case(config_.domain) || host == lower_case(config_.advertise) ||
         core_.listeners.is_own_host(host);
}

void Inbound::reject(Request& request, const Rejection& rejection) {
  core_.count_refusal(rejection.reason);
  nta_msg_treply(core_.agent.get(), request.message.release(), rejection.status, rejection.phrase,
                 SIPTAG_SERVER_STR(core_.user_agent.c_str()),
                 TAG_IF(!rejection.headers.empty(), SIPTAG_HEADER_STR(rejection.headers.c_str())),
                 TAG_END());
}

}  // namespace gw::sip
