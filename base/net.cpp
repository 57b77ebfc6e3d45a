#include "base/net.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace gw {
namespace {

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return port;
}

std::span<const unsigned char> address_bytes(const SocketAddress& a) {
  if (a.v6()) return {reinterpret_cast<const sockaddr_in6*>(a.data())->sin6_addr.s6_addr, 16};
  return {reinterpret_cast<const unsigned char*>(
              &reinterpret_cast<const sockaddr_in*>(a.data())->sin_addr),
          4};
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) {
  // A dual-stack socket reports IPv4 peers as ::ffff:a.b.c.d; keep one form of each address.
  if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
      sockaddr_in four{};
      four.sin_family = AF_INET;
      four.sin_port = six->sin6_port;
      std::memcpy(&four.sin_addr, six->sin6_addr.s6_addr + 12, 4);
      std::memcpy(&storage_, &four, sizeof four);
      return;
    }
    std::memcpy(&storage_, six, sizeof *six);
    return;
  }
  if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
    std::memcpy(&storage_, address, sizeof(sockaddr_in));
  }
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text, uint16_t default_port) {
  std::string_view host = text;
  uint16_t port = default_port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest.front() != ':') return std::nullopt;
      const auto given = parse_port(rest.substr(1));
      if (!given) return std::nullopt;
      port = *given;
    }
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const size_t colon = text.find(':');
    host = text.substr(0, colon);
    const auto given = parse_port(text.substr(colon + 1));
    if (!given) return std::nullopt;
    port = *given;
  }
  const std::string name(host);
  sockaddr_in four{};
  if (::inet_pton(AF_INET, name.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&four), sizeof four);
  }
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET6, name.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&six), sizeof six);
  }
  return std::nullopt;
}

bool SocketAddress::loopback() const {
  if (empty()) return false;
  if (v6()) return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(data())->sin6_addr);
  return address_bytes(*this)[0] == 127;
}

bool SocketAddress::any() const {
  if (empty()) return false;
  return std::ranges::all_of(address_bytes(*this), [](unsigned char b) { return b == 0; });
}

uint16_t SocketAddress::port() const {
  // sin_port and sin6_port lie at the same place.
  return empty() ? 0 : ntohs(reinterpret_cast<const sockaddr_in*>(data())->sin_port);
}

void SocketAddress::set_port(uint16_t port) {
  reinterpret_cast<sockaddr_in*>(data())->sin_port = htons(port);
}

std::string SocketAddress::host() const {
  if (empty()) return "";
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(storage_.ss_family, address_bytes(*this).data(), text, sizeof text);
  return text;
}

std::string SocketAddress::to_string() const {
  if (empty()) return "";
  return (v6() ? "[" + host() + "]" : host()) + ":" + std::to_string(port());
}

bool SocketAddress::same_host(const SocketAddress& other) const {
  if (storage_.ss_family != other.storage_.ss_family || empty()) return false;
  return std::ranges::equal(address_bytes(*this), address_bytes(other));
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (empty() || other.empty()) return empty() == other.empty();
  return same_host(other) && port() == other.port();
}

size_t SocketAddress::hash() const {
  if (empty()) return 0;
  size_t h = 1469598103934665603ULL ^ port();
  for (const unsigned char byte : address_bytes(*this)) h = (h ^ byte) * 1099511628211ULL;
  return h;
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  AddressRange range;
  std::optional<unsigned> bits;
  std::string_view host = text;
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto given = parse_port(text.substr(slash + 1));
    if (!given) return std::nullopt;
    bits = *given;
    host = text.substr(0, slash);
  }
  const auto address = SocketAddress::parse(host);
  if (!address) return std::nullopt;
  const unsigned width = address->v6() ? 128 : 32;
  if (bits && (*bits > width || address->port() != 0)) return std::nullopt;
  range.base_ = *address;
  range.prefix_ = bits.value_or(width);
  range.port_ = address->port();
  return range;
}

bool AddressRange::contains(const SocketAddress& address) const {
  if (address.empty() || address.v6() != base_.v6()) return false;
  if (port_ != 0 && address.port() != port_) return false;
  const auto want = address_bytes(base_);
  const auto have = address_bytes(address);
  for (unsigned bit = 0; bit < prefix_; bit += 8) {
    const unsigned left = std::min(8u, prefix_ - bit);
    const unsigned char mask = static_cast<unsigned char>(0xff << (8 - left));
    if ((want[bit / 8] & mask) != (have[bit / 8] & mask)) return false;
  }
  return true;
}

SocketAddress peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return SocketAddress(reinterpret_cast<const sockaddr*>(&storage), size);
}

}  // namespace gw
