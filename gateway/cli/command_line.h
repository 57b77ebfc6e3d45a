#pragma once

#include <string>
#include <vector>

namespace gw::cli {

// Exit codes of every subcommand.
enum Exit { kDone = 0, kBadConfiguration = 1, kBadUsage = 2, kRefused = 3, kNotReachable = 4 };

// What every subcommand takes.
struct Common {
  std::string path;                    // -c: a folder or one file.
  std::vector<std::string> overrides;  // --set key=value
  bool json = false;
};

// acs-gateway SUBCOMMAND -c CONF ...
int main(int argc, char** argv);

}  // namespace gw::cli
