#include <dlfcn.h>
#include <sofia-sip/su_wait.h>

#include "sip/sofia_seam/sofia_seam.h"

namespace gw::sip {
namespace {

thread_local std::function<void()> after;

}  // namespace

void after_sofia_timers(std::function<void()> told) {
  after = std::move(told);
}

}  // namespace gw::sip

// Sofia's loop calls it last before it sleeps, after what it calls before each sleep: what its
// timers made us do would otherwise wait for the next turn. Twice, since that may set timers.
extern "C" int su_timer_expire(su_timer_queue_t* const queue, su_duration_t* timeout,
                               su_time_t now) {
  using Expire = int (*)(su_timer_queue_t*, su_duration_t*, su_time_t);
  static const auto real = reinterpret_cast<Expire>(::dlsym(RTLD_NEXT, "su_timer_expire"));
  const int expired = real(queue, timeout, now);
  if (expired <= 0 || !gw::sip::after) return expired;
  gw::sip::after();
  return expired + real(queue, timeout, now);
}
