#include <cstdio>
#include <exception>

#include "gateway/cli/command_line.h"

// Read by jemalloc as it starts. Two arenas: our threads allocate when a call is set up, not while
// it talks, and every arena keeps its own half-filled pages. What a handshake needed for a second
// goes back to the kernel after another.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:true";
}

// Exceptions end here: libraries that throw at start-up are wrapped nearer to their edge where a
// better message is possible.
int main(int argc, char** argv) {
  try {
    return gw::cli::main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "acs-gateway: %s\n", e.what());
    return 1;
  }
}
