#include <sofia-sip/su_time.h>
#include <time.h>

#include <mutex>

#include "sip/sofia_seam/sofia_seam.h"

// Exported by the library, declared in none of its public headers: when set, su_time() lets it
// overwrite its answer.
extern "C" void (*_su_time)(su_time_t* now);

namespace gw::sip {
namespace {

constexpr unsigned long kNtpToUnix = 2'208'988'800UL;  // su_time_t counts from 1900.

// Sofia's timers count whole milliseconds and its waits are cut down to such: on a finer clock it
// would ask again and again during the last part of one. As coarse as its timers may be late, many
// of them ring together.
constexpr long kTickNs = 5'000'000;

unsigned long wall_minus_monotonic_s = 0;

void monotonic_su_time(su_time_t* now) {
  if (now == nullptr) return;
  timespec monotonic{};
  ::clock_gettime(CLOCK_MONOTONIC, &monotonic);
  now->tv_sec = static_cast<unsigned long>(monotonic.tv_sec) + wall_minus_monotonic_s;
  now->tv_usec = static_cast<unsigned long>(monotonic.tv_nsec / kTickNs * (kTickNs / 1000));
}

}  // namespace

void install_monotonic_clock() {
  static std::once_flag once;
  std::call_once(once, [] {
    timespec wall{}, monotonic{};
    ::clock_gettime(CLOCK_REALTIME, &wall);
    ::clock_gettime(CLOCK_MONOTONIC, &monotonic);
    // Sofia takes zero and small times for "not set": begin where the wall clock is, then never
    // look at it again.
    wall_minus_monotonic_s =
        static_cast<unsigned long>(wall.tv_sec - monotonic.tv_sec) + kNtpToUnix;
    _su_time = monotonic_su_time;
  });
}

}  // namespace gw::sip
