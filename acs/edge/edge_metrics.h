#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace gw::acs::edge {

// The edge's counters, looked up once. Asio thread.
class EdgeMetrics {
 public:
  explicit EdgeMetrics(Metrics& metrics)
      : attached(metrics.gauge("gw_edge_sessions", "Users' devices", {{"state", "connected"}})),
        detached(metrics.gauge("gw_edge_sessions", "Users' devices", {{"state", "away"}})),
        frames(metrics.counter("gw_edge_frames_total", "Frames that users sent")),
        replayed(metrics.counter("gw_edge_resumes_total", "Sessions resumed", {{"how", "replay"}})),
        snapshots(
            metrics.counter("gw_edge_resumes_total", "Sessions resumed", {{"how", "snapshot"}})),
        registered(metrics.counter("gw_edge_registrations_total", "Devices registered anew")),
        metrics_(metrics) {}

  void refused(std::string_view reason) {
    auto found = refusals_.find(reason);
    if (found == refusals_.end()) {
      Counter& counter = metrics_.counter("gw_edge_refused_total", "Edge input refused, by reason",
                                          {{"reason", std::string(reason)}});
      found = refusals_.emplace(reason, &counter).first;
    }
    found->second->Increment();
  }

  Gauge& attached;
  Gauge& detached;
  Counter& frames;
  Counter& replayed;
  Counter& snapshots;
  Counter& registered;

 private:
  Metrics& metrics_;
  std::map<std::string, Counter*, std::less<>> refusals_;
};

}  // namespace gw::acs::edge
