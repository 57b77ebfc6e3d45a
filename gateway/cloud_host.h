#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "acs/cloud/cloud_service.h"
#include "acs/http/http_server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/call/cloud_link.h"
#include "gateway/call/services.h"
#include "gateway/config/config.h"
#include "gateway/ops/store.h"
#include "sip/sofia_loop.h"

namespace gw {

// Provider "cloud": the ACS resource as the gateway's calls see it. Brings the CloudService's news
// to the signalling thread, keeps every connection until nothing of it can be left at the service,
// has an identity made for each phone, and knows the resource's numbers. Owned by App; made before
// the edge server starts, gone after the calls and after that server stopped. Signalling thread.
class CloudHost final : public CloudLink {
 public:
  struct Needs {
    acs::http::HttpServer& http;
    sip::SofiaLoop& loop;
    ops::Store& store;
    const Clock& clock;
    Random& random;
    Metrics& metrics;
    Log log;
    std::function<void(const acs::cloud::IncomingCall& call)> on_incoming;
    // A configuration whose phones got identities is to come into force.
    std::function<void()> on_identities;
  };
  static Result<std::unique_ptr<CloudHost>> create(Needs needs, const config::Config& config);
  ~CloudHost() override;

  // Once the server runs; the services are those of the legs.
  void start(const config::Config& config, Services& services);
  // Its key may have been exchanged, and there may be phones without an identity.
  void set_config(const config::Config& config);

  // Requests are out: a call that is to be ended at the service, for one.
  bool busy() const { return requests_out_ > 0; }

  // CloudLink
  Line open(acs::cloud::CloudCall::Direction direction, const Log& log) override;
  void release(const std::string& token) override;
  Result<std::unique_ptr<CloudAudio>> open_audio(const Line& line, SessionId session,
                                                 CloudAudioObserver& observer,
                                                 const Log& log) override;
  bool may_present(const std::string& number) const override;
  void reject(const std::string& incoming_call_context, acs::cloud::RejectReason reason) override;

 private:
  CloudHost(Needs needs, const config::Config& config, acs::cloud::Resource resource,
            std::unique_ptr<acs::cloud::Carrier> carrier);

  void send(acs::cloud::ApiRequest request, Duration useful_for, acs::cloud::ApiClient::Done done);
  void make_next_identity();
  void on_identity_made(const std::string& username, const acs::cloud::ApiResult& result);
  void list_numbers();
  void list_page(const acs::cloud::ApiRequest& request);
  void on_page(const acs::cloud::ApiResult& result);
  CloudConnection* find(const std::string& token);

  // Given to us.
  const Needs needs_;
  const config::Config::Acs acs_;
  acs::cloud::Resource resource_;

  Services* services_ = nullptr;

  // Owned by us.
  std::unique_ptr<acs::cloud::CloudService> service_;
  std::map<std::string, std::unique_ptr<CloudConnection>> connections_;  // By token.

  // State.
  std::map<std::string, std::string> to_make_;  // Username -> key of the store.
  bool making_ = false;
  bool made_some_ = false;
  std::set<std::string> numbers_, page_by_page_;
  bool numbers_known_ = false;
  size_t requests_out_ = 0;
  Gauge& open_;
  // What comes late finds us gone.
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace gw
