#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace gw::sound {

// A network that loses and delays: what it does is decided by the seed alone.
struct Network {
  std::string name;
  double loss = 0;     // 0..1, over the long run.
  double burst = 1;    // How many are lost in a row on the average (Gilbert); 1 = each by itself.
  Duration jitter{0};  // Each packet is delayed by something between nothing and this.
};

// The rows of the table.
std::vector<Network> networks();

struct Arrival {
  size_t packet = 0;
  Duration at{0};  // After the first was sent.
};

// What becomes of `packets` that are sent every `ptime`, in the order in which they arrive.
std::vector<Arrival> carry(const Network& network, size_t packets, Duration ptime, uint32_t seed);

}  // namespace gw::sound
