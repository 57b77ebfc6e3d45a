#include "gateway/cloud_host.h"

#include <utility>

#include "acs/cloud/http_carrier.h"
#include "acs/cloud/identity_requests.h"
#include "acs/identity/any_case.h"
#include "gateway/call/call_stream.h"
#include "gateway/state.h"

namespace gw {
namespace {

using acs::cloud::ApiResult;
using acs::cloud::CallEvent;
using acs::cloud::IncomingCall;

constexpr size_t kTokenSize = 32;         // 190 bits.
constexpr Duration kAfterwards = 90s;     // Late events and requests of a call that is over.
constexpr Duration kHouseKeeping = 1min;  // For what no caller waits for.
constexpr Duration kListAgain = 1h;
constexpr Duration kTryAgain = 5min;
constexpr size_t kPage = 100;
constexpr Duration kKeyLength = 160ms;  // DtmfData says nothing of it.
constexpr size_t kMaxNumbers = 100'000;

// A leg's stream as the leg knows it.
class StreamAudio final : public CloudAudio, private CallStreamObserver {
 public:
  StreamAudio(Services& services, CloudAudioObserver& observer, const Log& log, SessionId session,
              CallStream::Spec spec)
      : observer_(observer), stream_(services, *this, log, session, std::move(spec)) {}

  Result<void> open() { return stream_.open(); }
  std::weak_ptr<acs::streaming::MediaStream> stream() const { return stream_.stream(); }

  PortId port() const override { return stream_.port(); }
  void receive_key(char key) override { stream_.receive_key(key, kKeyLength); }
  void hold(bool on) override { stream_.hold(on); }
  void move_to(SessionId session) override { stream_.move_to(session); }

 private:
  void on_stream_open() override { observer_.on_audio(true); }
  void on_stream_interrupted(uint16_t) override { observer_.on_audio(false); }
  void on_stream_closed(const Error& why) override { observer_.on_audio_failed(why); }
  void on_stream_key(char key, const std::string&) override { observer_.on_audio_key(key); }

  CloudAudioObserver& observer_;
  CallStream stream_;
};

}  // namespace

Result<std::unique_ptr<CloudHost>> CloudHost::create(Needs needs, const config::Config& config) {
  auto resource = acs::cloud::parse_connection_string(config.acs.connection_string);
  if (!resource) return tl::unexpected(resource.error());
  auto carrier =
      acs::cloud::HttpCarrier::create(config.acs.cloud_ca, needs.http, needs.metrics, needs.log);
  if (!carrier) return tl::unexpected(carrier.error());
  return std::unique_ptr<CloudHost>(
      new CloudHost(std::move(needs), config, std::move(*resource), std::move(*carrier)));
}

CloudHost::CloudHost(Needs needs, const config::Config& config, acs::cloud::Resource resource,
                     std::unique_ptr<acs::cloud::Carrier> carrier)
    : needs_(std::move(needs)),
      acs_(config.acs),
      resource_(resource),
      open_(needs_.metrics.gauge("gw_cloud_connections", "Call connections kept at ACS.")) {
  acs::cloud::CloudService::Settings settings{std::move(resource),
                                              acs_.webhook_secret,
                                              {acs_.token_issuer, acs_.resource_id},
                                              acs_.token_metadata,
                                              acs_.callback_url};
  acs::cloud::CloudService::Sinks sinks;
  sinks.on_event = [this, alive = std::weak_ptr(alive_)](const std::string& token,
                                                         const CallEvent& event) {
    needs_.loop.post([this, alive, token, event] {
      if (alive.expired()) return;
      if (CloudConnection* connection = find(token)) connection->on_event(event);
    });
  };
  sinks.on_incoming = [this, alive = std::weak_ptr(alive_)](const IncomingCall& call) {
    needs_.loop.post([this, alive, call] {
      if (!alive.expired()) needs_.on_incoming(call);
    });
  };
  service_ = std::make_unique<acs::cloud::CloudService>(
      std::move(settings), std::move(carrier), needs_.http, needs_.clock, needs_.random,
      needs_.metrics, needs_.log, std::move(sinks));
}

CloudHost::~CloudHost() = default;

void CloudHost::start(const config::Config& config, Services& services) {
  services_ = &services;
  service_->start();
  list_numbers();
  set_config(config);
}

void CloudHost::set_config(const config::Config& config) {
  const auto resource = acs::cloud::parse_connection_string(config.acs.connection_string);
  if (resource && resource->origin == resource_.origin && !(resource->key == resource_.key)) {
    resource_ = *resource;
    service_->set_resource(*resource);
    needs_.log.info("acs's access key was exchanged");
  }
  for (const config::Phone& phone : config.phones) {
    if (phone.identity.empty())
      to_make_[phone.username] = State::identity_key(config, phone.username);
  }
  if (!making_) make_next_identity();
}

// One after the other: a thousand in 30 s is all that the service takes.
void CloudHost::make_next_identity() {
  making_ = !to_make_.empty();
  if (!making_) {
    if (std::exchange(made_some_, false)) needs_.on_identities();
    return;
  }
  send(acs::cloud::create_identity(), kHouseKeeping,
       [this, username = to_make_.begin()->first](const ApiResult& result) {
         on_identity_made(username, result);
       });
}

void CloudHost::on_identity_made(const std::string& username, const ApiResult& result) {
  std::string id;
  if (result) {
    if (const auto* identity = acs::member(result->body, "identity")) {
      id = acs::text_of(*identity, "id");
    }
  }
  if (!id.starts_with("8:acs:")) {
    needs_.log.warn("a phone has no identity at acs, users cannot call it yet",
                    {{"phone", username}});
    if (std::exchange(made_some_, false)) needs_.on_identities();  // Of those that were made.
    making_ = false;
    needs_.loop.after(kTryAgain, [this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired() && !making_) make_next_identity();
    });
    return;
  }
  const std::string key = std::exchange(to_make_[username], {});
  to_make_.erase(username);
  needs_.log.info("an identity was made", {{"phone", username}, {"identity", id}});
  needs_.store.keep_value(key, id, [this, alive = std::weak_ptr(alive_)](const Result<bool>& kept) {
    needs_.loop.post([this, alive, good = kept.has_value()] {
      if (alive.expired()) return;
      made_some_ = made_some_ || good;
      make_next_identity();
    });
  });
}

void CloudHost::list_numbers() {
  page_by_page_.clear();
  list_page(acs::cloud::list_numbers(0, kPage));
}

void CloudHost::list_page(const acs::cloud::ApiRequest& request) {
  send(request, kHouseKeeping, [this](const ApiResult& result) { on_page(result); });
}

void CloudHost::on_page(const ApiResult& result) {
  const auto again = [this](Duration delay) {
    needs_.loop.after(delay, [this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) list_numbers();
    });
  };
  if (!result) return again(kTryAgain);
  const auto* page = acs::member(result->body, "phoneNumbers");
  if (page && page->is_array()) {
    for (const auto& one : *page) {
      if (std::string number = acs::text_of(one, "phoneNumber"); !number.empty()) {
        page_by_page_.insert(std::move(number));
      }
    }
  }
  const std::string next = acs::text_of(result->body, "nextLink");
  const auto request = acs::cloud::list_numbers_at(resource_, next);
  if (request && page && !page->empty() && page_by_page_.size() < kMaxNumbers) {
    return list_page(*request);
  }
  numbers_ = std::exchange(page_by_page_, {});
  if (!std::exchange(numbers_known_, true)) {
    needs_.log.info("acs's numbers were listed", {{"numbers", numbers_.size()}});
  }
  again(kListAgain);
}

bool CloudHost::may_present(const std::string& number) const {
  return !numbers_known_ || numbers_.contains(number);
}

void CloudHost::send(acs::cloud::ApiRequest request, Duration useful_for,
                     acs::cloud::ApiClient::Done done) {
  ++requests_out_;
  service_->call(std::move(request), useful_for,
                 [this, alive = std::weak_ptr(alive_), done = std::move(done)](ApiResult result) {
                   needs_.loop.post([this, alive, done, result = std::move(result)] {
                     if (alive.expired()) return;
                     --requests_out_;
                     done(result);
                   });
                 });
}

CloudConnection* CloudHost::find(const std::string& token) {
  const auto it = connections_.find(token);
  return it == connections_.end() ? nullptr : it->second.get();
}

CloudLink::Line CloudHost::open(acs::cloud::CloudCall::Direction direction, const Log& log) {
  const std::string token = needs_.random.alphanumeric(kTokenSize);
  auto& connection = connections_[token];
  connection = std::make_unique<CloudConnection>(
      direction,
      [this](acs::cloud::ApiRequest request, Duration useful_for,
             acs::cloud::ApiClient::Done done) {
        send(std::move(request), useful_for, std::move(done));
      },
      log);
  service_->expect(token);
  open_.Set(static_cast<double>(connections_.size()));
  return {token,
          "",
          connection.get(),
          service_->callback_uri(token),
          {service_->media_url(token), acs_.unmixed, static_cast<int>(acs_.sample_rate)}};
}

Result<std::unique_ptr<CloudAudio>> CloudHost::open_audio(const Line& line, SessionId session,
                                                          CloudAudioObserver& observer,
                                                          const Log& log) {
  CallStream::Spec spec;
  spec.stream.role = acs::streaming::StreamRole::Client;
  spec.stream.rate = acs_.sample_rate;
  spec.stream.own_id = line.own_id;
  auto audio = std::make_unique<StreamAudio>(*services_, observer, log, session, std::move(spec));
  if (auto opened = audio->open(); !opened) return tl::unexpected(opened.error());
  service_->serve_media(line.token, audio->stream());
  return std::unique_ptr<CloudAudio>(std::move(audio));
}

void CloudHost::release(const std::string& token) {
  needs_.loop.after(kAfterwards, [this, alive = std::weak_ptr(alive_), token] {
    if (alive.expired()) return;
    if (CloudConnection* connection = find(token)) connection->release();
    connections_.erase(token);
    service_->forget(token);
    open_.Set(static_cast<double>(connections_.size()));
  });
}

void CloudHost::reject(const std::string& incoming_call_context, acs::cloud::RejectReason reason) {
  send(acs::cloud::reject_call(incoming_call_context, reason), kHouseKeeping,
       [](const ApiResult&) {});
}

}  // namespace gw
