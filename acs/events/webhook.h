#pragma once

#include <functional>
#include <memory>
#include <string>

#include "acs/events/call_event.h"
#include "acs/events/web_client.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

namespace gw::acs::events {

// An app's webhook and whether it proved that it wants our events: by the handshake of its schema,
// again with growing pauses while it does not answer. Events go to proven ones alone. Owned by App;
// Asio thread.
class Webhook {
 public:
  static constexpr Duration kFirstPause = 2s, kLongestPause = 5min;

  struct Settings {
    std::string name, url;
    EventSchema schema = EventSchema::EventGrid;
    std::string topic;       // The resource, as events name it.
    std::string confirm_at;  // Where a GET with ?id=&code= confirms: this webhook's validationUrl.
  };
  struct Needs {
    WebClient& web;
    const Clock& clock;
    Random& random;
    std::function<void(Duration, std::function<void()>)> after;
    std::function<void(bool)> changed;  // Proven from now on, or not any more.
    Log log;
  };

  Webhook(Settings settings, Needs needs);

  void start();
  // By the validationUrl: true when the code is the one that was sent.
  bool confirm(const std::string& code);

  bool proven() const { return proven_; }
  const Settings& settings() const { return settings_; }

 private:
  void ask();
  void on_answer(const Result<http::Response>& answer);
  bool proves(const http::Response& answer) const;
  void set_proven();

  const Settings settings_;
  const Needs needs_;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  const std::string code_;
  bool proven_ = false;
  Duration pause_ = kFirstPause;
};

}  // namespace gw::acs::events
