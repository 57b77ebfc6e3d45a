#include "acs/events/webhook.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace gw::acs::events {
namespace {

// Who asks, in the handshake of CloudEvents; what Azure's asks with, which apps compare.
constexpr const char* kOrigin = "eventgrid.azure.net";

std::string header_of(const http::Response& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (same_letters(key, name)) return value;
  }
  return {};
}

}  // namespace

Webhook::Webhook(Settings settings, Needs needs)
    : settings_(std::move(settings)), needs_(std::move(needs)), code_(needs_.random.uuid()) {}

void Webhook::start() {
  ask();
}

void Webhook::ask() {
  WebRequest request;
  request.url = settings_.url;
  if (settings_.schema == EventSchema::EventGrid) {
    request.headers = {{"Content-Type", "application/json; charset=utf-8"},
                       {"aeg-event-type", "SubscriptionValidation"},
                       {"aeg-subscription-name", settings_.name}};
    const std::string confirm = settings_.confirm_at + "?id=" + settings_.name + "&code=" + code_;
    request.body = to_subscription_validation(code_, confirm, settings_.topic, needs_.random.uuid(),
                                              needs_.clock.wall());
  } else {
    request.method = "OPTIONS";
    request.headers = {{"WebHook-Request-Origin", kOrigin}};
  }
  needs_.web.send(std::move(request),
                  [this, alive = std::weak_ptr(alive_)](const Result<http::Response>& answer) {
                    if (!alive.expired()) on_answer(answer);
                  });
}

void Webhook::on_answer(const Result<http::Response>& answer) {
  if (proven_) return;  // By its validationUrl meanwhile.
  if (answer && proves(*answer)) return set_proven();
  const std::string why =
      answer ? "status " + std::to_string(answer->status) + " without the proof asked for"
             : answer.error().detail;
  needs_.log.warn("webhook did not prove that it wants events, it is asked again",
                  {{"app", settings_.name}, {"why", why}, {"after_s", to_ms(pause_) / 1000}});
  needs_.after(pause_, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired() && !proven_) ask();
  });
  pause_ = std::min<Duration>(2 * pause_, kLongestPause);
}

// Event Grid takes 200 and not 202, and the code in the answer.
bool Webhook::proves(const http::Response& answer) const {
  if (answer.status != 200) return false;
  if (settings_.schema == EventSchema::CloudEvents) {
    const std::string allowed = header_of(answer, "WebHook-Allowed-Origin");
    return allowed == "*" || same_letters(allowed, kOrigin);
  }
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (!body.is_object()) return false;
  for (const auto& [key, value] : body.items()) {
    if (same_letters(key, "validationResponse") && value == code_) return true;
  }
  return false;
}

bool Webhook::confirm(const std::string& code) {
  if (code != code_) return false;
  if (!proven_) set_proven();
  return true;
}

void Webhook::set_proven() {
  proven_ = true;
  needs_.log.info("webhook proved that it wants events", {{"app", settings_.name}});
  needs_.changed(true);
}

}  // namespace gw::acs::events
