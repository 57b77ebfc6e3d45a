#include "sip/listeners.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/tport.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "sip/sip_view.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr int kPortAttempts = 20;  // A free port for UDP may be taken for TCP.
// Longer than any registration: a phone is reached by its connection.
constexpr unsigned kKnownIdleMs = 4'000'000;
// A request that trickles in for longer is an attack.
constexpr unsigned kUnfinishedMessageMs = 10'000;
// Connections that wait to be accepted, the most that Sofia takes: of a crowd that comes back at
// once the others try again after 1, 3, 7 s.
constexpr unsigned kBacklog = 1'000;
constexpr unsigned kMessagesWaiting = 64;  // For a peer that reads too slowly.
constexpr unsigned kReceiveBuffer = 4
                                    << 20;  // A burst of 6,000 requests; the kernel may grant less.

class Socket {
 public:
  Socket(int family, int type) : fd_(::socket(family, type | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool bind(const SocketAddress& address) {
    const int one = 1;
    if (fd_ < 0) return false;
    if (address.v6()) ::setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    return ::bind(fd_, address.data(), address.size()) == 0;
  }
  bool connect(const SocketAddress& address) {
    return fd_ >= 0 && ::connect(fd_, address.data(), address.size()) == 0;
  }
  SocketAddress local() const {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
    return SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size);
  }

 private:
  const int fd_;
};

// Sofia has one figure for both: it listened with the first, connections inherit the second.
void limit_messages_waiting(nta_agent_t& agent, const std::string& ident) {
  for (tport_t* t = tport_primaries(nta_agent_tports(&agent)); t; t = tport_next(t)) {
    const char* name = tport_name(t)->tpn_ident;
    if (name && ident == name) tport_set_params(t, TPTAG_QUEUESIZE(kMessagesWaiting), TAG_END());
  }
}

// A port that is free for UDP and for TCP on this host.
uint16_t free_port(SocketAddress host) {
  for (int n = 0; n < kPortAttempts; ++n) {
    host.set_port(0);
    Socket udp(host.data()->sa_family, SOCK_DGRAM);
    if (!udp.bind(host)) return 0;
    host.set_port(udp.local().port());
    Socket tcp(host.data()->sa_family, SOCK_STREAM);
    if (tcp.bind(host)) return host.port();
  }
  return 0;
}

// The local address that the kernel would use towards a peer; connecting a UDP socket sends
// nothing.
std::string local_host_towards(const SocketAddress& peer) {
  Socket socket(peer.data()->sa_family, SOCK_DGRAM);
  if (!socket.connect(peer)) return {};
  return socket.local().host();
}

std::vector<std::string> interface_hosts() {
  std::vector<std::string> hosts;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return hosts;
  for (const ifaddrs* i = first; i; i = i->ifa_next) {
    if (!i->ifa_addr) continue;
    if (i->ifa_addr->sa_family == AF_INET)
      hosts.push_back(SocketAddress(i->ifa_addr, sizeof(sockaddr_in)).host());
    if (i->ifa_addr->sa_family == AF_INET6)
      hosts.push_back(SocketAddress(i->ifa_addr, sizeof(sockaddr_in6)).host());
  }
  ::freeifaddrs(first);
  return hosts;
}

}  // namespace

Result<void> Listeners::open(nta_agent_t& agent, const SipConfig& config,
                             const std::string& tls_identity) {
  listeners_.reserve(config.listen.size());
  for (const ListenAddress& address : config.listen) {
    Listener listener{.bound = address,
                      .ident = "l" + std::to_string(listeners_.size()),
                      .host = address.advertise};
    if (listener.host.empty() && address.network.empty()) listener.host = config.advertise;
    if (address.address.port() == 0) {
      for (const Listener& other : listeners_) {
        const bool pair =
            (other.bound.transport == Transport::Udp && address.transport == Transport::Tcp) ||
            (other.bound.transport == Transport::Tcp && address.transport == Transport::Udp);
        if (pair && other.bound.address.same_host(address.address)) {
          listener.bound.address.set_port(other.bound.address.port());
        }
      }
    }
    if (listener.host.empty() && !address.address.any()) listener.host = address.address.host();
    if (auto bound = bind(agent, listener, config, tls_identity); !bound) return bound;
    if (address.address.any()) own_hosts_ = interface_hosts();
    listeners_.push_back(std::move(listener));
  }
  for (const Listener& listener : listeners_) {
    own_hosts_.push_back(lower_case(listener.host));
    own_hosts_.push_back(listener.bound.address.host());
  }
  return {};
}

Result<void> Listeners::bind(nta_agent_t& agent, Listener& listener, const SipConfig& config,
                             const std::string& tls_identity) {
  const bool any_port = listener.bound.address.port() == 0;
  int error = 0;
  for (int n = 0; n < (any_port ? kPortAttempts : 1); ++n) {
    SocketAddress& address = listener.bound.address;
    if (any_port) address.set_port(free_port(address));
    // Via shows this host. On a wildcard the address towards the outside does: answers come back to
    // where we sent from anyway (received, rport).
    std::string shown = listener.host;
    if (shown.empty()) {
      const auto outside = SocketAddress::parse(address.v6() ? "2001:db8::1" : "192.0.2.1", 9);
      shown = local_host_towards(*outside);
    }
    if (shown.empty()) shown = address.v6() ? "::1" : "127.0.0.1";
    const bool tls = listener.bound.transport == Transport::Tls;
    const bool accepts = listener.bound.transport != Transport::Udp;
    const std::string url = std::string(tls ? "sips:" : "sip:") + bracketed(shown) + ":" +
                            std::to_string(address.port()) +
                            ";transport=" + std::string(to_string(listener.bound.transport)) +
                            ";maddr=" + bracketed(address.host());
    errno = 0;
    const int bound = nta_agent_add_tport(
        &agent, URL_STRING_MAKE(url.c_str()), TPTAG_IDENT(listener.ident.c_str()),
        TPTAG_IDLE(static_cast<unsigned>(to_ms(config.stranger_idle))),
        TPTAG_TIMEOUT(kUnfinishedMessageMs), TPTAG_UDP_RMEM(kReceiveBuffer), TPTAG_PONG2PING(1),
        TAG_IF(accepts, TPTAG_QUEUESIZE(kBacklog)),
        TAG_IF(tls, TPTAG_CERTIFICATE(tls_identity.c_str())), TAG_END());
    if (bound == 0) {
      if (accepts) limit_messages_waiting(agent, listener.ident);
      return {};
    }
    error = errno;
  }
  return fail(ErrorCode::Io, "cannot listen on " +
                                 std::string(to_string(listener.bound.transport)) + ":" +
                                 listener.bound.address.to_string() + ": " +
                                 (error ? std::strerror(error) : "refused by the transport"));
}

const Listener* Listeners::towards(Transport transport, const SocketAddress& peer,
                                   std::string_view network) const {
  const Listener* best = nullptr;
  int best_fit = -1;
  for (const Listener& listener : listeners_) {
    const ListenAddress& bound = listener.bound;
    if (bound.transport != transport || bound.address.v6() != peer.v6()) continue;
    if (!network.empty() && bound.network != network) continue;
    const bool reaches = bound.address.any() || bound.address.loopback() == peer.loopback();
    const int fit = (bound.network == network ? 2 : 0) + (reaches ? 1 : 0);
    if (fit > best_fit) {
      best = &listener;
      best_fit = fit;
    }
  }
  return best;
}

const Listener* Listeners::of(nta_agent_t& agent, msg_t& message) const {
  const tport_t* transport = tport_delivered_by(nta_agent_tports(&agent), &message);
  const tport_t* primary = tport_parent(transport);
  if (!primary) return nullptr;
  const char* ident = tport_name(primary)->tpn_ident;
  for (const Listener& listener : listeners_) {
    if (ident && listener.ident == ident) return &listener;
  }
  return nullptr;
}

std::string Listeners::host(const Listener& listener, const SocketAddress& peer) const {
  if (!listener.host.empty()) return listener.host;
  const std::string local = local_host_towards(peer);
  return local.empty() ? listener.bound.address.host() : local;
}

std::string Listeners::contact(const Listener& listener, std::string_view user,
                               const SocketAddress& peer, std::string_view own_host) const {
  std::string contact = "<sip:";
  if (!user.empty()) contact += escaped_user(user) + "@";
  contact += bracketed(own_host.empty() ? host(listener, peer) : std::string(own_host)) + ":" +
             std::to_string(listener.bound.address.port());
  if (listener.bound.transport != Transport::Udp) {
    contact += ";transport=" + std::string(to_string(listener.bound.transport));
  }
  return contact + ">";
}

bool Listeners::is_own_host(std::string_view host) const {
  return std::find(own_hosts_.begin(), own_hosts_.end(), host) != own_hosts_.end();
}

void keep_connection(nta_agent_t& agent, msg_t& message) {
  tport_t* transport = tport_delivered_by(nta_agent_tports(&agent), &message);
  if (transport && tport_is_secondary(transport))
    tport_set_params(transport, TPTAG_IDLE(kKnownIdleMs), TAG_END());
}

void keep_connection(const nta_outgoing_t* transaction) {
  tport_t* transport = nta_outgoing_transport(const_cast<nta_outgoing_t*>(transaction));
  if (transport && tport_is_secondary(transport))
    tport_set_params(transport, TPTAG_IDLE(kKnownIdleMs), TAG_END());
}

SocketAddress source_of(msg_t& message) {
  const su_sockaddr_t* from = msg_addr(&message);
  if (!from || (from->su_family != AF_INET && from->su_family != AF_INET6)) return {};
  return SocketAddress(&from->su_sa,
                       from->su_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
}

bool came_from_peer(const nta_outgoing_t* transaction) {
  if (!transaction) return false;
  const MsgPtr response(nta_outgoing_getresponse(const_cast<nta_outgoing_t*>(transaction)));
  return response && !source_of(*response).empty();
}

std::string route_of(const NextHop& hop) {
  const std::string literal = bracketed(hop.address.host());
  const bool named = !hop.host.empty() && !SocketAddress::parse(hop.host);
  std::string route = std::string(hop.transport == Transport::Tls ? "sips:" : "sip:");
  route += named ? header_text(hop.host) : literal;
  route += ":" + std::to_string(hop.address.port()) +
           ";transport=" + std::string(to_string(hop.transport));
  if (named) route += ";maddr=" + literal;
  return route;
}

}  // namespace gw::sip
