#include "acs/cloud/api_client.h"

#include <algorithm>
#include <utility>

namespace gw::acs::cloud {
namespace {

constexpr Duration kAttempt = 10s;  // One request's answer; a connection that is stuck is left.

bool is_success(unsigned status) {
  return status >= 200 && status <= 299;
}

// What may be another's turn next time. Other statuses say what will be said again.
bool may_pass(unsigned status) {
  return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

}  // namespace

struct ApiClient::Pending {
  ApiRequest request;
  Attempt attempt;
  TimePoint asked{};
  TimePoint expires{};
  unsigned attempts = 0;
  Done done;
};

ApiClient::ApiClient(Resource resource, Carrier& carrier, const Clock& clock, Random& random,
                     Metrics& metrics, Log log)
    : resource_(std::move(resource)),
      carrier_(carrier),
      clock_(clock),
      random_(random),
      metrics_(metrics),
      log_(std::move(log)),
      retries_(random) {}

ApiClient::~ApiClient() = default;

void ApiClient::call(ApiRequest request, Duration useful_for, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->request = std::move(request);
  pending->attempt = {random_.uuid(), random_.uuid(), clock_.wall()};
  pending->asked = clock_.now();
  pending->expires = pending->asked + useful_for;
  pending->done = std::move(done);
  retries_.asked();
  attempt(pending);
}

void ApiClient::attempt(const std::shared_ptr<Pending>& pending) {
  ++pending->attempts;
  const Duration left = std::max<Duration>(pending->expires - clock_.now(), 1ms);
  carrier_.send(sign(resource_, pending->request, pending->attempt, clock_.wall()),
                std::min(kAttempt, left),
                [this, alive = std::weak_ptr(alive_), pending](Result<http::Response> answer) {
                  if (!alive.expired()) answered(pending, answer);
                });
}

void ApiClient::answered(const std::shared_ptr<Pending>& pending,
                         const Result<http::Response>& answer) {
  const std::string_view operation = pending->request.operation;
  if (!answer) {
    count(operation, "none");
    if (try_again(pending, std::nullopt, answer.error().detail)) return;
    return finish(*pending, tl::unexpected(ApiError{
                                answer.error().code, 0, "",
                                std::string(operation) + ": no answer, " + answer.error().detail}));
  }
  count(operation, std::to_string(answer->status));
  if (is_success(answer->status)) {
    nlohmann::json body = nlohmann::json::parse(answer->body, nullptr, false);
    if (body.is_discarded()) body = nullptr;
    return finish(*pending, ApiAnswer{answer->status, std::move(body)});
  }
  ApiError error = to_error(*answer, operation, clock_.wall());
  if (may_pass(answer->status) &&
      try_again(pending, retry_after(*answer, clock_.wall()), error.detail)) {
    return;
  }
  finish(*pending, tl::unexpected(std::move(error)));
}

bool ApiClient::try_again(const std::shared_ptr<Pending>& pending, std::optional<Duration> told,
                          const std::string& why) {
  const auto wait = retries_.next(pending->attempts, told, pending->expires - clock_.now());
  if (!wait) return false;
  metrics_
      .counter("gw_cloud_retries_total", "Requests to ACS that were sent again.",
               {{"operation", std::string(pending->request.operation)}})
      .Increment();
  log_.warn("request to acs is sent again", {{"operation", pending->request.operation},
                                             {"attempt", pending->attempts + 1},
                                             {"in_ms", to_ms(*wait)},
                                             {"why", why}});
  carrier_.after(*wait, [this, alive = std::weak_ptr(alive_), pending] {
    if (!alive.expired()) attempt(pending);
  });
  return true;
}

void ApiClient::finish(Pending& pending, ApiResult result) {
  const Duration took = clock_.now() - pending.asked;
  metrics_
      .histogram("gw_cloud_request_seconds", "How long operations of ACS took, retries included.",
                 {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
                 {{"operation", std::string(pending.request.operation)}})
      .Observe(std::chrono::duration<double>(took).count());
  if (!result) {
    log_.warn("request to acs failed", {{"operation", pending.request.operation},
                                        {"attempts", pending.attempts},
                                        {"request_id", pending.attempt.client_request_id},
                                        {"why", result.error().detail}});
  }
  std::exchange(pending.done, {})(std::move(result));
}

void ApiClient::count(std::string_view operation, const std::string& outcome) {
  metrics_
      .counter("gw_cloud_requests_total", "Requests to ACS by operation and status.",
               {{"operation", std::string(operation)}, {"status", outcome}})
      .Increment();
}

}  // namespace gw::acs::cloud
