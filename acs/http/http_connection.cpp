#include "acs/http/http_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <ctime>

#include "acs/http/url.h"
#include "acs/http/websocket_connection.h"

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
namespace {

constexpr std::string_view text(beast::string_view view) {
  return {view.data(), view.size()};
}

bool offers_protocol(std::string_view offered, std::string_view wanted) {
  while (!offered.empty()) {
    const size_t comma = std::min(offered.find(','), offered.size());
    std::string_view one = offered.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == wanted) return true;
    offered = offered.substr(std::min(comma + 1, offered.size()));
  }
  return false;
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char out[40];
  std::strftime(out, sizeof out, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return out;
}

// nullopt: the target is not one that we serve.
std::optional<Request> to_request(const BeastRequest& from, const SocketAddress& peer, bool tls) {
  auto target = parse_target(text(from.target()));
  if (!target) return std::nullopt;
  Request request;
  request.method = from.method_string().to_string();
  request.target = from.target().to_string();
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  for (const auto& field : from) {
    request.headers.emplace_back(field.name_string().to_string(), field.value().to_string());
  }
  request.body = from.body();
  request.peer = peer;
  request.tls = tls;
  return request;
}

// The status for what Beast's parser refused, and the name under which it is counted. 0: nobody is
// there to be told.
std::pair<unsigned, std::string_view> verdict(error_code error) {
  if (error == beast::error::timeout) return {0, "timeout"};
  if (error == bhttp::error::header_limit) return {431, "header_size"};
  if (error == bhttp::error::body_limit) return {413, "body_size"};
  if (error == bhttp::error::end_of_stream) return {0, ""};
  if (error == bhttp::error::partial_message) return {0, "partial"};
  if (error.category() == bhttp::make_error_code(bhttp::error::bad_method).category())
    return {400, "malformed"};
  return {0, ""};
}

// A refusal in the shape of Azure's errors, as all our handlers write theirs.
Response refusal(unsigned status, std::string_view message) {
  std::string_view code = "BadRequest";
  switch (status) {
    case 403: code = "Forbidden"; break;
    case 404: code = "NotFound"; break;
    case 413: code = "RequestBodyTooLarge"; break;
    case 431: code = "RequestHeadersTooLarge"; break;
    case 500: code = "InternalServerError"; break;
    case 504: code = "GatewayTimeout"; break;
    default: break;
  }
  return Response::json(status, "{\"error\":{\"code\":\"" + std::string(code) +
                                    "\",\"message\":\"" + std::string(message) + "\"}}\n");
}

// One HTTP connection. Owned by its coroutine; Asio thread.
template <class Stream>
class HttpConnection final : public Connection {
 public:
  HttpConnection(std::shared_ptr<ServerCore> core, Stream stream, SocketAddress peer, bool tls)
      : core_(std::move(core)), stream_(std::move(stream)), peer_(peer), tls_(tls) {
    core_->enter(this);
  }
  ~HttpConnection() override {
    if (!moved_away_) core_->leave(this);
  }

  asio::awaitable<void> run() {
    beast::flat_buffer buffer;
    bool more = co_await handshake();
    bool first = true;
    while (more && !core_->stopping()) {
      more = co_await serve_one(buffer, first);
      first = false;
    }
    if (!moved_away_) co_await finish();
  }

  void shut_down() override {
    // In the middle of an answer it ends by itself after it.
    if (waiting_) beast::get_lowest_layer(stream_).cancel();
  }

 private:
  using Parser = bhttp::request_parser<bhttp::string_body>;

  asio::awaitable<bool> handshake() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      error_code error;
      beast::get_lowest_layer(stream_).expires_after(core_->config.request_timeout);
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
      if (error) core_->refused("tls");
      co_return !error;
    }
    co_return true;
  }

  // False: the connection is over.
  asio::awaitable<bool> serve_one(beast::flat_buffer& buffer, bool first) {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(core_->config.max_header));
    parser.body_limit(core_->config.max_body);
    error_code error;
    if (!first && buffer.size() == 0) co_await wait_for_request(buffer, error);
    beast::get_lowest_layer(stream_).expires_after(core_->config.request_timeout);
    if (!error) {
      co_await bhttp::async_read_header(stream_, buffer, parser,
                                        asio::redirect_error(asio::use_awaitable, error));
    }
    if (!error && beast::websocket::is_upgrade(parser.get())) {
      BeastRequest wanted = parser.release();
      co_return co_await upgrade(std::move(wanted));
    }
    if (!error && text(parser.get()[bhttp::field::expect]) == "100-continue")
      co_await say_continue(error);
    if (!error) {
      co_await bhttp::async_read(stream_, buffer, parser,
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) {
      co_await refuse(error);
      co_return false;
    }
    const bool keep = parser.get().keep_alive();
    const unsigned version = parser.get().version();
    const auto request = to_request(parser.release(), peer_, tls_);
    if (!request) {
      core_->refused("target");
      co_await say(400, "The request target is not one.");
      co_return false;
    }
    Response response = co_await answer(*request);
    co_return co_await write(*request, std::move(response), version, keep && !core_->stopping());
  }

  // Between two requests the longer limit holds; from the first byte on the shorter one.
  asio::awaitable<void> wait_for_request(beast::flat_buffer& buffer, error_code& error) {
    beast::get_lowest_layer(stream_).expires_after(core_->config.idle_timeout);
    waiting_ = true;
    const size_t n = co_await stream_.async_read_some(
        buffer.prepare(2048), asio::redirect_error(asio::use_awaitable, error));
    waiting_ = false;
    buffer.commit(n);
    if (error == beast::error::timeout)
      error = bhttp::error::end_of_stream;  // Idle is not a fault.
  }

  asio::awaitable<void> say_continue(error_code& error) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                               asio::redirect_error(asio::use_awaitable, error));
  }

  asio::awaitable<void> refuse(error_code error) {
    const auto [status, reason] = verdict(error);
    if (!reason.empty()) core_->refused(reason);
    if (status != 0) co_await say(status, "The request was refused.");
  }

  struct Waiting {
    explicit Waiting(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::optional<Response> response;
  };

  asio::awaitable<Response> answer(const Request& request) {
    beast::get_lowest_layer(stream_).expires_never();
    const auto waiting = std::make_shared<Waiting>(stream_.get_executor());
    // The answer may come after this connection, or even this server, is gone: it holds neither.
    Respond respond = [inbox = core_->inbox, weak = std::weak_ptr(waiting)](Response response) {
      inbox->run([weak, response = std::move(response)]() mutable {
        const auto w = weak.lock();
        if (!w || w->response) return;
        w->response = std::move(response);
        w->timer.cancel();
      });
    };
    waiting->timer.expires_after(core_->config.handler_timeout);
    try {
      core_->dispatch(request, std::move(respond));
    } catch (const std::exception& e) {
      core_->log.error("request handler failed", {{"path", request.path}, {"what", e.what()}});
      waiting->response = refusal(500, "The request failed.");
    }
    if (!waiting->response) {
      error_code ignored;
      co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (waiting->response) co_return std::move(*waiting->response);
    core_->refused("handler_timeout");
    co_return refusal(504, "There was no answer in time.");
  }

  asio::awaitable<bool> write(const Request& request, Response response, unsigned version,
                              bool keep) {
    core_->dress(request, response);
    core_->answered(response.status);
    bhttp::response<bhttp::string_body> out(static_cast<bhttp::status>(response.status), version);
    out.set(bhttp::field::server, "acs-gateway");
    out.set(bhttp::field::date, http_date());
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) out.set(bhttp::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) out.insert(name, value);
    out.keep_alive(keep);
    if (!bodiless) out.content_length(response.body.size());
    if (!bodiless && request.method != "HEAD") out.body() = std::move(response.body);
    beast::get_lowest_layer(stream_).expires_after(core_->config.idle_timeout);
    error_code error;
    co_await bhttp::async_write(stream_, out, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && keep;
  }

  // An answer that ends the connection. (Named locals: g++ 12 destroys temporaries in co_await
  // expressions twice.)
  asio::awaitable<void> say(unsigned status, std::string_view words) {
    const Request none;
    Response response = refusal(status, words);
    co_await write(none, std::move(response), 11, false);
  }

  asio::awaitable<bool> upgrade(BeastRequest from) {
    const auto request = to_request(from, peer_, tls_);
    const WebSocketRoute* route = request ? core_->websocket_at(request->path) : nullptr;
    if (!route) {
      core_->refused("path");
      co_await say(404, "There is nothing at this path.");
      co_return false;
    }
    if (!route->protocol.empty() &&
        !offers_protocol(request->header("Sec-WebSocket-Protocol"), route->protocol)) {
      core_->refused("protocol");
      co_await say(400, "Another sub-protocol is wanted.");
      co_return false;
    }
    if (route->allow && !route->allow(*request)) {
      core_->refused("not_allowed");
      co_await say(403, "This page may not connect.");
      co_return false;
    }
    moved_away_ = true;
    core_->leave(this);  // From here on it counts as a WebSocket.
    Stream stream = std::move(stream_);
    Request seen = *request;
    co_await run_websocket<Stream>(core_, std::move(stream), std::move(from), std::move(seen),
                                   *route);
    co_return false;
  }

  // Says that no more comes, and lets the peer read what it was told before the socket goes.
  asio::awaitable<void> finish() {
    error_code ignored;
    auto& lowest = beast::get_lowest_layer(stream_);
    if (core_->stopping()) co_return lowest.close();
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      lowest.expires_after(std::chrono::seconds(1));
      co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
    }
    lowest.socket().shutdown(tcp::socket::shutdown_send, ignored);
    // Bytes left unread would turn our answer into a reset: take what is there, within reason.
    lowest.expires_after(std::chrono::seconds(1));
    char scrap[4096];
    for (size_t taken = 0; taken < 4 * core_->config.max_header && !ignored;) {
      taken += co_await lowest.async_read_some(asio::buffer(scrap),
                                               asio::redirect_error(asio::use_awaitable, ignored));
    }
    lowest.close();
  }

  const std::shared_ptr<ServerCore> core_;
  Stream stream_;
  const SocketAddress peer_;
  const bool tls_;
  bool waiting_ = false;     // For the next request.
  bool moved_away_ = false;  // The stream belongs to a WebSocket now.
};

template <class Stream>
asio::awaitable<void> run(std::shared_ptr<ServerCore> core, Stream stream, SocketAddress peer,
                          bool tls) {
  HttpConnection<Stream> connection(std::move(core), std::move(stream), peer, tls);
  co_await connection.run();
}

}  // namespace

void serve_connection(std::shared_ptr<ServerCore> core, tcp::socket socket,
                      std::shared_ptr<asio::ssl::context> tls) {
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;  // It left before we looked.
  socket.set_option(tcp::no_delay(true), error);
  const SocketAddress peer(remote.data(), static_cast<socklen_t>(remote.size()));
  const auto executor = socket.get_executor();
  const auto ended = [core](std::exception_ptr failure) {
    if (!failure) return;
    core->refused("failure");
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      core->log.error("http connection failed", {{"what", e.what()}});
    }
  };
  if (!tls) {
    return asio::co_spawn(executor, run(core, PlainStream(std::move(socket)), peer, false), ended);
  }
  // The SSL object keeps its SSL_CTX, so the context may be replaced while this connection lives.
  asio::co_spawn(executor, run(core, TlsStream(PlainStream(std::move(socket)), *tls), peer, true),
                 ended);
}

}  // namespace gw::acs::http
