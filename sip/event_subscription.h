#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace gw::sip {

// One subscription of a phone's as its notifier keeps it (RFC 6665 4.2): how long it lasts, and
// when the next NOTIFY goes. One is under way at a time; what happens meanwhile is told by the
// next, as the state is by then. Part of a Subscription. Pure.
class EventSubscription {
 public:
  explicit EventSubscription(TimePoint until) : until_(until) {}

  void extend(TimePoint until);         // A SUBSCRIBE came: its NOTIFY goes at once.
  void changed() { news_ = true; }      // There is something to tell.
  void end(const std::string& reason);  // "noresource", ...: the last NOTIFY says why.

  struct Notify {
    std::string state;  // Of Subscription-State.
    unsigned version = 0;
    bool last = false;
  };
  std::optional<Notify> next(TimePoint now);  // To be sent now.
  void answered(int status);                  // Of that one. A refusal or silence: nobody listens.

  TimePoint due() const;  // Look again then, at the latest.
  bool ended() const { return ended_; }
  bool over() const { return ended_ && !news_ && !under_way_; }

 private:
  TimePoint until_;
  TimePoint credit_{};  // When a NOTIFY a second, sent one by one, would have got here.
  unsigned version_ = 0;
  bool news_ = true, at_once_ = true;
  bool under_way_ = false, ended_ = false;
  std::string reason_;
};

}  // namespace gw::sip
