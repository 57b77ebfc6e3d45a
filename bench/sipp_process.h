#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/net.h"
#include "base/result.h"

namespace gw::bench {

// One sipp (Debian's sip-tester) that plays a scenario of bench/sipp from a loopback port of its
// own. It has a folder for what it writes, and both go when this goes. One thread.
class SippProcess {
 public:
  struct Options {
    std::string scenario;             // "call", "answer"
    std::optional<SocketAddress> to;  // Whom it calls; none = it is called.
    uint64_t calls = 1;
    unsigned per_second = 10;
    unsigned hold_ms = 0;  // Of a pause in the scenario.
  };
  struct Outcome {
    uint64_t successful = 0, failed = 0, retransmitted = 0;
    std::vector<double> setup_ms;  // Of a sample of the calls.
  };

  static Result<SippProcess> start(const SocketAddress& own, const Options& options);
  SippProcess(SippProcess&& other) noexcept;
  SippProcess& operator=(SippProcess&&) = delete;
  ~SippProcess();

  bool ended();
  Outcome outcome() const;  // Once it ended.
  std::string errors() const;

 private:
  SippProcess(std::string folder, pid_t pid) : folder_(std::move(folder)), pid_(pid) {}

  std::string folder_;
  pid_t pid_ = -1;
};

// A UDP port of loopback that nobody has now.
SocketAddress free_port();

}  // namespace gw::bench
