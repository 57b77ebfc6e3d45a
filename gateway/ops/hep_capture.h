#pragma once

#include <memory>

#include "base/metrics.h"
#include "base/result.h"
#include "gateway/config/config.h"
#include "sip/sip_agent.h"

namespace gw::ops {

// Sends what SIP is spoken to a Homer collector, as HEP3 over UDP. What the kernel does not take at
// once is lost, and counted: signalling never waits for it. Opened on any thread, used on one.
class HepCapture {
 public:
  // Looks the collector's name up: not for a loop's thread.
  static Result<std::shared_ptr<HepCapture>> open(const config::Config::Hep& config,
                                                  Metrics& metrics);
  ~HepCapture();
  HepCapture(const HepCapture&) = delete;
  HepCapture& operator=(const HepCapture&) = delete;

  void take(const sip::CapturedMessage& message, WallTime now);

 private:
  HepCapture(int socket, const config::Config::Hep& config, Metrics& metrics);

  const int socket_;
  const uint32_t capture_id_;
  const std::string key_;
  Counter& sent_;
  Counter& lost_;
};

}  // namespace gw::ops
