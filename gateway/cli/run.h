#pragma once

#include "gateway/cli/command_line.h"

namespace gw::cli {

int run(const Common& common, const std::string& log_level);

}  // namespace gw::cli
