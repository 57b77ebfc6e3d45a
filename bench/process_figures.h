#pragma once

#include <sys/types.h>

#include <cstdint>

namespace gw::bench {

// What the kernel says of a process. /proc/PID/task/*/schedstat counts nanoseconds; utime and stime
// alias with a load that comes every 20 ms.
uint64_t cpu_ns(pid_t pid);  // All its threads, so far.
uint64_t rss_kb(pid_t pid);
size_t descriptors(pid_t pid);

// Asks it to end (SIGTERM), waits a while, then kills it.
void end_process(pid_t pid);

}  // namespace gw::bench
