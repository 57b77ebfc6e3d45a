#pragma once

#include "media/path/sound_port.h"

namespace gw::media {

// Wires two ports: each hears the other, as long as the Relay lives. All state of sound stays in
// the ports, so that SSRC, sequence and codecs survive every switch. Owned by a MediaSession.
class Relay {
 public:
  Relay(SoundPort& a, SoundPort& b, TimePoint now) : a_(a), b_(b) {
    a_.on_wired(&b_, now);
    b_.on_wired(&a_, now);
  }
  // Two that a Mixer handed back: they know each other already.
  Relay(SoundPort& a, SoundPort& b) : a_(a), b_(b) {}
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void unwire(TimePoint now) {
    a_.on_wired(nullptr, now);
    b_.on_wired(nullptr, now);
  }
  bool wires(const SoundPort& port) const { return &port == &a_ || &port == &b_; }
  SoundPort& other(const SoundPort& port) { return &port == &a_ ? b_ : a_; }

 private:
  SoundPort& a_;
  SoundPort& b_;
};

}  // namespace gw::media
