#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "acs/http/streams.h"
#include "acs/http/url.h"
#include "base/clock.h"
#include "base/net.h"
#include "base/result.h"

namespace gw::acs::http {

// How a client reaches a host. Given by value: it lives as long as the attempt.
struct Dialling {
  Url url;
  std::shared_ptr<boost::asio::ssl::context> trust;
  std::function<bool(const SocketAddress&)> may_connect;
  TimePoint deadline;
};

// A TCP connection: each of the name's addresses in turn, until one answers.
boost::asio::awaitable<Result<PlainStream>> connect(boost::asio::any_io_executor executor,
                                                    Dialling dialling);

// TLS over it, as a client who knows whom it wants (RFC 9525). Unauthorized: the peer's certificate
// is not good for that name.
boost::asio::awaitable<Result<TlsStream>> secure(PlainStream stream, Dialling dialling);

}  // namespace gw::acs::http
