#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/config/config.h"

namespace gw::ops {

// File descriptors of this process, as they are after raise_descriptors(): the soft limit is what
// login shells and old scripts need, and too few of them end calls that there is room for.
struct Descriptors {
  uint64_t before = 0;
  uint64_t now = 0;
};
Descriptors raise_descriptors();

// What a configuration asks for and this machine cannot give: sentences for the operator, each with
// the key that is to be changed. Pure.
std::vector<std::string> shortfalls(const config::Config& config, uint64_t descriptors);

}  // namespace gw::ops
