#include "sip/load_shedder.h"

#include <utility>

namespace gw::sip {
namespace {

constexpr Duration kCalm = 1s;

}  // namespace

LoadShedder::LoadShedder(Duration limit, Metrics& metrics, Log log)
    : limit_(limit),
      log_(std::move(log)),
      level_(metrics.gauge("gw_sip_shedding",
                           "What the late signalling thread refuses: 0 nothing, 1 new calls, 2 "
                           "strangers' REGISTER too, 3 every REGISTER")) {}

void LoadShedder::set_limit(Duration limit) {
  limit_ = limit;
  if (limit_ <= Duration::zero() && load_ != Load::Normal) set_load(Load::Normal, {});
}

Duration LoadShedder::threshold(Load load) const {
  switch (load) {
    case Load::Normal: return Duration::zero();
    case Load::NoNewCalls: return limit_;
    case Load::NoStrangers: return 2 * limit_;
    case Load::NoRegisters: return 4 * limit_;
  }
  return limit_;
}

Load LoadShedder::due() const {
  for (const Load load : {Load::NoRegisters, Load::NoStrangers, Load::NoNewCalls}) {
    if (smoothed_ >= threshold(load)) return load;
  }
  return Load::Normal;
}

void LoadShedder::on_lag(Duration lag, TimePoint now) {
  if (limit_ <= Duration::zero()) return;
  smoothed_ = (smoothed_ + lag) / 2;
  if (due() > load_) return set_load(due(), now);
  if (load_ == Load::Normal) return;
  if (smoothed_ >= threshold(load_) / 2) {
    calm_since_ = now;
  } else if (now - calm_since_ >= kCalm) {
    set_load(static_cast<Load>(static_cast<int>(load_) - 1), now);
  }
}

void LoadShedder::set_load(Load load, TimePoint now) {
  const Load before = std::exchange(load_, load);
  calm_since_ = now;
  level_.Set(static_cast<double>(load));
  if (before == Load::Normal) {
    log_.warn("overloaded: new calls are refused", {{"lag_ms", to_ms(smoothed_)}});
  } else if (load == Load::Normal) {
    log_.info("no longer overloaded", {{"lag_ms", to_ms(smoothed_)}});
  }
}

}  // namespace gw::sip
