// Around Sofia's tport_tcp_init_secondary() and su_close(): where TCP and TLS connections begin and
// end.
#include <dlfcn.h>
#include <sofia-sip/su.h>
#include <sofia-sip/tport.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "sip/sofia_seam/connection_gate.h"
#include "sip/sofia_seam/sofia_seam.h"

namespace gw::sip {
namespace {

std::atomic<uint64_t> refused{0};

// Half of what the process may open: the rest is for UDP, media, files and the edge. One source
// gets an eighth of that; with the 65,536 of our service unit those are 32,768 and 4,096, a large
// office behind one address.
seam::ConnectionGate make_gate() {
  rlimit limit{1024, 1024};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const size_t descriptors = std::clamp<rlim_t>(limit.rlim_cur, 256, 1 << 20);
  return {descriptors / 2, descriptors / 16};
}

thread_local seam::ConnectionGate gate = make_gate();
thread_local std::function<bool(const SocketAddress&)> unwanted;

bool admit(int fd) {
  const SocketAddress peer = peer_of(fd);
  return !(unwanted && !peer.empty() && unwanted(peer)) && gate.admit(fd, peer);
}

}  // namespace

bool seam::was_turned_away(int fd) {
  return !gate.knows(fd);
}

void turn_away(std::function<bool(const SocketAddress&)> whom) {
  unwanted = std::move(whom);
}

uint64_t refused_connections() {
  return refused.load(std::memory_order_relaxed);
}

}  // namespace gw::sip

extern "C" {

int tport_tcp_init_secondary(tport_t* self, int fd, int accepted, char const** reason) {
  using Init = int (*)(tport_t*, int, int, char const**);
  static const auto real = reinterpret_cast<Init>(::dlsym(RTLD_NEXT, "tport_tcp_init_secondary"));
  if (accepted && !gw::sip::admit(fd)) {
    gw::sip::refused.fetch_add(1, std::memory_order_relaxed);
    // A failure here would make Sofia forget the descriptor: it closes when it hears of the
    // hang-up.
    ::shutdown(fd, SHUT_RDWR);
  }
  return real(self, fd, accepted, reason);
}

int su_close(su_socket_t fd) {
  using Close = int (*)(su_socket_t);
  static const auto real = reinterpret_cast<Close>(::dlsym(RTLD_NEXT, "su_close"));
  gw::sip::gate.closed(fd);
  return real(fd);
}

}  // extern "C"
