#include "sip/gatekeeper.h"

#include <algorithm>

#include "sip/message_bounds.h"
#include "sip/sofia_sip.h"

namespace gw::sip {
namespace {

constexpr int kRetryAfterSeconds = 10;  // Spread over 10 to 19.

Rejection silence() {
  return {0, nullptr, "silence", {}};
}

}  // namespace

Gatekeeper::Gatekeeper(SipCore& core, const SipConfig& config, SipDirectory& directory,
                       const Registrar& registrar)
    : core_(core),
      directory_(directory),
      registrar_(registrar),
      limits_(config.limits),
      guard_(config.limits, core.clock, core.metrics),
      phones_(core.clock),
      load_(config.shed_lag, core.metrics, core.log) {
  // Their digest passed before we were started again.
  for (const Binding& binding : registrar.all()) guard_.digest_passed(binding.source);
  guard_.on_ban = [this](const BannedSource& ban) {
    if (!may_log()) return;
    core_.log.warn("source banned", {{"source", ban.address.host()},
                                     {"reason", ban.reason},
                                     {"seconds", to_ms(ban.left) / 1000},
                                     {"times", ban.times}});
  };
  core_.loop.on_lag([this](Duration lag) { load_.on_lag(lag, core_.clock.now()); });
}

Gatekeeper::~Gatekeeper() {
  core_.loop.on_lag({});
}

void Gatekeeper::set_config(const SipConfig& config) {
  limits_ = config.limits;
  guard_.set_limits(config.limits);
  load_.set_limit(config.shed_lag);
  phones_.forget();
}

std::optional<Rejection> Gatekeeper::refuses(const msg_t& message, const sip_t& request,
                                             const SocketAddress& source, bool trunk) {
  const bool emergency = is_emergency(request) && (trunk || guard_.admit_emergency(source));
  if (!trunk && !emergency) {
    switch (guard_.admit(source, user_agent_of(request))) {
      case Admission::Pass: break;
      case Admission::Silence: return silence();
      case Admission::Refuse:
        return Rejection{503, "Service Unavailable", "rate", "Retry-After: 5\r\n"};
    }
  }
  if (auto bounds = over_bounds(message, request)) {
    if (!trunk) guard_.malformed(source);
    return bounds;
  }
  if (request.sip_max_forwards && request.sip_max_forwards->mf_count == 0) {
    return Rejection{483, "Too Many Hops", "max_forwards", {}};
  }
  if (!request.sip_from
           ->a_tag) {  // RFC 3261 8.1.1.3; without it no dialog can be told from another.
    if (!trunk) guard_.malformed(source);
    return Rejection{400, "Missing From Tag", "malformed", {}};
  }
  const url_t& uri = request.sip_request->rq_url[0];
  if (uri.url_type != url_sip && uri.url_type != url_sips && uri.url_type != url_tel) {
    return Rejection{416, "Unsupported URI Scheme", "malformed", {}};
  }
  if (uri.url_headers) {  // RFC 3261 19.1.1: not in a Request-URI.
    return Rejection{400, "Headers In Request-URI", "malformed", {}};
  }
  if (!emergency && sheds(request, source)) {
    return Rejection{503, "Service Unavailable", "shed", retry_after()};
  }
  return std::nullopt;
}

std::optional<Rejection> Gatekeeper::refuses_phone(const sip_t& request,
                                                   const PhoneAccount& phone) {
  const bool registers = request.sip_request->rq_method == sip_method_register;
  const bool may = registers ? phones_.may_register(phone.username, limits_)
                             : is_emergency(request) || phones_.may_invite(phone.username, limits_);
  if (may) return std::nullopt;
  return Rejection{503, "Service Unavailable", "phone_rate", "Retry-After: 5\r\n"};
}

std::string Gatekeeper::retry_after() {
  return "Retry-After: " + std::to_string(kRetryAfterSeconds + core_.random.u32() % 10) + "\r\n";
}

bool Gatekeeper::is_emergency(const sip_t& request) const {
  return request.sip_request->rq_method == sip_method_invite && !request.sip_to->a_tag &&
         directory_.always_admitted(user_of(request.sip_request->rq_url[0]));
}

// What belongs to a dialog or a call is never shed: its refusal would only cost more work.
bool Gatekeeper::sheds(const sip_t& request, const SocketAddress& source) const {
  const Load load = load_.load();
  if (load == Load::Normal || request.sip_to->a_tag) return false;
  switch (request.sip_request->rq_method) {
    case sip_method_cancel: return false;
    case sip_method_register:
      return load == Load::NoRegisters ||
             (load == Load::NoStrangers && !is_registered(request, source));
    default: return true;
  }
}

bool Gatekeeper::is_registered(const sip_t& request, const SocketAddress& source) const {
  const auto bindings = registrar_.bindings(user_of(request.sip_to->a_url[0]));
  return std::ranges::any_of(bindings,
                             [&](const Binding& b) { return b.source.same_host(source); });
}

}  // namespace gw::sip
