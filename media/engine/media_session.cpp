#include "media/engine/media_session.h"

#include <algorithm>
#include <utility>

namespace gw::media {

MediaSession::MediaSession(SessionId id, TimePoint& earliest, PortObserver& observer)
    : id_(id), observer_(observer), deadline_(earliest) {}

bool MediaSession::talks(PortId id) const {
  return std::ranges::find(members_, id, &Member::id) != members_.end();
}

bool MediaSession::speaks(PortId id) const {
  const auto member = std::ranges::find(members_, id, &Member::id);
  return mixer_ && member != members_.end() && mixer_->speaks(*member->port);
}

void MediaSession::join(PortId id, SoundPort& port, TimePoint now) {
  if (talks(id) || members_.size() >= Mixer::kMost) return;
  members_.push_back({id, &port});
  if (members_.size() < 2) return;
  if (members_.size() == 2 && !mixer_) {
    relay_ = std::make_unique<Relay>(*members_[0].port, *members_[1].port, now);
    return;
  }
  if (!mixer_) {
    members_.pop_back();
    mix(relay_ != nullptr, now);
    members_.push_back({id, &port});
  }
  mixer_->add(port, false, now);
}

void MediaSession::leave(PortId id, TimePoint now) {
  const auto member = std::ranges::find(members_, id, &Member::id);
  if (member == members_.end()) return;
  SoundPort& port = *member->port;
  members_.erase(member);
  if (relay_) {
    relay_->unwire(now);
    relay_.reset();
  }
  if (!mixer_) return;
  mixer_->remove(port, now);
  if (members_.size() == 2) two_since_ = now;
  if (members_.size() > 1) return;
  for (const Member& last : members_) mixer_->remove(*last.port, now);
  mixer_.reset();
}

void MediaSession::part(TimePoint now) {
  while (!members_.empty()) leave(members_.back().id, now);
}

void MediaSession::take_over(MediaSession& other, TimePoint now) {
  if (other.members_.size() == 1) {
    const Member guest = other.members_.front();
    other.part(now);
    return join(guest.id, *guest.port, now);
  }
  if (other.members_.empty()) return;
  mix(relay_ != nullptr, now);
  for (const Member& member : other.members_) {
    if (mixer_->full()) {
      member.port->on_wired(nullptr, now);
      continue;
    }
    mixer_->add(*member.port, true, now);
    members_.push_back(member);
  }
  // Nobody of them knows these any more.
  other.members_.clear();
  other.relay_.reset();
  other.mixer_.reset();
}

MediaSession::Members MediaSession::release() {
  Members members{std::exchange(members_, {}), relay_ != nullptr};
  relay_.reset();
  mixer_.reset();
  return members;
}

void MediaSession::resume(Members members, TimePoint now) {
  members_ = std::move(members.all);
  if (members.relayed) {
    relay_ = std::make_unique<Relay>(*members_[0].port, *members_[1].port);
  } else if (members_.size() > 1) {
    mix(true, now);
  }
}

// Whoever talks, talks through a mixer from now on.
void MediaSession::mix(bool goes_on, TimePoint now) {
  two_since_ = now;
  if (mixer_) return;
  mixer_ = std::make_unique<Mixer>(id_.value, now);
  for (const Member& member : members_) mixer_->add(*member.port, goes_on, now);
  relay_.reset();
  deadline_.at_latest(mixer_->next_tick());
}

void MediaSession::stop_mixing(TimePoint now) {
  mixer_->hand_back(now);
  relay_ = std::make_unique<Relay>(*members_[0].port, *members_[1].port);
  mixer_.reset();
  announce_speakers();
}

// Packet path.
TimePoint MediaSession::on_timer(TimePoint now) {
  if (!mixer_) return kNever;
  const TimePoint next = mixer_->on_timer(now);
  announce_speakers();
  if (members_.size() != 2 || now < two_since_ + kStable) return next;
  if (!mixer_->quiet() && now < two_since_ + kStable + kPatience) return next;
  if (mixer_->key_down()) return next;  // It ends where it began.
  stop_mixing(now);
  return kNever;
}

// Each change once; of two that are left the question is not asked.
void MediaSession::announce_speakers() {
  for (Member& member : members_) {
    const bool speaks = mixer_ && mixer_->speaks(*member.port);
    if (speaks == member.speaks) continue;
    member.speaks = speaks;
    observer_.on_port_event(SpeakingChanged{member.id, speaks});
  }
}

}  // namespace gw::media
