#include "gateway/call/trunk_search.h"

#include <algorithm>
#include <utility>

namespace gw {

TrunkSearch::TrunkSearch(sip::Resolver& resolver, TrunkHealth* health, Settings settings, Log log)
    : resolver_(resolver), health_(health), settings_(std::move(settings)), log_(std::move(log)) {}

void TrunkSearch::next(Found found) {
  found_ = std::move(found);
  if (!ready_.empty()) return take(ready_);
  look_up();
}

void TrunkSearch::take(std::deque<Waiting>& from) {
  const bool first = !present_;
  present_ = std::move(from.front());
  from.pop_front();
  const Target& target = settings_.targets[present_->target];
  if (!first) {
    log_.info("next address was tried",
              {{"target", target.query.host}, {"address", to_string(present_->hop)}});
  }
  const auto found = std::exchange(found_, {});
  if (found) found(Place{target.request_uri, target.to, present_->hop});
}

void TrunkSearch::look_up() {
  if (next_target_ >= settings_.targets.size()) {
    if (!down_.empty()) return take(down_);
    const auto found = std::exchange(found_, {});
    if (found) found(std::nullopt);
    return;
  }
  const size_t target = next_target_++;
  resolver_.resolve(settings_.targets[target].query, [this, alive = std::weak_ptr(alive_), target](
                                                         Result<std::vector<sip::NextHop>> hops) {
    if (!alive.expired()) on_resolved(target, std::move(hops));
  });
}

void TrunkSearch::on_resolved(size_t target, Result<std::vector<sip::NextHop>> hops) {
  if (!hops) {
    last_failure_ = settings_.targets[target].query.host + ": " + hops.error().detail;
    log_.info("target has no address",
              {{"target", settings_.targets[target].query.host}, {"why", hops.error().detail}});
    return look_up();
  }
  for (sip::NextHop& hop : *hops) {
    hop.network = settings_.network;
    const bool down = health_ && health_->is_down(settings_.trunk, hop);
    (down ? down_ : ready_).push_back({target, std::move(hop)});
  }
  if (ready_.empty()) return look_up();
  take(ready_);
}

void TrunkSearch::heard(int status) {
  if (health_ && present_) health_->answered(settings_.trunk, present_->hop, status);
}

bool TrunkSearch::goes_on_after(const sip::Refusal& refusal) {
  if (health_ && present_) {
    if (refusal.local) {
      const char* why =
          refusal.status == 408 ? "an INVITE was not answered" : "an INVITE could not be sent";
      health_->failed(settings_.trunk, present_->hop, why);
    } else {
      health_->answered(settings_.trunk, present_->hop, refusal.status,
                        std::chrono::seconds(refusal.retry_after_s));
    }
  }
  last_failure_ = refusal.phrase;
  const bool more = next_target_ < settings_.targets.size() || !ready_.empty() || !down_.empty();
  if (!more) return false;
  // RFC 3263 4.3: after a transport failure, silence or 503 the next address.
  if (refusal.local || refusal.status == 503) return true;
  if (!settings_.emergency &&
      std::ranges::find(settings_.retry_on, refusal.status) == settings_.retry_on.end())
    return false;
  skip_present_target();
  return next_target_ < settings_.targets.size() || !ready_.empty() || !down_.empty();
}

void TrunkSearch::go_first_to(std::vector<Target> targets) {
  skip_present_target();
  settings_.targets.insert(settings_.targets.begin() + static_cast<ptrdiff_t>(next_target_),
                           std::make_move_iterator(targets.begin()),
                           std::make_move_iterator(targets.end()));
}

// What one address of a name has refused, the others would: RFC 3263 knows them as one.
void TrunkSearch::skip_present_target() {
  if (!present_) return;
  const auto same = [this](const Waiting& w) { return w.target == present_->target; };
  std::erase_if(ready_, same);
  std::erase_if(down_, same);
}

}  // namespace gw
