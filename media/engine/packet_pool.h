#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/transport/packet.h"

namespace gw::media {

class PacketPool;

struct PacketReturn {
  PacketPool* pool = nullptr;
  void operator()(Packet* packet) const;
};
using PacketPtr = std::unique_ptr<Packet, PacketReturn>;

// A worker's packets, made once. Owned by the MediaWorker; one thread. The last packet returned is
// the next one taken, so that a few packets stay in the cache whatever the size of the pool.
class PacketPool {
 public:
  explicit PacketPool(size_t packets);
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  // Empty, with an unset size and sender; null when all are in use. Packet path.
  PacketPtr take();
  size_t available() const { return free_.size(); }

 private:
  friend struct PacketReturn;

  std::unique_ptr<Packet[]> packets_;
  std::vector<Packet*> free_;  // Never grows beyond what it was made for.
};

inline void PacketReturn::operator()(Packet* packet) const {
  pool->free_.push_back(packet);
}

}  // namespace gw::media
