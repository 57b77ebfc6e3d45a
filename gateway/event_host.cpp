#include "gateway/event_host.h"

#include <algorithm>
#include <utility>

namespace gw {
namespace {

using namespace acs::events;
using acs::http::Request;
using acs::http::Respond;
using acs::http::Response;

constexpr size_t kLargestRecording = 20u << 20;  // Ten minutes of 16 kHz mono PCM.
constexpr Duration kRecordingWithin = 15s;
constexpr size_t kMostFetching = 64;  // Recordings on their way, 20 MB each at most.

bool same_webhook(const config::App& a, const config::App& b) {
  return a.webhook == b.webhook && a.cloud_events == b.cloud_events;
}

// Written by an app's host name in its own request: what it sees us as.
std::string base_of(const Request& request) {
  return (request.tls ? "https://" : "http://") + std::string(request.header("Host"));
}

}  // namespace

EventHost::EventHost(Needs needs)
    : needs_(std::move(needs)),
      dead_letters_(needs_.state_dir + "/dead-letters.jsonl", needs_.chores, needs_.log),
      delivery_({*needs_.web, needs_.clock,
                 [this](Duration delay, std::function<void()> task) {
                   needs_.http.after(delay, std::move(task));
                 },
                 [this] { return needs_.signer->token(CallbackSigner::kCallbackLifetime); },
                 [this](std::string line) { dead_letters_.keep(std::move(line)); }, needs_.metrics,
                 needs_.log}),
      topic_(
          "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/acs-gateway/"
          "providers/microsoft.communication/communicationservices/" +
          needs_.resource_id) {
  serve();
}

EventHost::~EventHost() = default;

void EventHost::set_base(std::string base) {
  needs_.http.post([this, base = std::move(base)] { base_ = base; });
}

void EventHost::serve() {
  needs_.http.route(
      "GET /calling/.well-known/acsopenidconfiguration",
      [this](const Request& request, const Respond& respond) {
        respond(Response::json(200, needs_.signer->openid_configuration(base_of(request))));
      });
  needs_.http.route("GET /calling/keys", [this](const Request&, const Respond& respond) {
    respond(Response::json(200, needs_.signer->keys()));
  });
  // The validationUrl of webhooks in Event Grid's schema: whoever has the code may confirm.
  needs_.http.route("GET /eventgrid/validate", [this](const Request& request,
                                                      const Respond& respond) {
    const auto found = webhooks_.find(request.query_value("id").value_or(""));
    const bool good = found != webhooks_.end() &&
                      found->second->confirm(request.query_value("code").value_or(""));
    respond(good ? Response::text(200, "Webhook successfully validated as a subscription endpoint")
                 : Response::text(404, "There is no such subscription to validate."));
  });
}

void EventHost::tell(const std::string& uri, CallEvent event) {
  needs_.http.post([this, uri, event = std::move(event)] {
    EventDelivery::Event out;
    out.stream = event.connection_id;
    out.name = event.type;
    out.url = uri;
    out.headers = {{"x-ms-call-correlation-id", event.correlation_id},
                   {"x-ms-call-connection-id", event.connection_id}};
    out.body = to_cloud_events(event, needs_.random.uuid(), needs_.clock.wall());
    delivery_.push(std::move(out));
  });
}

void EventHost::offer(const config::App& app, IncomingCall call) {
  needs_.http.post([this, app, call = std::move(call)] {
    const EventSchema schema = app.cloud_events ? EventSchema::CloudEvents : EventSchema::EventGrid;
    EventDelivery::Event out;
    out.stream = call.correlation_id;
    out.name = "IncomingCall";
    out.url = app.webhook;
    out.sign = false;
    out.lifetime = app.ring_timeout;
    if (app.cloud_events) {
      out.content_type = "application/cloudevents+json; charset=utf-8";
    } else {
      out.headers = {{"aeg-event-type", "Notification"}, {"aeg-subscription-name", app.name}};
    }
    out.body = to_notification(call, schema, topic_, needs_.random.uuid(), needs_.clock.wall());
    delivery_.push(std::move(out));
  });
}

void EventHost::notify(const std::string& url, const std::string& name, const std::string& call,
                       std::string json, Duration lifetime) {
  needs_.http.post([this, url, name, call, json = std::move(json), lifetime] {
    EventDelivery::Event out;
    out.stream = call;
    out.name = name;
    out.url = url;
    out.sign = false;
    out.lifetime = lifetime;
    out.content_type = "application/json; charset=utf-8";
    out.body = json;
    delivery_.push(std::move(out));
  });
}

void EventHost::fetch(const std::string& url, std::function<void(Result<media::ClipPtr>)> done) {
  needs_.http.post([this, url, done = std::move(done)] {
    if (fetching_ >= kMostFetching) {
      return done(fail(ErrorCode::Exhausted, "too many files are being downloaded"));
    }
    ++fetching_;
    WebRequest request;
    request.method = "GET";
    request.url = url;
    request.timeout = kRecordingWithin;
    request.max_answer = kLargestRecording;
    needs_.web->send(std::move(request), [this, url, done](Result<Response> answer) {
      --fetching_;
      on_recording(url, std::move(answer), done);
    });
  });
}

void EventHost::on_recording(const std::string& url, Result<Response> answer,
                             std::function<void(Result<media::ClipPtr>)> done) {
  const std::string shown = url.substr(0, url.find('?'));
  if (!answer || answer->status != 200) {
    const std::string why =
        answer ? "status " + std::to_string(answer->status) : answer.error().detail;
    needs_.log.warn("recording could not be downloaded", {{"url", shown}, {"why", why}});
    return done(fail(ErrorCode::Unavailable, "file could not be downloaded: " + why));
  }
  const bool taken =
      needs_.chores.post([done, shown, log = needs_.log, file = std::move(answer->body)] {
        auto clip = media::read_clip(std::as_bytes(std::span(file)));
        if (!clip) {
          log.warn("recording could not be read", {{"url", shown}, {"why", clip.error().detail}});
        }
        done(std::move(clip));
      });
  if (!taken) done(fail(ErrorCode::Exhausted, "too many files are being read"));
}

void EventHost::publish(const config::Config& config) {
  needs_.http.post([this, apps = config.apps] { take(apps); });
}

void EventHost::take(std::vector<config::App> apps) {
  std::map<std::string, config::App> wanted;
  for (config::App& app : apps) wanted.emplace(app.name, std::move(app));
  for (auto it = webhooks_.begin(); it != webhooks_.end();) {
    const auto still = wanted.find(it->first);
    if (still != wanted.end() && same_webhook(still->second, apps_.at(it->first))) {
      ++it;
      continue;
    }
    needs_.on_proven(it->first, false);
    it = webhooks_.erase(it);
  }
  apps_ = std::move(wanted);
  for (const auto& [name, app] : apps_) {
    if (!webhooks_.contains(name)) start_webhook(app);
  }
}

void EventHost::start_webhook(const config::App& app) {
  Webhook::Settings settings{app.name, app.webhook,
                             app.cloud_events ? EventSchema::CloudEvents : EventSchema::EventGrid,
                             topic_, base_ + "/eventgrid/validate"};
  Webhook::Needs needs{*needs_.web,
                       needs_.clock,
                       needs_.random,
                       [this](Duration delay, std::function<void()> task) {
                         needs_.http.after(delay, std::move(task));
                       },
                       [this, name = app.name](bool proven) { needs_.on_proven(name, proven); },
                       needs_.log};
  auto& webhook = webhooks_[app.name];
  webhook = std::make_unique<Webhook>(std::move(settings), std::move(needs));
  webhook->start();
}

}  // namespace gw
