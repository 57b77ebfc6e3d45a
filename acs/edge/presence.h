#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "acs/edge/edge_events.h"

namespace gw::acs::edge {

// Which devices an identity has. The one piece of the edge that other threads read: signalling must
// know at once whether there is anybody to ring, because a caller whose user is away gets 480 and
// not a ringing tone that nobody hears. Asking the Asio thread and waiting for its answer would
// stall signalling; hence a mutex, held for a look-up only.
class Presence {
 public:
  void add(const std::string& identity, const DeviceId& device);
  void remove(const std::string& identity, const DeviceId& device);
  std::vector<DeviceId> devices(std::string_view identity) const;
  size_t count(std::string_view identity) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<DeviceId>> devices_;
};

}  // namespace gw::acs::edge
