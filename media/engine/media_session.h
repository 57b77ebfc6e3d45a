#pragma once

#include <memory>
#include <vector>

#include "base/ids.h"
#include "media/path/media_port.h"
#include "media/path/mixer.h"
#include "media/path/relay.h"

namespace gw::media {

// One call's conversation on its worker: which of the call's ports talk with each other. Two are
// wired by a Relay, more by a Mixer; of a Mixer that has two left, a Relay is made when that was so
// for two seconds. What is under way goes on, but two conferences that merge lose what waited
// (30 ms). Owned by the MediaWorker; its thread.
class MediaSession {
 public:
  static constexpr Duration kStable = 2s;
  static constexpr Duration kPatience = 1s;  // For a moment in which nobody speaks.

  MediaSession(SessionId id, TimePoint& earliest, PortObserver& observer);
  MediaSession(const MediaSession&) = delete;
  MediaSession& operator=(const MediaSession&) = delete;

  // None of these is on the packet path.
  void join(PortId id, SoundPort& port, TimePoint now);
  void leave(PortId id, TimePoint now);
  // Everybody of the other's conversation takes part in this one, without a pause.
  void take_over(MediaSession& other, TimePoint now);
  void part(TimePoint now);  // Nobody talks with anybody any more.

  // To a session of another worker: who talked here goes on there, when all their ports are there.
  struct Member {
    PortId id;
    SoundPort* port = nullptr;
    bool speaks = false;  // As it was announced.
  };
  struct Members {
    std::vector<Member> all;
    bool relayed = false;
  };
  Members release();
  void resume(Members members, TimePoint now);

  bool talks(PortId id) const;
  bool speaks(PortId id) const;
  bool mixes() const { return mixer_ != nullptr; }
  size_t size() const { return members_.size(); }
  SessionId id() const { return id_; }

  TimePoint on_timer(TimePoint now);  // Packet path.
  Deadline& deadline() { return deadline_; }

 private:
  void mix(bool goes_on, TimePoint now);
  void stop_mixing(TimePoint now);
  void announce_speakers();

  const SessionId id_;
  PortObserver& observer_;
  Deadline deadline_;

  std::vector<Member> members_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<Mixer> mixer_;
  TimePoint two_since_ = kNever;
};

}  // namespace gw::media
