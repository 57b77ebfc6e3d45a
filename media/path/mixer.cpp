#include "media/path/mixer.h"

#include <algorithm>

#include "media/path/phase.h"

namespace gw::media {
namespace {

constexpr int64_t kMostTicksAtOnce = 2;  // After a stall of the loop: no burst.
constexpr int kSilentTicksShared = 10;   // Settled silence costs no coder, so nothing is to share.

}  // namespace

Mixer::Mixer(uint64_t number, TimePoint now) : next_tick_(next_tick_of(number, now + kTick)) {
  seats_.reserve(kMost);
}

void Mixer::add(SoundPort& port, bool goes_on, TimePoint now) {
  seats_.push_back(std::make_unique<MixSeat>(port, *this, rate_));
  MixSeat& seat = *seats_.back();
  if (goes_on) {
    port.on_rewired(seat, now);
  } else {
    port.on_wired(&seat, now);
  }
  prepare(now);
}

void Mixer::remove(SoundPort& port, TimePoint now) {
  const auto found =
      std::ranges::find_if(seats_, [&](const auto& s) { return &s->port() == &port; });
  if (found == seats_.end()) return;
  const std::unique_ptr<MixSeat> seat = std::move(*found);
  seats_.erase(found);
  release(*seat, now);
  port.on_wired(nullptr, now);
  prepare(now);
}

void Mixer::hand_back(TimePoint now) {
  MixSeat& a = *seats_[0];
  MixSeat& b = *seats_[1];
  a.tell(b.drain(), position_, now);
  b.tell(a.drain(), position_, now);
  a.port().on_rewired(b.port(), now);
  b.port().on_rewired(a.port(), now);
  seats_.clear();
}

// Nobody leads, follows or holds a key any more who is gone.
void Mixer::release(MixSeat& gone, TimePoint now) {
  for (const auto& seat : seats_) {
    if (seat->key_of != &gone) continue;
    seat->key_of = nullptr;
    seat->port().release_key(Duration{0}, now);
  }
  follow(gone, nullptr);
  MixSeat* heir = nullptr;
  for (const auto& seat : seats_) {
    if (seat->group.leader != &gone) continue;
    follow(*seat, heir);
    if (heir == nullptr) heir = seat.get();
  }
}

void Mixer::on_participant_changed(TimePoint now) {
  prepare(now);
}

// Wideband as soon as one can say it and another hear it. Not on the packet path: coders are made
// here.
void Mixer::prepare(TimePoint now) {
  const auto wide = std::ranges::count_if(
      seats_, [](const auto& seat) { return seat->port().best_rate() == kWideband; });
  const uint32_t best = wide >= 2 ? kWideband : kNarrowband;
  if (best != rate_) {
    position_ = position_ * best / rate_;
    rate_ = best;
    for (const auto& seat : seats_) {
      seat->group = {};
      seat->set_rate(best);
      seat->port().on_other_changed(now);  // It is to bring another rate.
    }
  }
  for (const auto& seat : seats_) seat->port().prepare_to_play(rate_);
}

void Mixer::on_key(const MixSeat& from, const KeyPress& key, TimePoint now) {
  for (const auto& seat : seats_) {
    if (seat.get() != &from) seat->port().press(key, now);
  }
}

// One key at a time is down at a listener: who cannot be told of this one now is told of it whole,
// when it is up.
void Mixer::on_key_down(const MixSeat& from, char digit, TimePoint now) {
  for (const auto& seat : seats_) {
    if (seat.get() == &from || seat->key_of != nullptr) continue;
    if (seat->port().hold_key(digit, now)) seat->key_of = &from;
  }
}

void Mixer::on_key_sounds(const MixSeat& from, bool began_here, Duration heard) {
  for (const auto& seat : seats_) {
    if (seat->key_of == (began_here ? &from : nullptr) && seat.get() != &from) {
      seat->port().sustain_key(heard);
    }
  }
}

void Mixer::on_key_up(const MixSeat& from, const KeyPress& key, TimePoint now) {
  for (const auto& seat : seats_) {
    if (seat.get() == &from) continue;
    if (seat->key_of == &from) {
      seat->key_of = nullptr;
      seat->port().release_key(key.duration, now);
    } else if (key.digit != 0) {
      seat->port().press(key, now);
    } else if (seat->key_of == nullptr) {
      seat->port().release_key(key.duration, now);  // It went down at a wire without a mixer.
    }
  }
}

bool Mixer::all_hear_tones(const MixSeat& from) const {
  return std::ranges::all_of(
      seats_, [&](const auto& seat) { return seat.get() == &from || seat->port().hears_tones(); });
}

bool Mixer::key_down() const {
  return std::ranges::any_of(seats_, [](const auto& seat) { return seat->key_of != nullptr; });
}

bool Mixer::quiet() const {
  return std::ranges::none_of(seats_, [](const auto& seat) { return seat->speaks(); });
}

bool Mixer::speaks(const SoundPort& port) const {
  return std::ranges::any_of(
      seats_, [&](const auto& seat) { return &seat->port() == &port && seat->speaks(); });
}

// ---- Packet path ----

TimePoint Mixer::on_timer(TimePoint now) {
  if (const int64_t due = (now - next_tick_) / kTick; due >= kMostTicksAtOnce) {
    // The loop stood still: what was not said in time is missing.
    const int64_t skipped = due - kMostTicksAtOnce + 1;
    position_ += skipped * static_cast<int64_t>(frame());
    next_tick_ += skipped * kTick;
  }
  for (; next_tick_ <= now; next_tick_ += kTick) tick(now);
  return next_tick_;
}

void Mixer::tick(TimePoint now) {
  const bool gated = seats_.size() > kMixAll;
  for (const auto& seat : seats_) seat->listen(gated, now);
  sum_up();
  choose_leaders(now);
  tell_everybody(now);
  position_ += static_cast<int64_t>(frame());
}

void Mixer::sum_up() {
  const std::span<int32_t> all = std::span(all_).first(frame());
  std::ranges::fill(all, 0);
  for (const auto& seat : seats_) {
    if (!seat->contributes()) continue;
    const std::span<const int16_t> sound = seat->sound();
    for (size_t i = 0; i < all.size(); ++i) all[i] += sound[i];
  }
  const bool silent = std::ranges::all_of(all, [](int32_t sample) { return sample == 0; });
  silent_ticks_ = silent ? std::min(silent_ticks_ + 1, kSilentTicksShared) : 0;
}

// Before anybody encodes: who leaves a group, or inherits it, takes the coder's state along, so
// that what its listener decodes goes on without a break.
void Mixer::choose_leaders(TimePoint now) {
  const bool share = silent_ticks_ < kSilentTicksShared;
  for (const auto& seat : seats_) {
    const bool listens = share && !seat->contributes() && !is_whispered_to(*seat);
    seat->group.coder = listens ? seat->sharable(now) : nullptr;
  }
  for (const auto& seat : seats_) {
    if (seat->group.coder == nullptr) {
      follow(*seat, nullptr);
    } else if (!well_led(*seat)) {
      MixSeat* const leader = find_leader(*seat);
      follow(*seat, leader == seat.get() ? nullptr : leader);
    }
  }
}

bool Mixer::well_led(const MixSeat& seat) {
  if (seat.group.followers > 0) return true;  // Leads.
  const MixSeat* leader = seat.group.leader;
  return leader != nullptr && leader->group.coder != nullptr &&
         leader->group.coder->interchangeable(*seat.group.coder);
}

// The first of its kind that leads already, else the first of its kind.
MixSeat* Mixer::find_leader(const MixSeat& seat) const {
  MixSeat* first = nullptr;
  for (const auto& other : seats_) {
    const MixSeat::Group& group = other->group;
    if (group.coder == nullptr || !group.coder->interchangeable(*seat.group.coder)) continue;
    if (group.followers > 0) return other.get();
    if (first == nullptr && (group.leader == nullptr || other.get() == &seat)) first = other.get();
  }
  return first;
}

void Mixer::follow(MixSeat& seat, MixSeat* leader) {
  MixSeat* const before = seat.group.leader;
  if (before == leader) return;
  if (leader == nullptr) seat.port().continue_coding_of(before->port());
  if (before != nullptr) --before->group.followers;
  if (leader != nullptr) ++leader->group.followers;
  seat.group.leader = leader;
}

bool Mixer::is_whispered_to(const MixSeat& listener) const {
  return std::ranges::any_of(seats_, [&](const auto& s) { return s->whispers_to(listener); });
}

void Mixer::tell_privately(MixSeat& listener, TimePoint now) {
  std::array<int32_t, MixSeat::kMaxFrame> sum;
  const std::span<int32_t> mine = std::span(sum).first(frame());
  std::copy_n(all_.begin(), frame(), mine.begin());
  for (const auto& seat : seats_) {
    if (!seat->whispers_to(listener)) continue;
    const std::span<const int16_t> sound = seat->sound();
    for (size_t i = 0; i < mine.size(); ++i) mine[i] += sound[i];
  }
  listener.tell_others(mine, position_, now);
}

void Mixer::tell_everybody(TimePoint now) {
  const std::span<const int32_t> sum = std::span(all_).first(frame());
  const std::span<int16_t> all = std::span(pcm_).first(frame());
  limiter_.process(sum, all);
  for (const auto& seat : seats_) {
    if (seat->port().hears_each()) tell_apart(*seat, now);
    if (seat->group.leader != nullptr) continue;  // Is told with its group.
    if (is_whispered_to(*seat)) {
      tell_privately(*seat, now);
      continue;
    }
    if (seat->contributes()) {
      seat->tell_others(sum, position_, now);
      continue;
    }
    seat->limiter() = limiter_;
    tell_group(*seat, all, now);
  }
}

// The loudest, in no order.
void Mixer::tell_apart(MixSeat& listener, TimePoint now) {
  std::array<const MixSeat*, kMostApart> loudest{};
  size_t count = 0;
  for (const auto& seat : seats_) {
    if (seat.get() == &listener || !seat->contributes()) continue;
    if (count < kMostApart) {
      loudest[count++] = seat.get();
      continue;
    }
    auto* const softest =
        std::ranges::min_element(loudest, {}, [](const MixSeat* s) { return s->level(); });
    if (seat->level() > (*softest)->level()) *softest = seat.get();
  }
  for (size_t i = 0; i < count; ++i) {
    listener.port().play_one(loudest[i]->port().id(), loudest[i]->sound(), now);
  }
}

void Mixer::tell_group(MixSeat& leader, std::span<const int16_t> all, TimePoint now) {
  if (leader.group.followers == 0) return leader.tell(all, position_, now);
  const size_t size = leader.port().encode(all, coded_);
  if (size == 0) return;
  const std::span<const std::byte> payload = std::span(coded_).first(size);
  for (const auto& seat : seats_) {
    if (seat.get() != &leader && seat->group.leader != &leader) continue;
    seat->limiter() = limiter_;
    seat->tell_coded(payload, position_, now);
  }
}

}  // namespace gw::media
