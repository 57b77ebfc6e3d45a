#include "acs/http/websocket_connection.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "acs/http/websocket_channel.h"

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
namespace {

ChannelRules rules_of(const HttpConfig& config, const WebSocketRoute& route) {
  ChannelRules rules;
  rules.text = route.text;
  rules.max_message = route.max_message;
  rules.max_unsent = config.max_unsent;
  rules.handshake_timeout = config.request_timeout;
  rules.idle_timeout = route.idle_timeout;
  return rules;
}

// One WebSocket that a peer opened. Owned by its coroutine; Asio thread.
template <class Stream>
class SocketConnection final : public Connection {
 public:
  SocketConnection(std::shared_ptr<ServerCore> core, Stream stream, const WebSocketRoute& route)
      : core_(std::move(core)),
        channel_(std::make_shared<WebSocketChannel<Stream>>(
            std::move(stream), rules_of(core_->config, route), beast::role_type::server,
            [core = core_](std::string_view reason) { core->refused(reason); })) {
    core_->enter(this);
  }
  ~SocketConnection() override { core_->leave(this); }

  asio::awaitable<void> run(const BeastRequest& upgrade, const Request& request,
                            const WebSocketRoute& route) {
    if (!co_await accept(upgrade, route)) co_return;
    WebSocketHandler handler =
        route.accept(make_handle(core_->inbox, channel_, request.peer), request);
    co_await channel_->read(std::move(handler));
  }

  void shut_down() override {
    channel_->close(static_cast<uint16_t>(websocket::close_code::service_restart), "restart");
  }

 private:
  asio::awaitable<bool> accept(const BeastRequest& upgrade, const WebSocketRoute& route) {
    auto& ws = channel_->ws();
    ws.set_option(websocket::stream_base::decorator([&route](websocket::response_type& response) {
      response.set(beast::http::field::server, "acs-gateway");
      if (!route.protocol.empty()) {
        response.set(beast::http::field::sec_websocket_protocol, route.protocol);
      }
    }));
    error_code error;
    co_await ws.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
    core_->answered(error ? 400 : 101);
    if (error) core_->refused("handshake");
    co_return !error;
  }

  const std::shared_ptr<ServerCore> core_;
  const std::shared_ptr<WebSocketChannel<Stream>> channel_;
};

}  // namespace

template <class Stream>
asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore> core, Stream stream,
                                    BeastRequest upgrade, Request request,
                                    const WebSocketRoute& route) {
  SocketConnection<Stream> connection(std::move(core), std::move(stream), route);
  co_await connection.run(upgrade, request, route);
}

template asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore>, PlainStream, BeastRequest,
                                             Request, const WebSocketRoute&);
template asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore>, TlsStream, BeastRequest,
                                             Request, const WebSocketRoute&);

}  // namespace gw::acs::http
