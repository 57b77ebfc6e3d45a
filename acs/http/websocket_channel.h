#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "acs/http/http_server.h"
#include "acs/http/inbox.h"
#include "acs/http/streams.h"

namespace gw::acs::http {

// How one WebSocket is to behave.
struct ChannelRules {
  bool text = false;  // The kind of message that is wanted; the other is refused with 1003.
  size_t max_message = 65536;
  size_t max_unsent = 1 << 20;  // Bytes queued for a peer that does not read.
  Duration handshake_timeout = 15s;
  Duration idle_timeout{0};  // Pings at half of it; a peer that is silent is lost. 0 = never.
};

// A channel as the rest of the program may use it, without Beast.
class ChannelEnd {
 public:
  virtual ~ChannelEnd() = default;
  virtual void send(std::string message, bool text) = 0;
  virtual void close(uint16_t code, std::string reason) = 0;
  virtual size_t unsent() const = 0;
};

// What handlers hold of `end`: it never keeps the connection, nor its io_context, alive.
std::shared_ptr<WebSocket> make_handle(std::shared_ptr<Inbox> inbox, std::weak_ptr<ChannelEnd> end,
                                       const SocketAddress& peer);

// An open WebSocket, whichever side opened it: one coroutine reads, a queue writes. Owned by that
// coroutine; Asio thread.
template <class Stream>
class WebSocketChannel final : public ChannelEnd,
                               public std::enable_shared_from_this<WebSocketChannel<Stream>> {
 public:
  using Ws = boost::beast::websocket::stream<Stream>;
  using Refused = std::function<void(std::string_view reason)>;

  WebSocketChannel(Stream stream, const ChannelRules& rules, boost::beast::role_type role,
                   Refused refused);

  Ws& ws() { return ws_; }

  // Until it has ended: messages to `handler`, then its on_close.
  boost::asio::awaitable<void> read(WebSocketHandler handler);

  void send(std::string message, bool text) override;
  void close(uint16_t code, std::string reason) override;
  size_t unsent() const override { return unsent_; }

 private:
  struct Message {
    std::string bytes;
    bool text = false;
  };

  void deliver(const boost::beast::flat_buffer& buffer, const WebSocketHandler& handler);
  void write_next();
  void written(boost::system::error_code error);
  void write_close();
  void abort();
  uint16_t end_code(boost::system::error_code error) const;

  Ws ws_;
  boost::asio::steady_timer close_timer_;
  const ChannelRules rules_;
  const Refused refused_;

  std::deque<Message> queue_;
  size_t unsent_ = 0;
  bool writing_ = false;
  bool broken_ = false;
  std::optional<boost::beast::websocket::close_reason> closing_;
};

extern template class WebSocketChannel<PlainStream>;
extern template class WebSocketChannel<TlsStream>;

}  // namespace gw::acs::http
