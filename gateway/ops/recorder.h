#pragma once

#include <array>

#include "base/metrics.h"
#include "gateway/call/call_control.h"
#include "gateway/ops/cdr.h"

namespace gw::ops {

// Turns finished calls and refused attempts into CDRs, and what their legs sounded like into
// metrics. Owned by App; signalling thread.
class Recorder final : public CallRecorder {
 public:
  Recorder(CdrWriter& cdr, Metrics& metrics);
  void record(const Call& call) override;
  void record(const RefusedCall& refused) override;

 private:
  static constexpr std::array<const char*, 2> kKinds{"sip", "edge"};
  struct LegMetrics {
    Histogram* mos = nullptr;
    Histogram* loss = nullptr;
    Histogram* jitter = nullptr;
    Histogram* round_trip = nullptr;
  };

  void observe(const CdrLeg& leg);

  CdrWriter& cdr_;
  std::array<LegMetrics, kKinds.size()> legs_;
};

}  // namespace gw::ops
