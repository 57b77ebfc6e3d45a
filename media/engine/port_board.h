#pragma once

#include <atomic>
#include <cstdint>

#include "media/engine/media_engine.h"

namespace gw::media {

// A port's figures as its worker last wrote them (about once a second); the signalling thread
// reads. Each figure is whole, the set may be of two moments: good enough to look at.
class PortBoard {
 public:
  void write(const PortStats& stats, std::optional<Codec> codec, std::string_view srtp);
  PortStats read() const;

 private:
  std::atomic<int> codec_{-1};
  std::atomic<const char*> srtp_{""};  // A literal of wire::to_string(SrtpSuite).
  std::atomic<uint64_t> packets_in_{0}, packets_out_{0}, packets_lost_{0};
  std::atomic<uint64_t> octets_in_{0}, octets_out_{0}, discarded_{0};
  std::atomic<bool> speaks_{false};
  std::atomic<double> jitter_ms_{0}, round_trip_ms_{0}, mos_{0};
  std::atomic<double> loss_{0}, burst_loss_{0}, gap_loss_{0}, burst_ms_{0}, gap_ms_{0};
  std::atomic<double> concealed_ms_{0}, remote_loss_{0}, remote_mos_{0};
};

}  // namespace gw::media
