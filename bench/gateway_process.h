#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/net.h"
#include "base/result.h"
#include "bench/cores.h"
#include "tests/unit/support/port_slice.h"

namespace gw::bench {

// The daemon under measurement: a process of its own with a configuration, a state and ports of its
// own, which all go when it goes. It has one media worker, one trunk (us) and users u0, u1, ...,
// each with a number that the trunk may call. One thread.
class GatewayProcess {
 public:
  struct Options {
    std::string binary;
    size_t users = 0;
    SocketAddress trunk;                       // Where we speak SIP.
    std::string route_media;                   // "opus" or "g711"
    int complexity = 5;                        // [media.opus]
    std::optional<SocketAddress> far_trunk{};  // Numbers "+1206*" of the trunk go there.
    size_t calls = 0;                          // At most at once; 0 = one a user.
  };

  static Result<GatewayProcess> start(const Options& options);
  GatewayProcess(GatewayProcess&& other) noexcept;
  GatewayProcess& operator=(GatewayProcess&&) = delete;
  ~GatewayProcess();

  const SocketAddress& sip() const { return sip_; }
  const SocketAddress& local() const { return local_; }  // Plain HTTP and WebSocket.
  static std::string user(size_t index) { return "u" + std::to_string(index); }
  static std::string number(size_t index) { return "+1425" + std::to_string(2000000 + index); }

  uint64_t cpu_ns() const;  // All its threads, so far.
  uint64_t rss_kb() const;
  size_t descriptors() const;
  // Without those with other labels than the worker's; empty = no answer.
  std::map<std::string, double> metrics() const;
  std::string log_tail() const;

 private:
  GatewayProcess(std::string folder, test::PortSlice ports)
      : folder_(std::move(folder)), ports_(std::move(ports)) {}
  bool write_configuration(const Options& options) const;
  bool spawn(const std::string& binary);
  Result<void> wait_until_ready();

  std::string folder_;
  test::PortSlice ports_;  // Of its phones.
  pid_t pid_ = -1;
  int out_ = -1;
  SocketAddress sip_, local_, admin_;
};

}  // namespace gw::bench
