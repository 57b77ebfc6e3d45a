#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/net.h"

namespace gw::bench {

// A TCP connection on loopback; -1 = refused. The caller closes it.
int connect_tcp(const SocketAddress& server);
bool write_all(int fd, std::string_view bytes);

// One HTTP/1.1 request on a connection of its own; the body of a 200, else nothing. Blocks.
std::optional<std::string> http_exchange(const SocketAddress& server, std::string_view method,
                                         std::string_view path, std::string_view body);

}  // namespace gw::bench
