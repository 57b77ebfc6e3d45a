#include "gateway/call/trunk_registrations.h"

#include <algorithm>
#include <utility>

#include "gateway/call/trunk_target.h"

namespace gw {
namespace {

constexpr Duration kFirstPause = 2s;
constexpr Duration kLongestPause = 5min;
// 401, 403, 404: asking faster looks like guessing passwords.
constexpr Duration kAfterRefusal = 60s;
// A registrar that grants less would be asked all the time.
constexpr Duration kShortestLife = 10s;
constexpr Duration kLongestLife = 24h;

bool is_refusal(int status) {
  return status == 401 || status == 403 || status == 404 || status == 407;
}

}  // namespace

std::string_view to_string(TrunkRegistrations::State state) {
  switch (state) {
    case TrunkRegistrations::State::Registering: return "registering";
    case TrunkRegistrations::State::Registered: return "registered";
    case TrunkRegistrations::State::Failed: return "failed";
  }
  return "?";
}

TrunkRegistrations::TrunkRegistrations(sip::SipAgent& agent, sip::Resolver& resolver,
                                       const Clock& clock, Random& random, Metrics& metrics,
                                       Log log)
    : agent_(agent),
      resolver_(resolver),
      clock_(clock),
      random_(random),
      metrics_(metrics),
      log_(std::move(log)) {}

std::optional<TrunkRegistrations::Registration> TrunkRegistrations::make(
    const config::Trunk& trunk) const {
  if (!trunk.registers || trunk.targets.empty()) return std::nullopt;
  Registration made;
  made.registrar = trunk.registrar.empty() ? trunk.targets.front() : trunk.registrar;
  const auto target = config::parse_target(made.registrar);
  if (!target) return std::nullopt;  // `check` has said so.
  made.username = trunk.username;
  made.network = trunk.network;
  made.credentials = {trunk.username, trunk.password.reveal()};
  made.request_uri = trunk_uri(*target, "");
  made.address = {"", trunk.username, target->host, 0, false};
  made.query = {target->host, target->port, target->transport};
  made.wanted = trunk.register_expires;
  return made;
}

void TrunkRegistrations::set_config(config::Snapshot config) {
  Registrations kept;
  for (const config::Trunk& trunk : config->trunks) {
    auto wanted = make(trunk);
    if (!wanted) continue;
    const auto old = registrations_.find(trunk.name);
    const bool same = old != registrations_.end() && old->second.registrar == wanted->registrar &&
                      old->second.username == wanted->username &&
                      old->second.network == wanted->network;
    if (same) {
      Registration going_on = std::move(old->second);
      registrations_.erase(old);
      // A new password is tried at once where the old one was refused.
      if (going_on.credentials.password != wanted->credentials.password &&
          going_on.state != State::Registered)
        going_on.due = {};
      going_on.credentials = wanted->credentials;
      going_on.wanted = wanted->wanted;
      kept.emplace(trunk.name, std::move(going_on));
      continue;
    }
    wanted->call_id = random_.hex(16);
    kept.emplace(trunk.name, *std::move(wanted));
  }
  for (const auto& [trunk, gone] : registrations_) {
    take_back(gone);
    metrics_
        .gauge("gw_trunk_registered", "1 while the carrier has our registration.",
               {{"trunk", trunk}})
        .Set(0);
  }
  registrations_ = std::move(kept);
}

void TrunkRegistrations::look() {
  const TimePoint now = clock_.now();
  for (auto& [trunk, registration] : registrations_) {
    if (registration.state == State::Registered && now >= registration.until) {
      registration.state = State::Failed;
      registration.at.reset();
      registration.why = "it ran out";
      log_.warn("trunk registration ran out", {{"trunk", trunk}});
      show(trunk, registration);
    }
    if (registration.busy || now < registration.due) continue;
    begin(trunk, registration);
  }
}

void TrunkRegistrations::begin(const std::string& trunk, Registration& registration) {
  registration.busy = true;
  resolver_.resolve(registration.query, [this, alive = std::weak_ptr(alive_),
                                         trunk](Result<std::vector<sip::NextHop>> hops) {
    if (alive.expired()) return;
    const auto it = registrations_.find(trunk);
    if (it == registrations_.end() || !it->second.busy) return;
    Registration& waiting = it->second;
    if (!hops) {
      waiting.busy = false;
      return failed(trunk, waiting, {503, true, hops.error().detail, {}, {}, {}});
    }
    for (sip::NextHop& hop : *hops) hop.network = waiting.network;
    // Where it was granted it is refreshed, while that address is one of the name's.
    if (waiting.at) {
      const auto same = std::ranges::find_if(
          *hops, [&](const sip::NextHop& hop) { return hop.address == waiting.at->address; });
      if (same != hops->end()) std::rotate(hops->begin(), same, same + 1);
    }
    waiting.more_hops.assign(hops->begin() + 1, hops->end());
    send(trunk, waiting, hops->front(), waiting.wanted);
  });
}

void TrunkRegistrations::send(const std::string& trunk, Registration& registration,
                              const sip::NextHop& hop, Duration expires) {
  registration.busy = true;
  sip::OutgoingRegister request;
  request.request_uri = registration.request_uri;
  request.next_hop = hop;
  request.address = registration.address;
  request.contact_user = registration.username;
  request.call_id = registration.call_id;
  request.expires = expires;
  request.credentials = registration.credentials;
  agent_.enrol(request,
               [this, alive = std::weak_ptr(alive_), trunk, hop](const sip::Enrolment& answer) {
                 if (!alive.expired()) on_answer(trunk, hop, answer);
               });
}

void TrunkRegistrations::on_answer(const std::string& trunk, const sip::NextHop& hop,
                                   const sip::Enrolment& answer) {
  const auto it = registrations_.find(trunk);
  if (it == registrations_.end() || !it->second.busy) return;
  Registration& registration = it->second;
  registration.busy = false;
  registration.status = answer.status;
  if (answer.status >= 200 && answer.status < 300)
    return granted(trunk, registration, hop, answer.expires);
  // RFC 3261 10.2.8.
  if (answer.status == 423 && answer.min_expires > registration.wanted &&
      answer.min_expires <= kLongestLife) {
    registration.wanted = answer.min_expires;
    return send(trunk, registration, hop, registration.wanted);
  }
  if ((answer.local || answer.status == 503) && !registration.more_hops.empty()) {
    const sip::NextHop next = registration.more_hops.front();
    registration.more_hops.erase(registration.more_hops.begin());
    return send(trunk, registration, next, registration.wanted);
  }
  failed(trunk, registration, answer);
}

void TrunkRegistrations::granted(const std::string& trunk, Registration& registration,
                                 const sip::NextHop& hop, Duration expires) {
  const TimePoint now = clock_.now();
  const Duration life = std::clamp(expires, kShortestLife, kLongestLife);
  const bool news = registration.state != State::Registered;
  registration.state = State::Registered;
  registration.at = hop;
  registration.why.clear();
  registration.failures = 0;
  registration.until = now + life;
  // Spread, so that a hundred trunks do not come back in one second.
  registration.due = now + spread(life, 0.5, 0.9);
  if (news) {
    log_.info("trunk registered", {{"trunk", trunk},
                                   {"address", hop.address.to_string()},
                                   {"expires_s", to_ms(life) / 1000}});
  }
  show(trunk, registration);
}

void TrunkRegistrations::failed(const std::string& trunk, Registration& registration,
                                const sip::Enrolment& answer) {
  const TimePoint now = clock_.now();
  ++registration.failures;
  registration.status = answer.status;
  registration.why = answer.reason;
  const unsigned doublings = std::min(registration.failures - 1, 8U);
  Duration pause = std::min<Duration>(kFirstPause * (1 << doublings), kLongestPause);
  if (is_refusal(answer.status)) pause = std::max<Duration>(pause, kAfterRefusal);
  registration.due = now + std::max(spread(pause, 0.75, 1.0), answer.retry_after);
  const bool still_good = registration.state == State::Registered && now < registration.until;
  if (!still_good) {
    registration.state = State::Failed;
    registration.at.reset();
  }
  log_.warn("trunk could not register", {{"trunk", trunk},
                                         {"status", answer.status},
                                         {"why", answer.reason},
                                         {"again_in_s", to_ms(registration.due - now) / 1000},
                                         {"still_registered", still_good}});
  metrics_
      .counter("gw_trunk_register_failures_total",
               "REGISTERs that carriers refused or did not answer.", {{"trunk", trunk}})
      .Increment();
  show(trunk, registration);
}

void TrunkRegistrations::take_back(const Registration& registration) {
  if (!registration.at) return;
  sip::OutgoingRegister request;
  request.request_uri = registration.request_uri;
  request.next_hop = *registration.at;
  request.address = registration.address;
  request.contact_user = registration.username;
  request.call_id = registration.call_id;
  request.expires = {};
  request.credentials = registration.credentials;
  agent_.enrol(request, [](const sip::Enrolment&) {});
}

void TrunkRegistrations::leave() {
  for (const auto& [trunk, registration] : registrations_) take_back(registration);
  registrations_.clear();
}

void TrunkRegistrations::show(const std::string& trunk, const Registration& registration) {
  metrics_
      .gauge("gw_trunk_registered", "1 while the carrier has our registration.", {{"trunk", trunk}})
      .Set(registration.state == State::Registered);
}

Duration TrunkRegistrations::spread(Duration whole, double from, double to) {
  const double draw = static_cast<double>(random_.u32()) / 4294967296.0;
  return std::chrono::duration_cast<Duration>(whole * (from + draw * (to - from)));
}

std::optional<TrunkRegistrations::Status> TrunkRegistrations::status(std::string_view trunk) const {
  const auto it = registrations_.find(trunk);
  if (it == registrations_.end()) return std::nullopt;
  const Registration& r = it->second;
  Status out{r.state, r.status, r.why, {}};
  if (r.state == State::Registered) out.left = r.until - clock_.now();
  return out;
}

std::optional<std::string> TrunkRegistrations::trunk_of(const SocketAddress& source) const {
  for (const auto& [trunk, registration] : registrations_) {
    if (!registration.at) continue;
    // Over TCP and TLS a carrier calls from any port of its own.
    const bool any_port = registration.at->transport != sip::Transport::Udp;
    const SocketAddress& there = registration.at->address;
    if (any_port ? there.same_host(source) : there == source) return trunk;
  }
  return std::nullopt;
}

}  // namespace gw
