#pragma once

#include "gateway/call/call_control.h"
#include "gateway/ops/cdr.h"

namespace gw::ops {

// Turns finished calls and refused attempts into CDRs. Owned by App; signalling thread.
class Recorder final : public CallRecorder {
 public:
  explicit Recorder(CdrWriter& cdr) : cdr_(cdr) {}
  void record(const Call& call) override;
  void record(const RefusedCall& refused) override;

 private:
  CdrWriter& cdr_;
};

}  // namespace gw::ops
