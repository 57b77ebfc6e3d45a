#pragma once

#include <cstddef>
#include <unordered_map>

#include "base/net.h"

namespace gw::sip::seam {

// How many TCP and TLS connections are open to us, of each source and in all. Without a bound one
// stranger could take every descriptor, and Sofia would spin on accept(). One per thread that runs
// Sofia.
class ConnectionGate {
 public:
  ConnectionGate(size_t most, size_t most_of_one) : most_(most), most_of_one_(most_of_one) {}

  // False: too many, hang up on it.
  bool admit(int fd, const SocketAddress& source);
  void closed(int fd);  // Unknown ones are ignored.

  bool knows(int fd) const { return source_of_.contains(fd); }
  size_t open() const { return source_of_.size(); }

 private:
  const size_t most_, most_of_one_;
  std::unordered_map<int, SocketAddress> source_of_;  // Port 0.
  std::unordered_map<SocketAddress, size_t> of_source_;
};

// Was this connection of the present thread, just accepted, hung up on?
bool was_turned_away(int fd);

}  // namespace gw::sip::seam
