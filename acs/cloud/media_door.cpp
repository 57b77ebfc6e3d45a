#include "acs/cloud/media_door.h"

#include <deque>
#include <optional>
#include <utility>

#include "acs/streaming/stream_frame.h"

namespace gw::acs::cloud {
namespace {

constexpr uint16_t kPolicyViolation = 1008;  // RFC 6455 7.4.1
constexpr Duration kIdle = 30s;              // Sound comes 50 times a second.
constexpr size_t kMaxEarly = 100;            // Messages while its token is looked at: two seconds.

}  // namespace

// What stands between a socket and the call until its token was looked at.
struct MediaDoor::Gate {
  std::optional<http::WebSocketHandler> inside;
  std::deque<std::string> early;
  bool gone = false;

  void take(std::string_view message) {
    if (inside) {
      if (inside->on_message) inside->on_message(message);
    } else if (early.size() < kMaxEarly) {
      early.emplace_back(message);
    }
  }
  void close(uint16_t code) {
    gone = true;
    if (inside && inside->on_close) inside->on_close(code);
  }
  void enter(http::WebSocketHandler handler) {
    inside = std::move(handler);
    for (const std::string& message : std::exchange(early, {})) take(message);
  }
};

MediaDoor::MediaDoor(http::HttpServer& http, Check check) : check_(std::move(check)) {
  http::WebSocketRoute route;
  route.path = kPath;
  route.text = true;
  route.max_message = streaming::kMaxStreamMessage;
  route.idle_timeout = kIdle;
  route.allow = [this](const http::Request& upgrade) {
    return streams_.contains(token_of(upgrade));
  };
  route.accept = [this](std::shared_ptr<http::WebSocket> socket, const http::Request& upgrade) {
    return accept(std::move(socket), upgrade);
  };
  http.websocket(std::move(route));
}

std::string MediaDoor::token_of(const http::Request& upgrade) {
  return upgrade.path.starts_with(kPath) ? upgrade.path.substr(kPath.size()) : std::string();
}

void MediaDoor::open(const std::string& token, std::weak_ptr<streaming::MediaStream> stream) {
  streams_[token] = std::move(stream);
}

http::WebSocketHandler MediaDoor::accept(std::shared_ptr<http::WebSocket> socket,
                                         const http::Request& upgrade) {
  const auto gate = std::make_shared<Gate>();
  const auto found = streams_.find(token_of(upgrade));
  const auto stream =
      found == streams_.end() ? std::weak_ptr<streaming::MediaStream>() : found->second;
  check_(upgrade, [gate, socket, stream](std::string_view refusal) {
    if (gate->gone) return;
    const auto open = stream.lock();
    if (!refusal.empty() || !open) return socket->close(kPolicyViolation, "denied");
    gate->enter(open->attach(socket));
  });
  http::WebSocketHandler handler;
  handler.on_message = [gate](std::string_view message) { gate->take(message); };
  handler.on_close = [gate](uint16_t code) { gate->close(code); };
  return handler;
}

}  // namespace gw::acs::cloud
