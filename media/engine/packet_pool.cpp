#include "media/engine/packet_pool.h"

namespace gw::media {

PacketPool::PacketPool(size_t packets) : packets_(new Packet[packets]) {
  free_.reserve(packets);
  for (size_t i = packets; i > 0; --i) free_.push_back(&packets_[i - 1]);
}

PacketPtr PacketPool::take() {
  if (free_.empty()) return PacketPtr(nullptr, PacketReturn{this});
  Packet* packet = free_.back();
  free_.pop_back();
  packet->clear();
  return PacketPtr(packet, PacketReturn{this});
}

}  // namespace gw::media
