#pragma once

namespace gw::bench {

// The daemon has one core for itself, we have the other, as far as the machine has two.
constexpr int kDaemonCore = 0;
constexpr int kOurCore = 1;
void run_on_core(int core);  // The calling thread, and what it starts; not there = anywhere.

}  // namespace gw::bench
