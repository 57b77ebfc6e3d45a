#include "sip/sofia_seam/handshake_gate.h"

#include <sys/socket.h>

#include <algorithm>

namespace gw::sip::seam {

bool HandshakeGate::begin(int fd, const SocketAddress& source, TimePoint now) {
  while (!oldest_first_.empty() && now - oldest_first_.front().begun > kLongest) shut_oldest();

  SocketAddress host = source;
  if (!host.empty()) host.set_port(0);
  // Full of strangers: start afresh rather than remember for an attacker.
  if (by_source_.size() >= kMaxSources && !by_source_.contains(host)) by_source_.clear();
  if (!by_source_[host].take(kPerSecond, kBurst, now)) return false;
  resumed(fd, now);
  return true;
}

void HandshakeGate::resumed(int fd, TimePoint now) {
  finished(fd);
  if (oldest_first_.size() >= kMaxUnfinished) shut_oldest();
  oldest_first_.push_back({fd, now});
  by_fd_[fd] = std::prev(oldest_first_.end());
}

void HandshakeGate::finished(int fd) {
  const auto found = by_fd_.find(fd);
  if (found == by_fd_.end()) return;
  oldest_first_.erase(found->second);
  by_fd_.erase(found);
}

void HandshakeGate::shut_oldest() {
  // Sofia owns the descriptor: it sees the hang-up and closes.
  const int fd = oldest_first_.front().fd;
  ::shutdown(fd, SHUT_RDWR);
  finished(fd);
}

}  // namespace gw::sip::seam
