#include "acs/http/websocket_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "acs/http/client_connection.h"
#include "acs/http/headers.h"
#include "acs/http/tls_context.h"
#include "acs/http/websocket_channel.h"

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
namespace {

// One attempt. The deadline answers it even while a name is looked up.
struct Attempt {
  Attempt(asio::io_context& io, WebSocketRequest r, OnOpen o, WebSocketHandler h)
      : request(std::move(r)),
        deadline(TimePoint(std::chrono::steady_clock::now()) + request.deadline),
        timer(io, deadline),
        opened(std::move(o)),
        handler(std::move(h)) {}

  // False: it was told already, too late.
  bool finish(Result<std::shared_ptr<WebSocket>> result) {
    timer.cancel();
    if (!opened) return false;
    const OnOpen tell = std::exchange(opened, nullptr);
    tell(std::move(result));
    return true;
  }

  WebSocketRequest request;
  const TimePoint deadline;
  asio::steady_timer timer;
  OnOpen opened;
  WebSocketHandler handler;
};

class WebSocketClientCore : public std::enable_shared_from_this<WebSocketClientCore> {
 public:
  WebSocketClientCore(const HttpClientConfig& config, Loop loop,
                      std::shared_ptr<asio::ssl::context> trust, Metrics& metrics, Log log)
      : io_(loop.io),
        inbox_(loop.inbox),
        may_connect_(config.may_connect),
        trust_(std::move(trust)),
        metrics_(metrics),
        log_(std::move(log)) {}

  void start(WebSocketRequest request, OnOpen opened, WebSocketHandler handler) {
    const auto attempt =
        std::make_shared<Attempt>(io_, std::move(request), std::move(opened), std::move(handler));
    attempt->timer.async_wait([self = shared_from_this(), attempt](error_code error) {
      if (error || !attempt->opened) return;
      self->count("timeout");
      const auto url = parse_url(attempt->request.url);
      attempt->finish(fail(ErrorCode::Timeout,
                           (url ? url->origin() : "?") + ": the WebSocket did not open in time"));
    });
    asio::co_spawn(io_, run(shared_from_this(), attempt),
                   [self = shared_from_this(), attempt](std::exception_ptr failure) {
                     if (failure) self->broke(*attempt, failure);
                   });
  }

 private:
  static asio::awaitable<void> run(std::shared_ptr<WebSocketClientCore> self,
                                   std::shared_ptr<Attempt> attempt) {
    const auto url = parse_url(attempt->request.url);
    if (!url) co_return self->failed(*attempt, url.error());
    if (url->scheme != "ws" && url->scheme != "wss") {
      co_return self->failed(*attempt, {ErrorCode::InvalidArgument, "the URL is no WebSocket's"});
    }
    if (const auto sound = check_headers(attempt->request.headers); !sound) {
      co_return self->failed(*attempt, sound.error());
    }
    const Dialling dialling{*url, self->trust_, self->may_connect_, attempt->deadline};
    const asio::any_io_executor executor = self->io_.get_executor();
    Result<PlainStream> plain = co_await connect(executor, dialling);
    if (!plain) co_return self->failed(*attempt, plain.error());
    PlainStream below = std::move(*plain);
    if (!url->secure()) {
      co_await self->talk<PlainStream>(std::move(below), *url, attempt);
      co_return;
    }
    Result<TlsStream> tls = co_await secure(std::move(below), dialling);
    if (!tls) co_return self->failed(*attempt, tls.error());
    TlsStream stream = std::move(*tls);
    co_await self->talk<TlsStream>(std::move(stream), *url, attempt);
  }

  template <class Stream>
  asio::awaitable<void> talk(Stream stream, Url url, std::shared_ptr<Attempt> attempt) {
    const WebSocketRequest& request = attempt->request;
    error_code error;
    const auto remote = beast::get_lowest_layer(stream).socket().remote_endpoint(error);
    const SocketAddress peer(remote.data(), static_cast<socklen_t>(remote.size()));
    ChannelRules rules;
    rules.text = request.text;
    rules.max_message = request.max_message;
    rules.max_unsent = request.max_unsent;
    rules.idle_timeout = request.idle_timeout;
    rules.handshake_timeout = attempt->deadline - TimePoint(std::chrono::steady_clock::now());
    const auto channel = std::make_shared<WebSocketChannel<Stream>>(
        std::move(stream), rules, beast::role_type::client,
        [self = shared_from_this()](std::string_view reason) { self->count(std::string(reason)); });
    websocket::response_type response;
    const std::string host = url.authority();
    dress(channel->ws(), request);
    co_await channel->ws().async_handshake(response, host, url.target,
                                           asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return failed(*attempt, refusal(url, response, error));
    if (!request.protocol.empty() &&
        response[beast::http::field::sec_websocket_protocol] != request.protocol) {
      co_return failed(*attempt, {ErrorCode::Protocol,
                                  url.origin() + ": it does not speak " + request.protocol});
    }
    if (!attempt->finish(make_handle(inbox_, channel, peer))) co_return;
    count("opened");
    WebSocketHandler handler = std::exchange(attempt->handler, {});
    co_await channel->read(std::move(handler));
  }

  template <class Ws>
  static void dress(Ws& ws, const WebSocketRequest& request) {
    ws.set_option(websocket::stream_base::decorator(
        [headers = request.headers, protocol = request.protocol](websocket::request_type& upgrade) {
          upgrade.set(beast::http::field::user_agent, "acs-gateway/" GW_VERSION);
          for (const auto& [name, value] : headers) upgrade.insert(name, value);
          if (!protocol.empty()) {
            upgrade.set(beast::http::field::sec_websocket_protocol, protocol);
          }
        }));
  }

  static Error refusal(const Url& url, const websocket::response_type& response, error_code error) {
    const std::string where = url.origin() + ": ";
    if (error == beast::error::timeout) {
      return {ErrorCode::Timeout, where + "the WebSocket did not open in time"};
    }
    if (error != websocket::error::upgrade_declined) {
      return {ErrorCode::Protocol, where + "no WebSocket: " + error.message()};
    }
    const unsigned status = response.result_int();
    const bool who = status == 401 || status == 403;
    return {who ? ErrorCode::Unauthorized : ErrorCode::Protocol,
            where + "no WebSocket: it answered " + std::to_string(status)};
  }

  void failed(Attempt& attempt, Error error) {
    if (!attempt.opened) return;
    count(std::string(to_string(error.code)));
    attempt.finish(tl::unexpected(std::move(error)));
  }

  void broke(Attempt& attempt, std::exception_ptr failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log_.error("websocket failed", {{"what", e.what()}});
      failed(attempt, {ErrorCode::Internal, e.what()});
    }
  }

  void count(const std::string& result) {
    metrics_
        .counter("gw_websocket_client_total", "WebSockets that we opened, by what came of it",
                 {{"result", result}})
        .Increment();
  }

  asio::io_context& io_;
  const std::shared_ptr<Inbox> inbox_;
  const std::function<bool(const SocketAddress&)> may_connect_;
  const std::shared_ptr<asio::ssl::context> trust_;
  Metrics& metrics_;
  const Log log_;
};

class WebSocketClientOf final : public WebSocketClient {
 public:
  WebSocketClientOf(std::shared_ptr<WebSocketClientCore> core, std::shared_ptr<Inbox> inbox)
      : core_(std::move(core)), inbox_(std::move(inbox)) {}

  void open(WebSocketRequest request, OnOpen opened, WebSocketHandler handler) override {
    inbox_->run([core = core_, request = std::move(request), opened = std::move(opened),
                 handler = std::move(handler)]() mutable {
      core->start(std::move(request), std::move(opened), std::move(handler));
    });
  }

 private:
  const std::shared_ptr<WebSocketClientCore> core_;
  const std::shared_ptr<Inbox> inbox_;
};

}  // namespace

Result<std::unique_ptr<WebSocketClient>> WebSocketClient::create(const HttpClientConfig& config,
                                                                 Loop loop, Metrics& metrics,
                                                                 Log log) {
  auto trust = load_trust(config.authorities);
  if (!trust) return tl::unexpected(trust.error());
  auto core = std::make_shared<WebSocketClientCore>(config, loop, std::move(*trust), metrics,
                                                    std::move(log));
  return std::make_unique<WebSocketClientOf>(std::move(core), loop.inbox);
}

}  // namespace gw::acs::http
