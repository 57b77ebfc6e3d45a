#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "acs/cloud/api_error.h"
#include "acs/cloud/api_request.h"
#include "acs/cloud/retry_policy.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"

namespace gw::acs::cloud {

// What carries requests to the cloud. Its thread is the ApiClient's; answers come there, once,
// never from inside the call.
class Carrier {
 public:
  using Answer = std::function<void(Result<http::Response>)>;
  virtual ~Carrier() = default;
  virtual void send(WireRequest request, Duration deadline, Answer answer) = 0;
  virtual void after(Duration delay, std::function<void()> task) = 0;
};

struct ApiAnswer {
  unsigned status = 200;
  nlohmann::json body;  // null when the answer has none.
};
using ApiResult = tl::expected<ApiAnswer, ApiError>;

// Asks the ACS resource: signs each attempt anew, sends again what was lost (429, 5xx, no answer)
// within the request's time and the budget of all requests, counts by operation. Owned by the
// CloudService; on its thread alone.
class ApiClient {
 public:
  using Done = std::function<void(ApiResult)>;

  ApiClient(Resource resource, Carrier& carrier, const Clock& clock, Random& random,
            Metrics& metrics, Log log);
  ~ApiClient();

  // Requests and attempts from now on are signed for this one: an access key is exchanged so.
  void set_resource(Resource resource) { resource_ = std::move(resource); }
  const Resource& resource() const { return resource_; }

  // `useful_for`: afterwards nobody waits for the outcome. `done` is called once, on this thread,
  // unless the client goes first.
  void call(ApiRequest request, Duration useful_for, Done done);

 private:
  struct Pending;
  void attempt(const std::shared_ptr<Pending>& pending);
  void answered(const std::shared_ptr<Pending>& pending, const Result<http::Response>& answer);
  void finish(Pending& pending, ApiResult result);
  bool try_again(const std::shared_ptr<Pending>& pending, std::optional<Duration> told,
                 const std::string& why);
  void count(std::string_view operation, const std::string& outcome);

  // Given to us.
  Resource resource_;
  Carrier& carrier_;
  const Clock& clock_;
  Random& random_;
  Metrics& metrics_;
  const Log log_;

  // State.
  RetryPolicy retries_;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();  // A late answer finds us gone.
};

}  // namespace gw::acs::cloud
