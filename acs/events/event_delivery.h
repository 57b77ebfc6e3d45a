#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "acs/events/web_client.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

namespace gw::acs::events {

// Brings events to apps: in order within a stream (a call), at least once, again with growing
// pauses until `lifetime` is over or the app says that it never will take it; then the event is a
// dead letter. Streams do not wait for each other. Owned by App; Asio thread.
class EventDelivery {
 public:
  static constexpr size_t kMostWaiting = 256;  // Of a stream: a call of hours has fewer.
  static constexpr size_t kMostWaitingInAll = 20'000;
  static constexpr Duration kFirstPause = 1s, kLongestPause = 30s;

  struct Event {
    std::string stream;
    std::string name;  // For log and metrics: "CallConnected".
    std::string url;
    std::string content_type = "application/json; charset=utf-8";
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body;
    bool sign = true;          // With a fresh bearer for each attempt.
    Duration lifetime = 5min;  // Since it was pushed.
  };
  struct Needs {
    WebClient& web;
    const Clock& clock;
    std::function<void(Duration, std::function<void()>)> after;  // On this thread.
    std::function<std::string()> bearer;                         // A token of five minutes.
    // A line of JSON, without blocking.
    std::function<void(std::string)> dead_letter;
    Metrics& metrics;
    Log log;
  };

  explicit EventDelivery(Needs needs);
  ~EventDelivery();  // What still waits is a dead letter.
  EventDelivery(const EventDelivery&) = delete;
  EventDelivery& operator=(const EventDelivery&) = delete;

  void push(Event event);
  size_t waiting() const { return waiting_; }

 private:
  struct Waiting {
    Event event;
    TimePoint since{};
    unsigned attempts = 0;
  };
  struct Stream {
    std::deque<Waiting> queue;
    bool busy = false;  // The first is out, or pauses.
  };

  void send_first(const std::string& stream);
  void on_answer(const std::string& stream, const Result<http::Response>& answer);
  void on_done(const std::string& stream, bool delivered, std::string_view why);
  void bury(const Waiting& waiting, std::string_view why);

  const Needs needs_;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::unordered_map<std::string, Stream> streams_;
  size_t waiting_ = 0;
  Counter& delivered_;
  Counter& retried_;
  Counter& buried_;
};

}  // namespace gw::acs::events
