#include "media/engine/complexity_governor.h"

namespace gw::media {

ComplexityGovernor::ComplexityGovernor(int ceiling) : ceiling_(0) {
  while (ceiling_ + 1 < kSteps.size() && kSteps[ceiling_].complexity < ceiling) ++ceiling_;
  step_ = ceiling_;
}

bool ComplexityGovernor::look(double busy, bool late) {
  if (busy >= kTooBusy || (late && busy > kRoom)) {
    patience_ = 0;
    if (step_ == 0) return false;
    const size_t before = step_--;
    // The share was measured at the step before.
    while (step_ > 0 && busy * kSteps[step_].cost / kSteps[before].cost > kRelieved) --step_;
    return true;
  }
  if (step_ == ceiling_ || expected(busy, step_ + 1) > kRoom) {
    patience_ = 0;
    return false;
  }
  if (++patience_ < kPatience) return false;
  patience_ = 0;
  ++step_;
  return true;
}

}  // namespace gw::media
