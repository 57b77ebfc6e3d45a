#include "acs/http/websocket_connection.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <optional>

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
namespace {

constexpr auto kCloseTime =
    std::chrono::seconds(5);  // For the peer to read what is queued and to answer our close.
constexpr size_t kKeptBuffer =
    4096;  // A socket that once had a large message does not keep its memory.

// The connection as the rest of the program may use it, without Beast.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void send(std::string message) = 0;
  virtual void close(uint16_t code, std::string reason) = 0;
};

// What handlers hold. It never keeps the connection, nor its io_context, alive.
class Handle final : public WebSocket {
 public:
  Handle(std::shared_ptr<Inbox> inbox, std::weak_ptr<Endpoint> endpoint, SocketAddress peer)
      : inbox_(std::move(inbox)), endpoint_(std::move(endpoint)), peer_(peer) {}

  void send(std::string message) override {
    inbox_->run([endpoint = endpoint_, message = std::move(message)]() mutable {
      if (const auto e = endpoint.lock()) e->send(std::move(message));
    });
  }
  void close(uint16_t code, std::string reason) override {
    inbox_->run([endpoint = endpoint_, code, reason = std::move(reason)]() mutable {
      if (const auto e = endpoint.lock()) e->close(code, std::move(reason));
    });
  }
  const SocketAddress& peer() const override { return peer_; }

 private:
  const std::shared_ptr<Inbox> inbox_;
  const std::weak_ptr<Endpoint> endpoint_;
  const SocketAddress peer_;
};

// One WebSocket connection: a coroutine reads, a queue writes. Owned by its coroutine; Asio thread.
template <class Stream>
class SocketConnection final : public Connection,
                               public Endpoint,
                               public std::enable_shared_from_this<SocketConnection<Stream>> {
 public:
  SocketConnection(std::shared_ptr<ServerCore> core, Stream stream)
      : core_(std::move(core)), ws_(std::move(stream)), close_timer_(ws_.get_executor()) {
    core_->enter(this);
  }
  ~SocketConnection() override { core_->leave(this); }

  asio::awaitable<void> run(const BeastRequest& upgrade, const Request& request,
                            const WebSocketRoute& route) {
    if (!co_await accept(upgrade, route)) co_return;
    const auto self = this->shared_from_this();
    handler_ = route.accept(std::make_shared<Handle>(core_->inbox, self, request.peer), request);
    co_await read();
    close_timer_.cancel();
    abort();
    if (handler_.on_close) handler_.on_close();
    handler_ = {};
  }

  void send(std::string message) override {
    if (closing_ || broken_) return;
    queued_ += message.size();
    if (queued_ > core_->config.max_unsent) {
      // It asked for more than it reads. No close frame: that would wait behind the queue.
      core_->refused("slow_reader");
      return abort();
    }
    queue_.push_back(std::move(message));
    if (!writing_) write_next();
  }

  void close(uint16_t code, std::string reason) override {
    if (closing_ || broken_) return;
    closing_ = websocket::close_reason(static_cast<websocket::close_code>(code), reason);
    close_timer_.expires_after(kCloseTime);
    close_timer_.async_wait([self = this->shared_from_this()](error_code error) {
      if (!error) self->abort();
    });
    if (!writing_) write_close();
  }

  void shut_down() override {
    close(static_cast<uint16_t>(websocket::close_code::service_restart), "restart");
  }

 private:
  asio::awaitable<bool> accept(const BeastRequest& upgrade, const WebSocketRoute& route) {
    beast::get_lowest_layer(ws_).expires_never();
    ws_.set_option(websocket::stream_base::timeout{core_->config.request_timeout,
                                                   websocket::stream_base::none(), false});
    ws_.set_option(websocket::stream_base::decorator([&route](websocket::response_type& response) {
      response.set(beast::http::field::server, "acs-gateway");
      response.set(beast::http::field::sec_websocket_protocol, route.protocol);
    }));
    ws_.read_message_max(route.max_message);
    ws_.auto_fragment(false);
    ws_.binary(true);
    error_code error;
    co_await ws_.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
    core_->answered(error ? 400 : 101);
    if (error) core_->refused("handshake");
    co_return !error;
  }

  asio::awaitable<void> read() {
    beast::flat_buffer buffer;
    for (;;) {
      error_code error;
      co_await ws_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
      if (error == websocket::error::message_too_big)
        core_->refused("message_size");  // Beast closes with 1009.
      if (error) co_return;
      deliver(buffer);
      buffer.consume(buffer.size());
      if (buffer.capacity() > kKeptBuffer) buffer.shrink_to_fit();
    }
  }

  void deliver(const beast::flat_buffer& buffer) {
    if (closing_) return;
    if (!ws_.got_binary()) {
      core_->refused("text_message");
      return close(static_cast<uint16_t>(websocket::close_code::unknown_data),
                   "binary messages only");
    }
    const auto bytes = buffer.data();
    if (handler_.on_message) {
      handler_.on_message(std::string_view(static_cast<const char*>(bytes.data()), bytes.size()));
    }
  }

  void write_next() {
    writing_ = true;
    ws_.async_write(
        asio::buffer(queue_.front()),
        [self = this->shared_from_this()](error_code error, size_t) { self->written(error); });
  }

  void written(error_code error) {
    writing_ = false;
    if (error) return abort();
    queued_ -= queue_.front().size();
    queue_.pop_front();
    if (!queue_.empty()) return write_next();
    if (closing_) write_close();
  }

  void write_close() {
    writing_ = true;
    ws_.async_close(*closing_, [self = this->shared_from_this()](error_code) { self->abort(); });
  }

  // The reading coroutine ends with an error and then tells the handler.
  void abort() {
    broken_ = true;
    beast::get_lowest_layer(ws_).close();
  }

  const std::shared_ptr<ServerCore> core_;
  websocket::stream<Stream> ws_;
  asio::steady_timer close_timer_;
  WebSocketHandler handler_;

  std::deque<std::string> queue_;
  size_t queued_ = 0;
  bool writing_ = false;
  bool broken_ = false;
  std::optional<websocket::close_reason> closing_;
};

}  // namespace

template <class Stream>
asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore> core, Stream stream,
                                    BeastRequest upgrade, Request request,
                                    const WebSocketRoute& route) {
  const auto connection =
      std::make_shared<SocketConnection<Stream>>(std::move(core), std::move(stream));
  co_await connection->run(upgrade, request, route);
}

template asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore>, PlainStream, BeastRequest,
                                             Request, const WebSocketRoute&);
template asio::awaitable<void> run_websocket(std::shared_ptr<ServerCore>, TlsStream, BeastRequest,
                                             Request, const WebSocketRoute&);

}  // namespace gw::acs::http
