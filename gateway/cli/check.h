#pragma once

#include "gateway/cli/command_line.h"

namespace gw::cli {

// Every problem of the configuration as "file:line: key: what is wrong and what would be right".
// Exit 0, or 1 with problems; warnings alone are no problem. Touches nothing but the files it
// reads.
int check(const Common& common);

}  // namespace gw::cli
