#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "acs/events/call_event.h"
#include "acs/events/callback_signer.h"
#include "acs/events/event_delivery.h"
#include "acs/events/web_client.h"
#include "acs/events/webhook.h"
#include "acs/http/http_server.h"
#include "gateway/config/config.h"
#include "gateway/ops/chores.h"
#include "gateway/ops/dead_letters.h"
#include "media/tone/clip.h"

namespace gw {

// What the gateway says to apps and gets from them: callbacks, IncomingCall events, recordings to
// play; and the documents by which they verify it. Owned by App; made before the web server starts,
// gone after it stopped. Its work is done on the Asio thread.
class EventHost {
 public:
  struct Needs {
    acs::http::HttpServer& http;
    std::unique_ptr<acs::events::WebClient> web;
    std::unique_ptr<acs::events::CallbackSigner> signer;
    std::string resource_id;
    std::string state_dir;
    ops::Chores& chores;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    Log log;
    // A webhook proved itself, or is to do so again. Asio thread.
    std::function<void(const std::string& app, bool proven)> on_proven;
  };

  explicit EventHost(Needs needs);
  ~EventHost();

  // Any thread, all of these.
  void tell(const std::string& uri, acs::events::CallEvent event);
  void offer(const config::App& app, acs::events::IncomingCall call);
  // `done` runs on a thread of ours, once.
  void fetch(const std::string& url, std::function<void(Result<media::ClipPtr>)> done);
  void publish(const config::Config& config);
  // Any JSON to a webhook of the operator's: again until it is taken, for `lifetime`.
  void notify(const std::string& url, const std::string& name, const std::string& call,
              std::string json, Duration lifetime);

  std::string stream_token() const {
    return needs_.signer->token(acs::events::CallbackSigner::kStreamLifetime);
  }

  // Where the gateway is reached, for validationUrl: "https://host:8443". Before the server's first
  // handshake; any thread.
  void set_base(std::string base);

 private:
  void serve();
  void take(std::vector<config::App> apps);
  void start_webhook(const config::App& app);
  void on_recording(const std::string& url, Result<acs::http::Response> answer,
                    std::function<void(Result<media::ClipPtr>)> done);

  const Needs needs_;
  ops::DeadLetters dead_letters_;
  acs::events::EventDelivery delivery_;
  std::string base_;
  std::string topic_;
  std::map<std::string, config::App> apps_;
  std::map<std::string, std::unique_ptr<acs::events::Webhook>> webhooks_;
  size_t fetching_ = 0;
};

}  // namespace gw
