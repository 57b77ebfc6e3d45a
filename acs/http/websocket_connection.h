#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "acs/http/server_core.h"
#include "acs/http/streams.h"

namespace gw::acs::http {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;

// Upgrades and then runs one WebSocket connection until it has ended. The route's checks have
// passed.
template <class Stream>
boost::asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore> core, Stream stream,
                                           BeastRequest upgrade, Request request,
                                           const WebSocketRoute& route);

extern template boost::asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore>, PlainStream,
                                                           BeastRequest, Request,
                                                           const WebSocketRoute&);
extern template boost::asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore>, TlsStream,
                                                           BeastRequest, Request,
                                                           const WebSocketRoute&);

}  // namespace gw::acs::http
