#include <cstdio>
#include <exception>

#include "gateway/cli/command_line.h"

// Exceptions end here: libraries that throw at start-up are wrapped nearer to their edge where a better message is possible.
int main(int argc, char** argv) {
  try {
    return gw::cli::main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "acs-gateway: %s\n", e.what());
    return 1;
  }
}
