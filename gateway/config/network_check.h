#pragma once

#include <string>
#include <vector>

#include "gateway/config/config.h"

namespace gw::config {

struct NetworkProblem {
  std::string key, text;
  bool warning = false;
};

// Whether what names a [[network]] (listeners, trunks, the edge) and the networks there are fit
// together.
std::vector<NetworkProblem> check_networks(const Config& config);

}  // namespace gw::config
