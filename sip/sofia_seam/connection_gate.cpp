#include "sip/sofia_seam/connection_gate.h"

namespace gw::sip::seam {

bool ConnectionGate::admit(int fd, const SocketAddress& source) {
  closed(fd);
  SocketAddress host = source;
  if (!host.empty()) host.set_port(0);
  if (source_of_.size() >= most_) return false;
  if (const auto of_host = of_source_.find(host);
      of_host != of_source_.end() && of_host->second >= most_of_one_) {
    return false;
  }
  source_of_.emplace(fd, host);
  ++of_source_[host];
  return true;
}

void ConnectionGate::closed(int fd) {
  const auto found = source_of_.find(fd);
  if (found == source_of_.end()) return;
  const auto of_host = of_source_.find(found->second);
  if (--of_host->second == 0) of_source_.erase(of_host);
  source_of_.erase(found);
}

}  // namespace gw::sip::seam
