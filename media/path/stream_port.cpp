#include "media/path/stream_port.h"

#include <algorithm>

namespace gw::media {
namespace {

constexpr int64_t kMostFramesAtOnce = 2;  // After a stall of the loop: no burst.

}  // namespace

StreamPort::StreamPort(const Settings& settings, std::shared_ptr<PcmStream> stream,
                       PortObserver& observer, TimePoint& earliest)
    : settings_(settings), stream_(std::move(stream)), observer_(observer), deadline_(earliest) {}

void StreamPort::enter_worker(TimePoint& earliest, TimePoint now) {
  deadline_.move_to(earliest);
  deadline_.at_latest(now);
}

uint32_t StreamPort::rate_to_other() const {
  return other_ == nullptr ? kWideband : other_->mixing_rate().value_or(kWideband);
}

void StreamPort::on_wired(SoundPort* other, TimePoint now) {
  other_ = other;
  restarted_ = true;
  partial_size_ = 0;
  if (other_ == nullptr) return;
  other_->prepare_to_play(rate_to_other());
  if (next_tick_ == kNever) next_tick_ = now;
  deadline_.at_latest(now);
}

void StreamPort::on_rewired(SoundPort& other, TimePoint now) {
  other_ = &other;
  other_->prepare_to_play(rate_to_other());
  deadline_.at_latest(now);
}

void StreamPort::on_other_changed(TimePoint now) {
  if (other_ == nullptr) return;
  other_->prepare_to_play(rate_to_other());
  deadline_.at_latest(now);
}

void StreamPort::prepare_to_play(uint32_t rate) {
  if (rate == played_rate_) return;
  played_rate_ = rate;
  doubled_.reset();
}

// Packet path.
TimePoint StreamPort::on_timer(TimePoint now) {
  if (other_ == nullptr) {
    next_tick_ = kNever;
    return kNever;
  }
  take_heard(now);
  if (const int64_t due = (now - next_tick_) / kTick; due >= kMostFramesAtOnce) {
    next_tick_ += (due - kMostFramesAtOnce + 1) * kTick;  // The loop stood still.
    restarted_ = true;
  }
  for (; next_tick_ <= now; next_tick_ += kTick) {
    play_tick(now);
    say_tick(now);
  }
  return next_tick_;
}

// ---- From the stream ----

void StreamPort::take_heard(TimePoint now) {
  if (stream_->take_flush(frame_)) from_stream_.drain();
  while (stream_->next_heard(frame_)) {
    ++frames_in_;
    octets_in_ += 2 * frame_.size;
    if (held_ || muted_ || !settings_.plays) continue;
    if (stream_->rate() == kWideband) {
      from_stream_.push(frame_.pcm(), now);
      continue;
    }
    Frame fewer;
    // Whole groups: what a peer cuts elsewhere than at 20 ms loses two samples at most.
    const size_t groups = std::min(frame_.size / 3, kFrame / 2);
    const auto wide = std::span(fewer).first(2 * groups);
    fewer_.process(frame_.pcm().first(3 * groups), wide);
    from_stream_.push(wide, now);
  }
}

void StreamPort::play_tick(TimePoint now) {
  Frame pcm;
  const bool sounds = from_stream_.pull(pcm, now);
  const int64_t at = position_;
  position_ += static_cast<int64_t>(kFrame);
  if (!sounds || held_ || !other_->hears(now)) {
    restarted_ = true;
    return;
  }
  const bool restarted = std::exchange(restarted_, false);
  if (rate_to_other() == kWideband) return other_->play(pcm, at, restarted, now);
  std::array<int16_t, kFrame / 2> narrow;
  halved_.process(pcm, narrow);
  other_->play(narrow, at / 2, restarted, now);
}

void StreamPort::receive_key(const KeyPress& key, TimePoint now) {
  observer_.on_port_event(DigitReceived{settings_.id, key.digit, key.duration, false});
  if (other_ != nullptr && !held_ && settings_.plays) other_->press(key, now);
}

// ---- To the stream ----

// Packet path.
void StreamPort::play(std::span<const int16_t> pcm, int64_t, bool, TimePoint now) {
  if (!settings_.says || held_ || other_ == nullptr || told_apart()) return;
  if (played_rate_ == kWideband) return collect(pcm, now);
  while (!pcm.empty()) {
    Frame doubled;
    const size_t take = std::min(pcm.size(), kFrame / 2);
    const auto wide = std::span(doubled).first(2 * take);
    doubled_.process(pcm.first(take), wide);
    collect(wide, now);
    pcm = pcm.subspan(take);
  }
}

void StreamPort::collect(std::span<const int16_t> pcm, TimePoint now) {
  while (!pcm.empty()) {
    const size_t take = std::min(pcm.size(), kFrame - partial_size_);
    std::ranges::copy(pcm.first(take), partial_.begin() + static_cast<ptrdiff_t>(partial_size_));
    partial_size_ += take;
    pcm = pcm.subspan(take);
    if (partial_size_ < kFrame) return;
    partial_size_ = 0;
    said_ = now;
    say(partial_, mixed_, from(), false);
  }
}

// Whoever waits for sound must not wait longer for none.
void StreamPort::say_tick(TimePoint now) {
  if (!settings_.says || told_apart() || now - said_ < kFillAfter) return;
  partial_size_ = 0;
  const Frame silence{};
  say(silence, mixed_, from(), true);
}

// A mixer brings each by itself; of two who are relayed there is only the other.
bool StreamPort::told_apart() const {
  const bool mixed = other_->mixing_rate().has_value() && other_->id() == PortId{};
  return settings_.unmixed && mixed;
}

// Packet path.
void StreamPort::play_one(PortId from, std::span<const int16_t> pcm, TimePoint now) {
  Outward& way = way_of(from, now);
  if (played_rate_ == kWideband) return say(pcm, way, from, false);
  Frame doubled;
  const auto wide = std::span(doubled).first(2 * pcm.size());
  way.doubled.process(pcm, wide);
  say(wide, way, from, false);
}

void StreamPort::say(std::span<const int16_t> pcm, Outward& way, PortId from, bool silent) {
  frame_.from = from;
  frame_.silent = silent;
  if (stream_->rate() == kWideband) {
    frame_.size = pcm.size();
    std::ranges::copy(pcm, frame_.samples.begin());
  } else {
    frame_.size = pcm.size() / 2 * 3;
    way.more.process(pcm, std::span(frame_.samples).first(frame_.size));
  }
  ++frames_out_;
  octets_out_ += 2 * frame_.size;
  stream_->say(frame_);
}

// Its filters, or those of who was silent longest.
StreamPort::Outward& StreamPort::way_of(PortId from, TimePoint now) {
  auto found = std::ranges::find(voices_, from, &Outward::from);
  if (found == voices_.end()) {
    found = std::ranges::min_element(voices_, {}, &Outward::used);
    *found = Outward{};
    found->from = from;
  }
  found->used = now;
  return *found;
}

void StreamPort::press(const KeyPress& key, TimePoint) {
  if (!held_) observer_.on_port_event(DigitToSend{settings_.id, key.digit, key.duration});
}

void StreamPort::send_keys(std::string_view keys, Duration length) {
  for (const char key : keys) observer_.on_port_event(DigitToSend{settings_.id, key, length});
  observer_.on_port_event(DigitsSent{settings_.id});
}

PortStats StreamPort::stats() const {
  PortStats stats;
  stats.packets_in = frames_in_;
  stats.packets_out = frames_out_;
  stats.octets_in = octets_in_;
  stats.octets_out = octets_out_;
  stats.packets_lost = stream_->lost();
  return stats;
}

}  // namespace gw::media
