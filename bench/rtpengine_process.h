#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/net.h"
#include "base/result.h"

namespace gw::bench {

// A value of rtpengine's control protocol: bencoding of texts, lists of texts and dictionaries.
using NgValue = std::variant<std::string, std::vector<std::string>>;
using NgRequest = std::map<std::string, NgValue>;

// Debian's rtpengine on loopback, as a process of ours: userspace, one worker thread, one core.
// Never a service. One thread.
class RtpengineProcess {
 public:
  static Result<RtpengineProcess> start(const std::string& binary, size_t calls);
  RtpengineProcess(RtpengineProcess&& other) noexcept;
  RtpengineProcess& operator=(RtpengineProcess&&) = delete;
  ~RtpengineProcess();

  // One command and its answer's "sdp" ("" when it has none); an error when it was refused. Blocks
  // for a second at most.
  Result<std::string> ask(const NgRequest& request);

  pid_t pid() const { return pid_; }

 private:
  RtpengineProcess() = default;
  bool spawn(const std::string& binary, size_t calls);

  pid_t pid_ = -1;
  int control_ = -1;
  SocketAddress server_;
  unsigned cookie_ = 0;
};

}  // namespace gw::bench
