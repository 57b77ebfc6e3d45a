#include "gateway/call/trunk_watch.h"

#include <utility>

#include "gateway/call/trunk_target.h"

namespace gw {

std::string_view to_string(TrunkWatch::State state) {
  switch (state) {
    case TrunkWatch::State::Unknown: return "unknown";
    case TrunkWatch::State::Up: return "up";
    case TrunkWatch::State::Down: return "down";
  }
  return "?";
}

TrunkWatch::TrunkWatch(sip::SipAgent& agent, sip::Resolver& resolver, const Clock& clock, Metrics& metrics, Log log)
    : agent_(agent), resolver_(resolver), clock_(clock), metrics_(metrics), log_(std::move(log)) {}

void TrunkWatch::set_config(config::Snapshot config) {
  config_ = std::move(config);
  std::erase_if(trunks_, [this](const auto& entry) { return !config_->trunk(entry.first); });
}

TrunkWatch::State TrunkWatch::state(std::string_view trunk) const {
  const auto it = trunks_.find(trunk);
  return it == trunks_.end() ? State::Unknown : it->second.state;
}

void TrunkWatch::look() {
  if (!config_) return;
  const TimePoint now = clock_.now();
  for (const config::Trunk& trunk : config_->trunks) {
    if (trunk.options_interval == Duration{}) continue;
    Watched& watched = trunks_[trunk.name];
    if (watched.asking || now < watched.next) continue;
    watched.next = now + trunk.options_interval;
    ask(trunk, watched);
  }
}

void TrunkWatch::ask(const config::Trunk& trunk, Watched& watched) {
  const auto target = trunk.targets.empty() ? std::nullopt : parse_trunk_target(trunk.targets.front());
  if (!target) return;
  watched.asking = true;
  const std::string uri = trunk_uri(*target, "");
  resolver_.resolve({target->host, target->port, target->transport},
                    [this, alive = std::weak_ptr(alive_), name = trunk.name, uri](Result<std::vector<sip::NextHop>> hops) {
                      if (alive.expired()) return;
                      if (!hops || hops->empty()) return on_status(name, 503);
                      agent_.options(uri, hops->front(), [this, alive, name](int status) {
                        if (!alive.expired()) on_status(name, status);
                      });
                    });
}

void TrunkWatch::on_status(const std::string& trunk, int status) {
  const auto it = trunks_.find(trunk);
  if (it == trunks_.end()) return;
  it->second.asking = false;
  // 405 or 501 come from a peer that is there; 503 also says "not now".
  const State state = status == 408 || status == 503 ? State::Down : State::Up;
  metrics_.gauge("gw_trunk_up", "1 when the trunk answered its last OPTIONS.", {{"trunk", trunk}}).Set(state == State::Up);
  if (std::exchange(it->second.state, state) == state) return;
  if (state == State::Up) {
    log_.info("trunk came up", {{"trunk", trunk}, {"status", status}});
  } else {
    log_.warn("trunk went down", {{"trunk", trunk}, {"status", status}});
  }
}

}  // namespace gw
