#pragma once

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/call/cloud_link.h"
#include "tests/unit/support/fake_media_engine.h"

namespace gw::test {

// The ACS resource in a test's hands: requests wait until the test answers them.
class FakeCloud final : public CloudLink {
 public:
  explicit FakeCloud(media::MediaEngine& media) : media_(media) {}

  Line open(acs::cloud::CloudCall::Direction direction, const Log& log) override {
    const std::string token = "token" + std::to_string(connections_.size() + 1);
    auto& connection = connections_[token];
    connection = std::make_unique<CloudConnection>(
        direction,
        [this](acs::cloud::ApiRequest request, Duration useful_for,
               acs::cloud::ApiClient::Done done) {
          sent.push_back(request);
          useful.push_back(useful_for);
          answers_.push_back(std::move(done));
        },
        log);
    last = connection.get();
    return {token,
            "",
            last,
            "https://gw.test/acs/callbacks/" + token,
            {"wss://gw.test/acs/media/" + token, false, 16000}};
  }
  void release(const std::string& token) override { released.push_back(token); }
  Result<std::unique_ptr<CloudAudio>> open_audio(const Line&, SessionId session,
                                                 CloudAudioObserver& observer,
                                                 const Log&) override {
    if (no_port) return fail(ErrorCode::Exhausted, "no port");
    audio = &observer;
    return std::make_unique<Audio>(*this, *media_.add_echo_port(session, {}));
  }
  bool may_present(const std::string& number) const override {
    return numbers.empty() || numbers.contains(number);
  }
  void reject(const std::string& context, acs::cloud::RejectReason) override {
    rejected.push_back(context);
  }

  std::string last_operation() const {
    return sent.empty() ? "" : std::string(sent.back().operation);
  }
  nlohmann::json last_body() const {
    return nlohmann::json::parse(sent.back().body, nullptr, false);
  }
  size_t waiting() const { return answers_.size(); }
  void answer(unsigned status = 204, nlohmann::json body = nullptr) {
    take()(acs::cloud::ApiAnswer{status, std::move(body)});
  }
  void answer_id(const char* id) { answer(201, {{"callConnectionId", id}}); }
  void refuse(unsigned status, ErrorCode code = ErrorCode::Forbidden) {
    take()(tl::unexpected(acs::cloud::ApiError{code, status, "", "refused"}));
  }
  void event(acs::cloud::CallEvent::Kind kind, acs::cloud::ResultInformation result = {}) {
    acs::cloud::CallEvent e;
    e.kind = kind;
    e.connection_id = "c1";
    e.result = std::move(result);
    last->on_event(e);
  }

  std::vector<acs::cloud::ApiRequest> sent;
  std::vector<Duration> useful;
  std::vector<std::string> released, rejected;
  std::set<std::string> numbers;
  CloudConnection* last = nullptr;
  CloudAudioObserver* audio = nullptr;
  std::string keys;  // Brought to the call.
  bool held = false;
  bool no_port = false;

 private:
  struct Audio final : CloudAudio {
    Audio(FakeCloud& cloud, PortId id) : cloud_(cloud), id_(id) {}
    PortId port() const override { return id_; }
    void receive_key(char key) override { cloud_.keys += key; }
    void hold(bool on) override { cloud_.held = on; }
    void move_to(SessionId) override {}
    FakeCloud& cloud_;
    const PortId id_;
  };
  acs::cloud::ApiClient::Done take() {
    auto done = std::move(answers_.front());
    answers_.pop_front();
    return done;
  }

  media::MediaEngine& media_;
  std::map<std::string, std::unique_ptr<CloudConnection>> connections_;
  std::deque<acs::cloud::ApiClient::Done> answers_;
};

}  // namespace gw::test
