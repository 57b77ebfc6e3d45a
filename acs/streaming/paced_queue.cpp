#include "acs/streaming/paced_queue.h"

#include <algorithm>
#include <cstdlib>

#include "base/assert.h"

namespace gw::acs::streaming {
namespace {

constexpr int kQuiet = 100;  // -50 dB: nobody hears that 20 ms of it are missing.
// A writer whose clock is off is within this of real time; an answer that comes in one go is not.
constexpr double kRealTime = 0.02;

bool is_silent(std::span<const int16_t> pcm) {
  return std::ranges::all_of(pcm, [](int16_t s) { return std::abs(static_cast<int>(s)) < kQuiet; });
}

}  // namespace

PacedQueue::PacedQueue(uint32_t rate, size_t most, size_t comfortable)
    : frame_samples_(rate / 50), most_(std::max<size_t>(most, 1)), comfortable_(comfortable) {
  GW_ASSERT(frame_samples_ <= PcmFrame::kMostSamples);
}

void PacedQueue::push(std::span<const int16_t> pcm, TimePoint now) {
  while (!pcm.empty()) {
    if (partial_.size == 0) partial_since_ = now;
    const size_t take = std::min(pcm.size(), frame_samples_ - partial_.size);
    std::ranges::copy(pcm.first(take),
                      partial_.samples.begin() + static_cast<ptrdiff_t>(partial_.size));
    partial_.size += take;
    pcm = pcm.subspan(take);
    if (partial_.size == frame_samples_) close_frame();
  }
}

void PacedQueue::close_frame() {
  partial_.silent = is_silent(partial_.pcm());
  if (frames_.size() == most_) {
    frames_.pop_front();
    ++lost_;
  }
  frames_.push_back(partial_);
  partial_.size = 0;
  ++arrived_;
}

bool PacedQueue::pull(PcmFrame& out, TimePoint now) {
  if (next_ && now < *next_) return false;
  if (frames_.empty() && partial_.size > 0 && now - partial_since_ >= kTick) {
    // The end of what was said: nothing follows to fill the frame.
    std::fill(partial_.samples.begin() + static_cast<ptrdiff_t>(partial_.size),
              partial_.samples.begin() + static_cast<ptrdiff_t>(frame_samples_), int16_t{0});
    partial_.size = frame_samples_;
    close_frame();
  }
  if (frames_.empty()) return false;
  if (trim_by_) trim(now);
  out = frames_.front();
  frames_.pop_front();
  // A frame that is late moves those behind it only if it is late by more than a frame.
  next_ = next_ && now - *next_ < kTick ? *next_ + kTick : now + kTick;
  look_at_reserve(now);
  return true;
}

std::optional<TimePoint> PacedQueue::due() const {
  if (!frames_.empty()) return next_.value_or(TimePoint{});
  if (partial_.size == 0) return std::nullopt;
  return std::max(partial_since_ + kTick, next_.value_or(TimePoint{}));
}

void PacedQueue::clear() {
  frames_.clear();
  partial_.size = 0;
  trim_by_.reset();
  window_began_ = {};
}

// What never left the queue in a whole window, while as much came as left, is only delay.
void PacedQueue::look_at_reserve(TimePoint now) {
  if (window_began_ == TimePoint{}) {
    window_began_ = now;
    arrived_ = 0;
    least_ = SIZE_MAX;
  }
  least_ = std::min(least_, frames_.size());
  const Duration passed = now - window_began_;
  const bool real_time = comfortable_ == 0;
  if (passed < (real_time ? kShortWindow : kWindow)) return;
  const double expected = static_cast<double>(passed / kTick);
  const double came = static_cast<double>(arrived_) / expected;
  if (least_ > comfortable_ && (real_time || std::abs(came - 1) < kRealTime)) {
    excess_ = real_time ? least_ : 1;
    trim_by_ = now + (real_time ? kShortPatience : kPatience);
  }
  window_began_ = now;
  arrived_ = 0;
  least_ = SIZE_MAX;
}

void PacedQueue::trim(TimePoint now) {
  if (frames_.size() < 2 || (!frames_.front().silent && now < *trim_by_)) return;
  for (; excess_ > 0 && frames_.size() > 1; --excess_) {
    frames_.pop_front();
    ++left_out_;
  }
  trim_by_.reset();
}

}  // namespace gw::acs::streaming
