#pragma once

#include <string>

#include "gateway/call/services.h"

namespace gw {

// [calls] hold_music: "tune" = the built-in one, "" = silence, else a WAV file. Not for a loop's
// thread.
Result<media::ClipPtr> read_hold_music(const std::string& what);

// What a party hears while the other one holds: a clip port of the call, there only as long. Owned
// by a Call; signalling thread.
class HoldMusic {
 public:
  explicit HoldMusic(Services& services) : services_(services) {}

  // `held` hears it and nobody else, instead of whom it was connected with. False: there is none to
  // be heard.
  bool play_to(SessionId session, PortId held);
  void stop();  // Whoever is to talk is connected before.

 private:
  Services& services_;
  PortId port_;
  PortId held_;
};

}  // namespace gw
