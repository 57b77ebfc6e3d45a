#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gw {

// An IPv4 or IPv6 address with a port, as the kernel wants it. A value; comparable, hashable.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);

  // "192.0.2.1", "192.0.2.1:5060", "2001:db8::1", "[2001:db8::1]:5060". Literals only: no name is
  // looked up.
  static std::optional<SocketAddress> parse(std::string_view text, uint16_t default_port = 0);

  bool empty() const { return storage_.ss_family == AF_UNSPEC; }
  bool v6() const { return storage_.ss_family == AF_INET6; }
  bool loopback() const;
  bool any() const;  // 0.0.0.0 or ::
  uint16_t port() const;
  void set_port(uint16_t port);
  std::string host() const;       // "192.0.2.1", "2001:db8::1"
  std::string to_string() const;  // "192.0.2.1:5060", "[2001:db8::1]:5060"

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  static constexpr socklen_t capacity() { return sizeof(sockaddr_in6); }

  bool same_host(const SocketAddress& other) const;
  bool operator==(const SocketAddress& other) const;
  size_t hash() const;

 private:
  struct Storage {
    alignas(8) sa_family_t ss_family;
    unsigned char rest[sizeof(sockaddr_in6) - sizeof(sa_family_t)];
  };
  Storage storage_{};
};

// "198.51.100.0/24", "2001:db8::/32", "203.0.113.9:5070" (that port only), "203.0.113.9" (any
// port).
class AddressRange {
 public:
  static std::optional<AddressRange> parse(std::string_view text);
  bool contains(const SocketAddress& address) const;

  const SocketAddress& base() const { return base_; }
  unsigned prefix() const { return prefix_; }
  uint16_t port() const { return port_; }  // 0 = any.

 private:
  SocketAddress base_;
  unsigned prefix_ = 0;
  uint16_t port_ = 0;  // 0 = any.
};

SocketAddress peer_of(int fd);  // Of a connected socket; empty when it is none.

}  // namespace gw

template <>
struct std::hash<gw::SocketAddress> {
  size_t operator()(const gw::SocketAddress& a) const noexcept { return a.hash(); }
};
