#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

namespace gw::sip {

// How much of what is new the signalling thread can still take; each level refuses more.
enum class Load {
  Normal,
  NoNewCalls,   // INVITE, SUBSCRIBE and whatever else begins something, OPTIONS.
  NoStrangers,  // REGISTER of who is not registered, too.
  NoRegisters,  // Every REGISTER.
};

// Says what to refuse while the loop is late. One late probe is a hiccup: the lag is smoothed, so
// that shedding begins with two in a row (or one twice as bad), and it ends a level at a time,
// after a second below half of what began it. Owned by the Gatekeeper; signalling thread; pure.
class LoadShedder {
 public:
  LoadShedder(Duration limit, Metrics& metrics, Log log);

  void on_lag(Duration lag, TimePoint now);  // Each probe of the loop.
  Load load() const { return load_; }
  void set_limit(Duration limit);  // 0 = never.

 private:
  Load due() const;
  Duration threshold(Load load) const;
  void set_load(Load load, TimePoint now);

  Duration limit_;
  Log log_;
  Gauge& level_;
  Duration smoothed_{};
  TimePoint calm_since_{};  // Below half the present level's threshold.
  Load load_ = Load::Normal;
};

}  // namespace gw::sip
