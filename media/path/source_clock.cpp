#include "media/path/source_clock.h"

namespace gw::media {
namespace {

// In two steps: nanoseconds of a timestamp that wrapped twice do not fit 64 bits at once.
Duration time_of(int64_t position, uint32_t rate) {
  const int64_t whole = position / rate;
  return Duration(1s) * whole + Duration(1s) * (position - whole * rate) / rate;
}

}  // namespace

Duration SourceClock::observe(int64_t position, uint32_t rate, TimePoint now) {
  const TimePoint beginning = now - time_of(position, rate);
  if (started_ && beginning - quickest() > kStoodStill) reset();
  if (!started_) {
    started_ = true;
    turn_at_ = now + kSpan;
  } else if (now >= turn_at_) {
    // After a silence of more than one span nothing of before counts.
    before_ = now - turn_at_ < kSpan ? current_ : TimePoint::max();
    current_ = TimePoint::max();
    turn_at_ = now + kSpan;
  }
  current_ = std::min(current_, beginning);
  return beginning - quickest();
}

TimePoint SourceClock::earliest(int64_t position, uint32_t rate) const {
  return quickest() + time_of(position, rate);
}

}  // namespace gw::media
