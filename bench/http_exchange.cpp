#include "bench/http_exchange.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

namespace gw::bench {
namespace {

constexpr timeval kPatience{10, 0};

std::string all_of(int fd) {
  std::string text;
  std::array<char, 16384> part;
  for (ssize_t n = 0; (n = ::recv(fd, part.data(), part.size(), 0)) > 0;) {
    text.append(part.data(), static_cast<size_t>(n));
  }
  return text;
}

// RFC 9112 7.1, without trailers.
std::string unchunked(std::string_view in) {
  std::string out;
  while (!in.empty()) {
    const size_t size = std::strtoul(std::string(in.substr(0, 10)).c_str(), nullptr, 16);
    const size_t line = in.find("\r\n");
    if (size == 0 || line == std::string_view::npos || line + 2 + size > in.size()) break;
    out += in.substr(line + 2, size);
    in.remove_prefix(std::min(line + 2 + size + 2, in.size()));
  }
  return out;
}

}  // namespace

int connect_tcp(const SocketAddress& server) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (::connect(fd, server.data(), server.size()) == 0) return fd;
  ::close(fd);
  return -1;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::optional<std::string> http_exchange(const SocketAddress& server, std::string_view method,
                                         std::string_view path, std::string_view body) {
  const int fd = connect_tcp(server);
  if (fd < 0) return std::nullopt;
  std::string request(method);
  request.append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(server.to_string());
  request.append("\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  const std::string answer = write_all(fd, request) ? all_of(fd) : std::string();
  ::close(fd);

  const size_t end = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 200") || end == std::string::npos) return std::nullopt;
  std::string header = answer.substr(0, end);
  std::ranges::transform(header, header.begin(), [](unsigned char c) { return std::tolower(c); });
  std::string content = answer.substr(end + 4);
  const bool chunked = header.find("transfer-encoding: chunked") != std::string::npos;
  return chunked ? unchunked(content) : content;
}

}  // namespace gw::bench
