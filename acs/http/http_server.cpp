#include "acs/http/http_server.h"

#include <pthread.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <thread>

#include "acs/http/http_connection.h"
#include "acs/http/server_core.h"
#include "acs/http/tls_context.h"

namespace gw::acs::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
namespace {

constexpr auto kStopTime = std::chrono::seconds(2);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // Out of descriptors: do not spin.

struct Door {
  Door(asio::io_context& io, bool t) : acceptor(io), tls(t) {}
  tcp::acceptor acceptor;
  const bool tls;
};

class Server final : public HttpServer {
 public:
  Server(HttpConfig config, Metrics& metrics, Log log)
      : core_(std::make_shared<ServerCore>(std::move(config), metrics, std::move(log))),
        mailbox_fd_(io_, ::dup(core_->inbox->mailbox().fd())) {}
  ~Server() override { stop(); }

  void route(std::string pattern, Handler handler) override {
    core_->add_route(std::move(pattern), std::move(handler));
  }
  void websocket(WebSocketRoute route) override { core_->add_websocket(std::move(route)); }
  void files(std::string folder) override { core_->serve_files(folder); }

  Result<std::vector<Listener>> start() override {
    std::vector<Listener> bound;
    for (const Listener& listener : core_->config.listeners) {
      if (listener.tls && !tls_) {
        if (auto loaded = reload_certificate(); !loaded) return tl::unexpected(loaded.error());
      }
      auto opened = open(listener);
      if (!opened) return tl::unexpected(opened.error());
      bound.push_back(*opened);
    }
    for (const auto& door : doors_) asio::co_spawn(io_, accept(*door), asio::detached);
    take_mail();
    thread_ = std::thread([this] { run(); });
    return bound;
  }

  Result<void> reload_certificate() override {
    auto loaded = load_tls(core_->config.certificate, core_->config.key);
    if (!loaded) return tl::unexpected(loaded.error());
    if (!thread_.joinable()) {
      tls_ = std::move(*loaded);
    } else {
      core_->inbox->run([this, tls = std::move(*loaded)]() mutable { tls_ = std::move(tls); });
    }
    return {};
  }

  void post(std::function<void()> task) override { core_->inbox->post(Task(std::move(task))); }

  void after(Duration delay, std::function<void()> task) override {
    core_->inbox->run([this, delay, task = std::move(task)]() mutable {
      auto timer = std::make_shared<asio::steady_timer>(io_, delay);
      timer->async_wait([timer, task = std::move(task)](error_code error) {
        if (!error) task();
      });
    });
  }

  Loop loop() override { return {io_, core_->inbox}; }

  void stop() override {
    if (thread_.joinable()) {
      core_->inbox->post([this] { close_all(); });
      thread_.join();
    }
    core_->inbox->mailbox().close();
  }

 private:
  Result<Listener> open(const Listener& listener) {
    const SocketAddress& at = listener.address;
    auto door = std::make_unique<Door>(io_, listener.tls);
    tcp::endpoint endpoint;
    endpoint.resize(at.size());
    std::memcpy(endpoint.data(), at.data(), at.size());
    error_code error;
    tcp::acceptor& acceptor = door->acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(ErrorCode::Io, "listen on " + at.to_string() + ": " + error.message());
    const auto local = acceptor.local_endpoint(error);
    Listener bound = listener;
    bound.address.set_port(local.port());
    doors_.push_back(std::move(door));
    return bound;
  }

  asio::awaitable<void> accept(Door& door) {
    for (;;) {
      error_code error;
      tcp::socket socket =
          co_await door.acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!door.acceptor.is_open()) co_return;
      if (error) {
        core_->refused("accept");
        asio::steady_timer pause(io_, kAcceptPause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (core_->admit()) serve_connection(core_, std::move(socket), door.tls ? tls_ : nullptr);
    }
  }

  void take_mail() {
    mailbox_fd_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
      if (error) return;
      core_->inbox->mailbox().drain([this](Task task) { run(task); });
      take_mail();
    });
  }

  void run(Task& task) {
    try {
      task();
    } catch (const std::exception& e) {
      core_->log.error("task failed on the http thread", {{"what", e.what()}});
    }
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "gw-http");
    core_->inbox->run_by_this_thread();
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& e) {
        // What threw is lost; users' sessions are not.
        core_->log.error("handler failed on the http thread", {{"what", e.what()}});
      }
    }
  }

  void close_all() {
    error_code ignored;
    for (const auto& door : doors_) door->acceptor.close(ignored);
    core_->shut_down();
    stop_when_idle(std::chrono::steady_clock::now() + kStopTime);
  }

  void stop_when_idle(std::chrono::steady_clock::time_point deadline) {
    if (core_->idle() || std::chrono::steady_clock::now() >= deadline) return io_.stop();
    auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(5));
    timer->async_wait([this, timer, deadline](error_code) { stop_when_idle(deadline); });
  }

  const std::shared_ptr<ServerCore> core_;
  asio::io_context io_{1};
  asio::posix::stream_descriptor mailbox_fd_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<HttpServer> HttpServer::create(HttpConfig config, Metrics& metrics, Log log) {
  return std::make_unique<Server>(std::move(config), metrics, std::move(log));
}

}  // namespace gw::acs::http
