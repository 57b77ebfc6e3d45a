#include "acs/edge/presence.h"

namespace gw::acs::edge {

void Presence::add(const std::string& identity, const DeviceId& device) {
  const std::lock_guard lock(mutex_);
  devices_[identity].push_back(device);
}

void Presence::remove(const std::string& identity, const DeviceId& device) {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(identity);
  if (found == devices_.end()) return;
  std::erase(found->second, device);
  if (found->second.empty()) devices_.erase(found);
}

std::vector<DeviceId> Presence::devices(std::string_view identity) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(std::string(identity));
  return found == devices_.end() ? std::vector<DeviceId>() : found->second;
}

size_t Presence::count(std::string_view identity) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(std::string(identity));
  return found == devices_.end() ? 0 : found->second.size();
}

}  // namespace gw::acs::edge
