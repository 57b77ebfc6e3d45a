#pragma once

#include <cstdint>

namespace gw {

// Tells when a loop stands still. The loop bumps a count every turn, at least once a second;
// somebody looks at the count once a second. Looks are counted, not time: a process that was
// stopped as a whole finds its loops moving when it wakes. Owned by who looks; its thread.
class StallWatch {
 public:
  static constexpr unsigned kPatience = 3;  // Looks without a beat: more is no long turn any more.

  enum class News { None, Stalled, Moving };

  News look(uint64_t beats) {
    if (beats != beats_) {
      beats_ = beats;
      missed_ = 0;
      if (!stalled_) return News::None;
      stalled_ = false;
      return News::Moving;
    }
    if (stalled_ || ++missed_ < kPatience) return News::None;
    stalled_ = true;
    return News::Stalled;
  }
  bool stalled() const { return stalled_; }

 private:
  uint64_t beats_ = 0;
  unsigned missed_ = 0;
  bool stalled_ = false;
};

}  // namespace gw
