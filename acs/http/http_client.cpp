#include "acs/http/http_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>

#include "acs/http/client_line.h"
#include "acs/http/client_pool.h"
#include "acs/http/tls_context.h"

namespace gw::acs::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
using boost::system::error_code;
namespace {

constexpr auto kSweepEvery = std::chrono::seconds(5);

TimePoint steady_now() {
  return std::chrono::steady_clock::now();
}

Result<void> check(const ClientRequest& request) {
  if (!is_token(request.method)) return fail(ErrorCode::InvalidArgument, "the method is none");
  return check_headers(request.headers);
}

bool is_repeatable(const ClientRequest& request) {
  const std::string& m = request.method;
  return request.repeatable || m == "GET" || m == "HEAD" || m == "PUT" || m == "DELETE" ||
         m == "OPTIONS";
}

OutgoingRequest to_beast(const ClientRequest& request, const Url& url) {
  OutgoingRequest out;
  out.version(11);
  out.method_string(request.method);
  out.target(url.target);
  out.set(bhttp::field::host, url.authority());
  for (const auto& [name, value] : request.headers) out.insert(name, value);
  if (out.find(bhttp::field::user_agent) == out.end()) {
    out.set(bhttp::field::user_agent, "acs-gateway/" GW_VERSION);
  }
  out.body() = request.body;
  out.prepare_payload();
  return out;
}

ClientResponse from_beast(AnswerParser& parser) {
  ClientResponse response;
  response.status = parser.get().result_int();
  for (const auto& field : parser.get()) {
    response.headers.emplace_back(field.name_string().to_string(), field.value().to_string());
  }
  response.body = std::move(parser.get().body());
  return response;
}

// The connection ended before an answer began: it had been dead all along.
bool was_dead(error_code error) {
  return error == asio::error::eof || error == asio::error::connection_reset ||
         error == asio::error::broken_pipe || error == bhttp::error::end_of_stream ||
         error == asio::ssl::error::stream_truncated;
}

Error answer_error(const Url& url, const ClientRequest& request, error_code error) {
  const std::string where = request.method + " " + url.origin() + ": ";
  if (error == beast::error::timeout) return {ErrorCode::Timeout, where + "no answer in time"};
  if (error == bhttp::error::body_limit) {
    return {ErrorCode::Protocol,
            where + "the answer is larger than " + std::to_string(request.max_answer) + " bytes"};
  }
  if (was_dead(error)) return {ErrorCode::Unavailable, where + "it closed the connection"};
  return {ErrorCode::Protocol, where + "the answer could not be read: " + error.message()};
}

// Where a redirect leads, with what; nullopt: nowhere that a careful client goes.
std::optional<ClientRequest> redirected(const ClientRequest& request, const Url& from,
                                        const ClientResponse& response) {
  const unsigned s = response.status;
  if (request.max_redirects == 0) return std::nullopt;
  if (s != 301 && s != 302 && s != 303 && s != 307 && s != 308) return std::nullopt;
  const std::string_view location = response.header("Location");
  if (location.empty()) return std::nullopt;
  ClientRequest next = request;
  --next.max_redirects;
  next.url = location.starts_with('/') && !location.starts_with("//")
                 ? from.origin() + std::string(location)
                 : std::string(location);
  const auto to = parse_url(next.url);
  if (!to || (from.secure() && !to->secure())) return std::nullopt;
  if (to->origin() != from.origin()) {
    std::erase_if(next.headers, [](const auto& header) {
      return same_name(header.first, "Authorization") || same_name(header.first, "Cookie");
    });
  }
  // RFC 9110 15.4: only 307 and 308 keep the method for certain.
  if (s == 303 || ((s == 301 || s == 302) && next.method == "POST")) {
    if (next.method != "HEAD") next.method = "GET";
    next.body.clear();
    std::erase_if(next.headers,
                  [](const auto& header) { return same_name(header.first, "Content-Type"); });
  }
  return next;
}

// One request on its way. The deadline answers it even while a name is looked up, which nobody can
// interrupt.
struct Errand {
  Errand(asio::io_context& io, ClientRequest r, OnAnswer a)
      : request(std::move(r)),
        deadline(steady_now() + request.deadline),
        timer(io),
        answer(std::move(a)) {}

  void finish(Result<ClientResponse> result) {
    timer.cancel();
    if (!answer) return;
    const OnAnswer tell = std::exchange(answer, nullptr);
    tell(std::move(result));
  }
  bool answered() const { return !answer; }
  // For people: paths and queries may hold secrets.
  std::string where() const {
    const auto url = parse_url(request.url);
    return request.method + " " + (url ? url->origin() : "?");
  }

  ClientRequest request;
  const TimePoint deadline;
  asio::steady_timer timer;
  OnAnswer answer;
};

// Shared by the client and its coroutines. Asio thread.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  ClientCore(HttpClientConfig config, Loop loop, std::shared_ptr<asio::ssl::context> trust,
             Metrics& metrics, Log log)
      : config_(std::move(config)),
        io_(loop.io),
        trust_(std::move(trust)),
        metrics_(metrics),
        log_(std::move(log)),
        pool_({config_.connections_per_host, config_.waiting_per_host, config_.idle_per_host,
               config_.idle_timeout}),
        sweep_timer_(io_) {}

  void start(ClientRequest request, OnAnswer answer) {
    auto errand = std::make_shared<Errand>(io_, std::move(request), std::move(answer));
    errand->timer.expires_at(errand->deadline);
    errand->timer.async_wait([self = shared_from_this(), errand](error_code error) {
      if (error || errand->answered()) return;
      self->count("timeout");
      errand->finish(fail(ErrorCode::Timeout, errand->where() + ": no answer in time"));
    });
    asio::co_spawn(io_, run(shared_from_this(), errand),
                   [self = shared_from_this(), errand](std::exception_ptr failure) {
                     if (failure) self->broke(*errand, failure);
                   });
  }

  void close() {
    sweep_timer_.cancel();
    pool_.clear();
  }

 private:
  // Static, so that the frame holds what it uses.
  static asio::awaitable<void> run(std::shared_ptr<ClientCore> self,
                                   std::shared_ptr<Errand> errand) {
    for (;;) {
      const auto url = parse_url(errand->request.url);
      const auto sound = check(errand->request);
      if (!url || !sound) {
        self->count("request");
        co_return errand->finish(tl::unexpected(url ? sound.error() : url.error()));
      }
      const Url to = *url;
      const std::string host = to.origin();
      const bool entered = co_await self->take_turn(host, errand);
      if (!entered) co_return;
      Result<ClientResponse> result = co_await self->ask_and_leave(to, errand);
      if (errand->answered()) co_return;
      auto next = result ? redirected(errand->request, to, *result) : std::nullopt;
      if (!next) {
        self->count(result ? std::to_string(result->status / 100) + "xx"
                           : std::string(to_string(result.error().code)));
        co_return errand->finish(std::move(result));
      }
      errand->request = std::move(*next);
    }
  }

  asio::awaitable<bool> take_turn(const std::string& host, std::shared_ptr<Errand> errand) {
    while (!pool_.enter(host)) {
      asio::steady_timer timer(io_, errand->deadline);
      const auto turn = std::make_shared<ClientPool::Turn>([&timer] { timer.cancel(); });
      if (!pool_.wait(host, turn)) {
        count("exhausted");
        errand->finish(
            fail(ErrorCode::Exhausted, host + ": too many requests wait for it; try later"));
        co_return false;
      }
      error_code ignored;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (errand->answered()) {
        // Too late: the turn, if it was one, is the next one's.
        if (pool_.enter(host)) pool_.leave(host);
        co_return false;
      }
    }
    co_return true;
  }

  asio::awaitable<Result<ClientResponse>> ask_and_leave(const Url& url,
                                                        std::shared_ptr<Errand> errand) {
    struct Seat {
      ClientPool& pool;
      const std::string host;
      ~Seat() { pool.leave(host); }
    } const seat{pool_, url.origin()};
    co_return co_await ask(url, errand);
  }

  asio::awaitable<Result<ClientResponse>> ask(const Url& url, std::shared_ptr<Errand> errand) {
    const std::string host = url.origin();
    const ClientRequest& request = errand->request;
    const OutgoingRequest out = to_beast(request, url);
    std::unique_ptr<ClientLine> line = pool_.take(host, steady_now());
    for (;;) {
      if (!line) {
        Dialling dialling{url, trust_, config_.may_connect, errand->deadline};
        const asio::any_io_executor executor = io_.get_executor();
        auto opened = co_await ClientLine::open(executor, dialling);
        if (!opened) co_return tl::unexpected(opened.error());
        line = std::move(*opened);
      }
      AnswerParser parser;
      parser.skip(request.method == "HEAD");
      const error_code error =
          co_await line->exchange(out, parser, request.max_answer, errand->deadline);
      if (error) {
        const bool again = line->exchanges() > 0 && was_dead(error) && is_repeatable(request);
        line.reset();
        if (again) continue;
        co_return tl::unexpected(answer_error(url, request, error));
      }
      if (parser.keep_alive()) keep(host, std::move(line));
      co_return from_beast(parser);
    }
  }

  void keep(const std::string& host, std::unique_ptr<ClientLine> line) {
    pool_.keep(host, std::move(line), steady_now());
    if (!sweeping_) sweep_later();
  }

  void sweep_later() {
    sweeping_ = true;
    sweep_timer_.expires_after(kSweepEvery);
    sweep_timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->sweeping_ = false;
      if (self->pool_.sweep(steady_now())) self->sweep_later();
    });
  }

  void broke(Errand& errand, std::exception_ptr failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& e) {
      log_.error("http request failed", {{"request", errand.where()}, {"what", e.what()}});
      errand.finish(fail(ErrorCode::Internal, e.what()));
    }
  }

  void count(const std::string& result) {
    metrics_
        .counter("gw_http_client_requests_total",
                 "Requests that we sent, by class of answer or failure", {{"result", result}})
        .Increment();
  }

  const HttpClientConfig config_;
  asio::io_context& io_;
  const std::shared_ptr<asio::ssl::context> trust_;
  Metrics& metrics_;
  const Log log_;

  ClientPool pool_;
  asio::steady_timer sweep_timer_;
  bool sweeping_ = false;
};

class Client final : public HttpClient {
 public:
  Client(std::shared_ptr<ClientCore> core, std::shared_ptr<Inbox> inbox)
      : core_(std::move(core)), inbox_(std::move(inbox)) {}
  ~Client() override {
    inbox_->run([core = std::move(core_)] { core->close(); });
  }

  void send(ClientRequest request, OnAnswer answer) override {
    inbox_->run([core = core_, request = std::move(request), answer = std::move(answer)]() mutable {
      core->start(std::move(request), std::move(answer));
    });
  }

 private:
  std::shared_ptr<ClientCore> core_;
  const std::shared_ptr<Inbox> inbox_;
};

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
  return find_header(headers, name);
}

Result<std::unique_ptr<HttpClient>> HttpClient::create(HttpClientConfig config, Loop loop,
                                                       Metrics& metrics, Log log) {
  auto trust = load_trust(config.authorities);
  if (!trust) return tl::unexpected(trust.error());
  auto core = std::make_shared<ClientCore>(std::move(config), loop, std::move(*trust), metrics,
                                           std::move(log));
  return std::make_unique<Client>(std::move(core), loop.inbox);
}

}  // namespace gw::acs::http
