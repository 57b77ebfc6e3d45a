#include "acs/cloud/cloud_service.h"

#include <utility>

namespace gw::acs::cloud {

CloudService::CloudService(Settings settings, std::unique_ptr<Carrier> carrier,
                           http::HttpServer& server, const Clock& clock, Random& random,
                           Metrics& metrics, Log log, Sinks sinks)
    : server_(server),
      callback_url_(settings.callback_url),
      metrics_(metrics),
      carrier_(std::move(carrier)),
      api_(std::move(settings.resource), *carrier_, clock, random, metrics, log),
      keys_(std::move(settings.token_metadata), *carrier_, clock, metrics, log),
      tokens_(std::move(settings.expected), keys_, clock),
      desk_(
          {server, tokens_, metrics, log, std::move(sinks.on_event), std::move(sinks.on_incoming)},
          std::move(settings.webhook_secret)),
      door_(server, [this](const http::Request& upgrade, TokenCheck::Verdict verdict) {
        check_socket(upgrade, std::move(verdict));
      }) {}

void CloudService::start() {
  server_.post([this] { keys_.fetch(); });
}

void CloudService::call(ApiRequest request, Duration useful_for, ApiClient::Done done) {
  server_.post([this, request = std::move(request), useful_for, done = std::move(done)] {
    api_.call(request, useful_for, done);
  });
}

void CloudService::set_resource(Resource resource) {
  server_.post([this, resource = std::move(resource)] { api_.set_resource(resource); });
}

void CloudService::expect(const std::string& token) {
  server_.post([this, token] { desk_.expect(token); });
}

void CloudService::forget(const std::string& token) {
  server_.post([this, token] {
    desk_.forget(token);
    door_.close(token);
  });
}

std::string CloudService::callback_uri(const std::string& token) const {
  return callback_url_ + std::string(CallbackDesk::kCallbacks) + token;
}

std::string CloudService::media_url(const std::string& token) const {
  return "wss" + callback_url_.substr(callback_url_.find("://")) + std::string(MediaDoor::kPath) +
         token;
}

void CloudService::serve_media(const std::string& token,
                               std::weak_ptr<streaming::MediaStream> stream) {
  server_.post([this, token, stream = std::move(stream)] { door_.open(token, stream); });
}

// The token is ours, it comes from ACS and is of that call's connection.
void CloudService::check_socket(const http::Request& upgrade, TokenCheck::Verdict verdict) {
  const auto counted = [this, verdict = std::move(verdict)](std::string_view refusal) {
    if (!refusal.empty()) {
      metrics_
          .counter("gw_cloud_sockets_refused_total", "Media WebSockets that were not let in.",
                   {{"reason", std::string(refusal)}})
          .Increment();
    }
    verdict(refusal);
  };
  const std::string token = MediaDoor::token_of(upgrade);
  const std::string connection(upgrade.header("x-ms-call-connection-id"));
  if (!desk_.expects(token)) return counted("unknown_call");
  tokens_.check(upgrade.header("Authorization"), [=, this](std::string_view refusal) {
    if (refusal.empty() && !desk_.bind(token, connection)) return counted("unknown_connection");
    counted(refusal);
  });
}

}  // namespace gw::acs::cloud
