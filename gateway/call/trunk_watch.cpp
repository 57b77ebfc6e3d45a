#include "gateway/call/trunk_watch.h"

#include <algorithm>
#include <utility>

#include "gateway/call/trunk_target.h"

namespace gw {
namespace {

constexpr size_t kMaxAddresses = 8;   // Of one target; more nobody runs, and each costs a request.
constexpr Duration kWhileDown = 10s;  // A carrier that came back is not left alone for long.
// What is down stays so until the next OPTIONS has been answered or not.
constexpr Duration kMargin = 15s;

}  // namespace

TrunkWatch::TrunkWatch(sip::SipAgent& agent, sip::Resolver& resolver, TrunkHealth& health,
                       const Clock& clock)
    : agent_(agent), resolver_(resolver), health_(health), clock_(clock) {}

void TrunkWatch::set_config(config::Snapshot config) {
  config_ = std::move(config);
  std::erase_if(trunks_, [this](const auto& entry) { return !config_->trunk(entry.first); });
}

void TrunkWatch::look() {
  if (!config_) return;
  const TimePoint now = clock_.now();
  for (const config::Trunk& trunk : config_->trunks) {
    if (trunk.cloud || trunk.options_interval == Duration{}) continue;
    Watched& watched = trunks_[trunk.name];
    if (watched.asking > 0 || now < watched.next) continue;
    const bool all_well = health_.state(trunk.name) != TrunkHealth::State::Down;
    watched.next = now + (all_well ? trunk.options_interval
                                   : std::min<Duration>(trunk.options_interval, kWhileDown));
    ask(trunk, watched);
  }
}

void TrunkWatch::ask(const config::Trunk& trunk, Watched& watched) {
  for (const std::string& text : trunk.targets) {
    const auto target = config::parse_target(text);
    if (!target) continue;  // `check` has said so.
    ++watched.asking;
    const std::string uri = trunk_uri(*target, "");
    resolver_.resolve({target->host, target->port, target->transport},
                      [this, alive = std::weak_ptr(alive_), name = trunk.name, uri,
                       host = target->host](Result<std::vector<sip::NextHop>> hops) {
                        if (alive.expired()) return;
                        heard(name);
                        if (!hops) {
                          sip::NextHop nowhere;
                          nowhere.host = host;
                          return health_.failed(name, nowhere,
                                                "its name has no address: " + hops.error().detail);
                        }
                        for (size_t i = 0; i < std::min(hops->size(), kMaxAddresses); ++i)
                          ask_address(name, uri, (*hops)[i]);
                      });
  }
}

void TrunkWatch::ask_address(const std::string& trunk, const std::string& uri,
                             const sip::NextHop& hop) {
  const auto it = trunks_.find(trunk);
  const config::Trunk* of = config_->trunk(trunk);
  if (it == trunks_.end() || !of) return;
  ++it->second.asking;
  sip::OutgoingOptions options;
  options.request_uri = uri;
  options.next_hop = hop;
  options.next_hop.network = of->network;
  options.own_host = of->fqdn;
  options.refer = of->profile != config::TrunkProfile::DirectRouting;
  agent_.options(options, [this, alive = std::weak_ptr(alive_), trunk, hop,
                           penalty = of->options_interval + kMargin](int status) {
    if (alive.expired()) return;
    heard(trunk);
    // 405 or 501 come from a peer that is there; 503 is also what we say when it cannot be reached.
    if (status == 408 || status == 503)
      health_.failed(trunk, hop, "OPTIONS was not answered, or with 503", penalty);
    else
      health_.answered(trunk, hop, status);
  });
}

void TrunkWatch::heard(const std::string& trunk) {
  const auto it = trunks_.find(trunk);
  if (it != trunks_.end() && it->second.asking > 0) --it->second.asking;
}

}  // namespace gw
