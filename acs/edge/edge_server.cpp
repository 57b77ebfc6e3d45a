#include "acs/edge/edge_server.h"

#include <utility>

#include "acs/edge/edge_core.h"
#include "acs/http/origin.h"

namespace gw::acs::edge {
namespace {

constexpr std::string_view kProtocol = "acs-edge.v1";
constexpr size_t kMaxFrame = 65536;

// The Asio thread's part, and the one thing that others read. Callbacks hold it weakly: the server
// may go before them.
struct State {
  explicit State(EdgeParts parts) : core(std::move(parts), presence) {}
  Presence presence;
  EdgeCore core;
};

http::WebSocketHandler serve(const std::weak_ptr<State>& weak,
                             std::shared_ptr<http::WebSocket> socket) {
  const auto state = weak.lock();
  if (!state) return {};
  const uint64_t link = state->core.opened(std::move(socket));
  http::WebSocketHandler handler;
  handler.on_message = [weak, link](std::string_view message) {
    if (const auto s = weak.lock()) s->core.received(link, message);
  };
  handler.on_close = [weak, link](uint16_t) {
    if (const auto s = weak.lock()) s->core.closed(link);
  };
  return handler;
}

void sweep_later(http::HttpServer& http, Duration interval, std::weak_ptr<State> weak) {
  http.after(interval, [&http, interval, weak = std::move(weak)] {
    const auto state = weak.lock();
    if (!state) return;
    state->core.sweep();
    sweep_later(http, interval, weak);
  });
}

// The edge as other threads see it: everything is posted to the Asio thread, in order, except the
// question who is there.
class Server final : public EdgeServer {
 public:
  Server(http::HttpServer& http, std::shared_ptr<State> state)
      : http_(http), state_(std::move(state)) {}

  std::vector<DeviceId> ring(const Ring& ring) override {
    std::vector<DeviceId> devices = state_->presence.devices(ring.identity);
    if (!devices.empty()) post([ring, devices](EdgeCore& core) { core.ring(ring, devices); });
    return devices;
  }

  size_t devices(std::string_view identity) const override {
    return state_->presence.count(identity);
  }

  void respond(const RequestRef& request, const Status& status, std::optional<std::string> answer,
               uint32_t generation) override {
    post([=](EdgeCore& core) { core.respond(request, status, answer, generation); });
  }
  void settle(const std::string& call_id, const DeviceId& device,
              const EndReason& for_others) override {
    post([=](EdgeCore& core) { core.settle(call_id, device, for_others); });
  }
  void update(const DeviceId& device, const CallUpdate& update) override {
    post([=](EdgeCore& core) { core.update(device, update); });
  }
  void participants(const DeviceId& device, const std::string& call_id,
                    std::vector<Participant> changed, std::vector<Participant> removed) override {
    post([=](EdgeCore& core) { core.participants(device, call_id, changed, removed); });
  }
  void transfer(const DeviceId& device, const TransferUpdate& update) override {
    post([=](EdgeCore& core) { core.transfer(device, update); });
  }
  void request_offer(const DeviceId& device, const std::string& call_id,
                     uint32_t generation) override {
    post([=](EdgeCore& core) { core.request_offer(device, call_id, generation); });
  }
  void end(const std::string& call_id, const DeviceId& device, const EndReason& reason) override {
    post([=](EdgeCore& core) { core.end(call_id, device, reason); });
  }
  void revoke(std::string_view identity) override {
    post([who = std::string(identity)](EdgeCore& core) { core.revoke(who); });
  }
  void shut_down() override {
    post([](EdgeCore& core) { core.shut_down(); });
  }

 private:
  template <class F>
  void post(F action) {
    http_.post([weak = std::weak_ptr(state_), action = std::move(action)] {
      if (const auto state = weak.lock()) action(state->core);
    });
  }

  http::HttpServer& http_;
  const std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<EdgeServer> EdgeServer::create(http::HttpServer& http,
                                               identity::TokenService& tokens, EdgeConfig config,
                                               UserLookup users, const Clock& clock, Random& random,
                                               Metrics& metrics, Log log, EdgeEventSink events) {
  const Duration interval = config.sweep_interval;
  http::WebSocketRoute route;
  auto origins = config.allowed_origins;
  const auto state =
      std::make_shared<State>(EdgeParts{tokens, std::move(config), std::move(users), clock, random,
                                        metrics, std::move(log), std::move(events)});
  const std::weak_ptr<State> weak = state;
  route.path = "/edge";
  route.protocol = kProtocol;
  route.max_message = kMaxFrame;
  route.allow = [weak, origins = std::move(origins)](const http::Request& request) {
    const auto s = weak.lock();
    return s && http::origin_allowed(request, origins) && s->core.admits(request);
  };
  route.accept = [weak](std::shared_ptr<http::WebSocket> socket, const http::Request&) {
    return serve(weak, std::move(socket));
  };
  http.websocket(std::move(route));
  sweep_later(http, interval, weak);
  return std::make_unique<Server>(http, state);
}

}  // namespace gw::acs::edge
