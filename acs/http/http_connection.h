#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "acs/http/server_core.h"

namespace gw::acs::http {

// Serves an accepted socket until it has ended: requests one after the other, or one WebSocket.
// `tls` null = plain.
void serve_connection(std::shared_ptr<ServerCore> core, boost::asio::ip::tcp::socket socket,
                      std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace gw::acs::http
