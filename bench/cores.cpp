#include "bench/cores.h"

#include <sched.h>

#include <cstddef>

namespace gw::bench {

void run_on_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(core), &set);
  static_cast<void>(sched_setaffinity(0, sizeof set, &set));
}

}  // namespace gw::bench
