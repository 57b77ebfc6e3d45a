#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/ids.h"
#include "base/mailbox.h"
#include "base/metrics.h"

typedef struct su_root_s su_root_t;  // Sofia's loop.

namespace gw::sip {

// The signalling thread's loop: Sofia's su_root, a mailbox, timers. Created, run and destroyed on
// that thread; post() and stop() from any. Nothing on it may take over a millisecond; its lag is
// measured (gw_signalling_lag_seconds).
class SofiaLoop {
 public:
  explicit SofiaLoop(Metrics& metrics);
  ~SofiaLoop();

  void run();   // Until stop().
  void stop();  // Any thread.
  // Any thread; runs on the loop, never within this call. False after the loop closed.
  bool post(Task task);

  // The loop's thread. Timers fire once, on the monotonic clock; cancel of a fired one is harmless.
  TimerId after(Duration delay, Task task);
  void cancel(TimerId timer);

  // The loop's thread: called after each turn, before it sleeps.
  void before_sleep(std::function<void()> told);

  Duration lag() const;  // How late the last timer probe ran.
  void on_lag(
      std::function<void(Duration)> told);  // Told of each probe, ten a second; empty = nobody.
  su_root_t* root() const;                  // For sip/ only.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gw::sip
