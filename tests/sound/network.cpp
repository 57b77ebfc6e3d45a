#include "tests/sound/network.h"

#include <algorithm>
#include <random>

namespace gw::sound {

std::vector<Network> networks() {
  return {{"clean"},
          {"1 % random", 0.01},
          {"3 % random", 0.03},
          {"5 % random", 0.05},
          {"10 % random", 0.10},
          {"5 % in bursts of 3", 0.05, 3},
          {"40 ms jitter, reordered", 0, 1, 40ms}};
}

std::vector<Arrival> carry(const Network& network, size_t packets, Duration ptime, uint32_t seed) {
  std::mt19937 random(seed);
  // Of its own: std::uniform_real_distribution differs from library to library.
  const auto uniform = [&random] { return static_cast<double>(random()) / 4294967296.0; };
  const bool bursty = network.burst > 1;
  const double ends = 1 / network.burst;
  const double begins = network.loss * ends / (1 - network.loss);
  bool lost = false;
  std::vector<Arrival> arrivals;
  for (size_t i = 0; i < packets; ++i) {
    const double dice = uniform();
    lost = bursty ? (lost ? dice >= ends : dice < begins) : dice < network.loss;
    // The first is not delayed: it tells where the others should be.
    const double drawn = uniform(), delay = i == 0 ? 0 : drawn;
    // The first and the last arrive, so that the duration can be told.
    if (lost && i > 0 && i + 1 < packets) continue;
    const auto extra =
        std::chrono::duration_cast<std::chrono::milliseconds>(network.jitter * delay);
    arrivals.push_back({i, static_cast<int64_t>(i) * ptime + extra});
  }
  std::ranges::stable_sort(arrivals, {}, &Arrival::at);
  return arrivals;
}

}  // namespace gw::sound
