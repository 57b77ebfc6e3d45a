#include "media/engine/send_batch.h"

#include <algorithm>

#include "media/engine/udp_socket.h"

namespace gw::media {

SendBatch::SendBatch() : slots_(std::make_unique<std::array<Slot, kMost>>()) {}

void SendBatch::add(int fd, std::span<const std::byte> datagram, const SocketAddress& to,
                    MediaCounters* counters) {
  if (size_ == kMost) flush();
  Slot& slot = (*slots_)[size_];
  if (datagram.size() >
      slot.bytes.size()) {  // A large DTLS flight of ours: in its place all the same.
    flush();
    return send_datagram(fd, datagram, to, counters);
  }
  slot.fd = fd;
  slot.counters = counters;
  slot.to = to;
  slot.size = datagram.size();
  std::ranges::copy(datagram, slot.bytes.begin());
  ++size_;
}

void SendBatch::flush() {
  for (size_t i = 0; i < size_; ++i) {
    if ((*slots_)[i].fd >= 0) send_all_of((*slots_)[i].fd, i);
  }
  size_ = 0;
}

void SendBatch::send_all_of(int fd, size_t first) {
  std::array<mmsghdr, kMost> headers;
  std::array<iovec, kMost> vectors;
  std::array<MediaCounters*, kMost> counters;
  unsigned count = 0;
  for (size_t i = first; i < size_; ++i) {
    Slot& slot = (*slots_)[i];
    if (slot.fd != fd) continue;
    slot.fd = -1;
    vectors[count] = {slot.bytes.data(), slot.size};
    headers[count] = {};
    headers[count].msg_hdr.msg_name = slot.to.data();
    headers[count].msg_hdr.msg_namelen = slot.to.size();
    headers[count].msg_hdr.msg_iov = &vectors[count];
    headers[count].msg_hdr.msg_iovlen = 1;
    counters[count++] = slot.counters;
  }
  for (unsigned at = 0; at < count;) {
    const int sent = ::sendmmsg(fd, headers.data() + at, count - at, MSG_DONTWAIT | MSG_NOSIGNAL);
    // What the kernel will not take now is lost, as on any network; the rest is another peer's.
    const unsigned taken = sent > 0 ? static_cast<unsigned>(sent) : 0;
    for (unsigned i = at; i < at + taken; ++i) {
      if (counters[i] == nullptr) continue;
      counters[i]->packets_out.add();
      counters[i]->octets_out.add(headers[i].msg_len);
    }
    at += taken;
    if (at == count) return;
    if (counters[at] != nullptr) counters[at]->send_failed.add();
    ++at;
  }
}

}  // namespace gw::media
