#include "acs/events/event_delivery.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace gw::acs::events {
namespace {

constexpr Duration kAnswerWithin = 10s;

// As Event Grid: the receiver understood, and does not want it.
bool is_final(unsigned status) {
  for (const unsigned refused : {400u, 401u, 403u, 404u, 405u, 410u, 413u}) {
    if (status == refused) return true;
  }
  return false;
}

// A query may hold the app's secret.
std::string shown(const std::string& url) {
  return url.substr(0, url.find('?'));
}

Duration pause_after(unsigned attempts) {
  const unsigned doublings = std::min(attempts - 1, 8u);
  return std::min<Duration>(EventDelivery::kFirstPause * (1 << doublings),
                            EventDelivery::kLongestPause);
}

}  // namespace

EventDelivery::EventDelivery(Needs needs)
    : needs_(std::move(needs)),
      delivered_(needs_.metrics.counter("gw_events_delivered_total", "Events that apps took.")),
      retried_(needs_.metrics.counter("gw_events_retried_total",
                                      "Attempts to deliver an event that failed.")),
      buried_(needs_.metrics.counter("gw_events_dead_total",
                                     "Events that no app took: they are in dead-letters.jsonl.")) {}

EventDelivery::~EventDelivery() {
  for (const auto& [name, stream] : streams_) {
    for (const Waiting& waiting : stream.queue) bury(waiting, "the gateway stopped");
  }
}

void EventDelivery::push(Event event) {
  const Stream* known = streams_.contains(event.stream) ? &streams_.at(event.stream) : nullptr;
  const bool full = waiting_ >= kMostWaitingInAll || (known && known->queue.size() >= kMostWaiting);
  Waiting waiting{std::move(event), needs_.clock.now(), 0};
  if (full) return bury(waiting, "too many events wait for this app");
  const std::string name = waiting.event.stream;
  Stream& stream = streams_[name];
  stream.queue.push_back(std::move(waiting));
  ++waiting_;
  if (!stream.busy) send_first(name);
}

void EventDelivery::send_first(const std::string& name) {
  const auto found = streams_.find(name);
  if (found == streams_.end() || found->second.queue.empty()) return;
  found->second.busy = true;
  Waiting& first = found->second.queue.front();
  ++first.attempts;
  WebRequest request;
  request.url = first.event.url;
  request.headers = first.event.headers;
  request.headers.emplace_back("Content-Type", first.event.content_type);
  if (first.event.sign) request.headers.emplace_back("Authorization", "Bearer " + needs_.bearer());
  request.body = first.event.body;
  request.timeout = kAnswerWithin;
  needs_.web.send(std::move(request), [this, name, alive = std::weak_ptr(alive_)](
                                          const Result<http::Response>& answer) {
    if (!alive.expired()) on_answer(name, answer);
  });
}

void EventDelivery::on_answer(const std::string& name, const Result<http::Response>& answer) {
  const auto found = streams_.find(name);
  if (found == streams_.end() || found->second.queue.empty()) return;
  if (answer && answer->status >= 200 && answer->status < 300) return on_done(name, true, "");
  const std::string why =
      answer ? "status " + std::to_string(answer->status) : answer.error().detail;
  if (answer && is_final(answer->status)) return on_done(name, false, why);

  Waiting& first = found->second.queue.front();
  const Duration pause = pause_after(first.attempts);
  if (needs_.clock.now() + pause > first.since + first.event.lifetime) {
    return on_done(name, false, why);
  }
  retried_.Increment();
  if (first.attempts == 1) {
    needs_.log.warn("event was not taken, it is sent again", {{"event", first.event.name},
                                                              {"stream", name},
                                                              {"url", shown(first.event.url)},
                                                              {"why", why}});
  }
  needs_.after(pause, [this, name, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) send_first(name);
  });
}

void EventDelivery::on_done(const std::string& name, bool delivered, std::string_view why) {
  Stream& stream = streams_.at(name);
  const Waiting first = std::move(stream.queue.front());
  stream.queue.pop_front();
  --waiting_;
  stream.busy = false;
  if (delivered) {
    delivered_.Increment();
    needs_.log.debug("event was delivered", {{"event", first.event.name}, {"stream", name}});
  } else {
    bury(first, why);
  }
  if (stream.queue.empty()) {
    streams_.erase(name);
  } else {
    send_first(name);
  }
}

void EventDelivery::bury(const Waiting& waiting, std::string_view why) {
  buried_.Increment();
  needs_.log.error("event was given up", {{"event", waiting.event.name},
                                          {"stream", waiting.event.stream},
                                          {"url", shown(waiting.event.url)},
                                          {"attempts", waiting.attempts},
                                          {"why", why}});
  using nlohmann::json;
  needs_.dead_letter(json{{"at", iso8601(needs_.clock.wall())},
                          {"event", waiting.event.name},
                          {"stream", waiting.event.stream},
                          {"url", shown(waiting.event.url)},
                          {"attempts", waiting.attempts},
                          {"why", why},
                          {"body", waiting.event.body}}
                         .dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace gw::acs::events
