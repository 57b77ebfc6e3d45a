#include "acs/http/websocket_channel.h"

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
namespace {

// For the peer to read what is queued and to answer our close.
constexpr auto kCloseTime = std::chrono::seconds(5);
// A socket that once had a large message does not keep its memory.
constexpr size_t kKeptBuffer = 4096;

class Handle final : public WebSocket {
 public:
  Handle(std::shared_ptr<Inbox> inbox, std::weak_ptr<ChannelEnd> end, const SocketAddress& peer)
      : inbox_(std::move(inbox)), end_(std::move(end)), peer_(peer) {}

  void send(std::string binary) override { hand_over(std::move(binary), false); }
  void send_text(std::string text) override { hand_over(std::move(text), true); }
  void close(uint16_t code, std::string reason) override {
    inbox_->run([end = end_, code, reason = std::move(reason)]() mutable {
      if (const auto e = end.lock()) e->close(code, std::move(reason));
    });
  }
  size_t unsent() const override {
    const auto end = end_.lock();
    return end ? end->unsent() : 0;
  }
  const SocketAddress& peer() const override { return peer_; }

 private:
  void hand_over(std::string message, bool text) {
    inbox_->run([end = end_, message = std::move(message), text]() mutable {
      if (const auto e = end.lock()) e->send(std::move(message), text);
    });
  }

  const std::shared_ptr<Inbox> inbox_;
  const std::weak_ptr<ChannelEnd> end_;
  const SocketAddress peer_;
};

}  // namespace

std::shared_ptr<WebSocket> make_handle(std::shared_ptr<Inbox> inbox, std::weak_ptr<ChannelEnd> end,
                                       const SocketAddress& peer) {
  return std::make_shared<Handle>(std::move(inbox), std::move(end), peer);
}

template <class Stream>
WebSocketChannel<Stream>::WebSocketChannel(Stream stream, const ChannelRules& rules,
                                           beast::role_type role, Refused refused)
    : ws_(std::move(stream)),
      close_timer_(ws_.get_executor()),
      rules_(rules),
      refused_(std::move(refused)) {
  beast::get_lowest_layer(ws_).expires_never();
  websocket::stream_base::timeout limits = websocket::stream_base::timeout::suggested(role);
  limits.handshake_timeout = rules.handshake_timeout;
  limits.idle_timeout = websocket::stream_base::none();
  limits.keep_alive_pings = rules.idle_timeout > Duration{0};
  if (limits.keep_alive_pings) limits.idle_timeout = rules.idle_timeout;
  ws_.set_option(limits);
  ws_.read_message_max(rules.max_message);
  ws_.auto_fragment(false);
}

template <class Stream>
asio::awaitable<void> WebSocketChannel<Stream>::read(WebSocketHandler handler) {
  const auto self = this->shared_from_this();
  beast::flat_buffer buffer;
  error_code error;
  while (!error) {
    co_await ws_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
    if (error == websocket::error::message_too_big) refused_("message_size");  // Closes with 1009.
    if (error) break;
    deliver(buffer, handler);
    buffer.consume(buffer.size());
    if (buffer.capacity() > kKeptBuffer) buffer.shrink_to_fit();
  }
  close_timer_.cancel();
  const uint16_t code = end_code(error);
  abort();
  if (handler.on_close) handler.on_close(code);
}

template <class Stream>
void WebSocketChannel<Stream>::deliver(const beast::flat_buffer& buffer,
                                       const WebSocketHandler& handler) {
  if (closing_) return;
  if (ws_.got_text() != rules_.text) {
    refused_(rules_.text ? "binary_message" : "text_message");
    return close(static_cast<uint16_t>(websocket::close_code::unknown_data),
                 rules_.text ? "text messages only" : "binary messages only");
  }
  const auto bytes = buffer.data();
  if (handler.on_message) {
    handler.on_message(std::string_view(static_cast<const char*>(bytes.data()), bytes.size()));
  }
}

template <class Stream>
void WebSocketChannel<Stream>::send(std::string message, bool text) {
  if (closing_ || broken_) return;
  unsent_ += message.size();
  if (unsent_ > rules_.max_unsent) {
    // It asked for more than it reads. No close frame: that would wait behind the queue.
    refused_("slow_reader");
    return abort();
  }
  queue_.push_back({std::move(message), text});
  if (!writing_) write_next();
}

template <class Stream>
void WebSocketChannel<Stream>::close(uint16_t code, std::string reason) {
  if (closing_ || broken_) return;
  closing_ = websocket::close_reason(static_cast<websocket::close_code>(code), reason);
  close_timer_.expires_after(kCloseTime);
  close_timer_.async_wait([self = this->shared_from_this()](error_code error) {
    if (!error) self->abort();
  });
  if (!writing_) write_close();
}

template <class Stream>
void WebSocketChannel<Stream>::write_next() {
  writing_ = true;
  ws_.text(queue_.front().text);
  ws_.async_write(
      asio::buffer(queue_.front().bytes),
      [self = this->shared_from_this()](error_code error, size_t) { self->written(error); });
}

template <class Stream>
void WebSocketChannel<Stream>::written(error_code error) {
  writing_ = false;
  if (error) return abort();
  unsent_ -= queue_.front().bytes.size();
  queue_.pop_front();
  if (!queue_.empty()) return write_next();
  if (closing_) write_close();
}

template <class Stream>
void WebSocketChannel<Stream>::write_close() {
  writing_ = true;
  ws_.async_close(*closing_, [self = this->shared_from_this()](error_code) { self->abort(); });
}

// The reading coroutine ends with an error and then tells the handler.
template <class Stream>
void WebSocketChannel<Stream>::abort() {
  broken_ = true;
  beast::get_lowest_layer(ws_).close();
}

// RFC 6455 7.1.5: who went without a word is 1006.
template <class Stream>
uint16_t WebSocketChannel<Stream>::end_code(error_code error) const {
  if (closing_) return closing_->code;
  if (error == websocket::error::closed && ws_.reason().code != websocket::close_code::none) {
    return ws_.reason().code;
  }
  return error == websocket::error::closed ? 1005 : 1006;
}

template class WebSocketChannel<PlainStream>;
template class WebSocketChannel<TlsStream>;

}  // namespace gw::acs::http
