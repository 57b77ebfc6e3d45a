#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "acs/call_automation/call_commands.h"
#include "acs/events/call_event.h"
#include "gateway/call/call_stream.h"

namespace gw {

class Call;

// The media stream of an application's call connection: asked for with the call, started and
// stopped by REST, told of by events. Owned by an AppConnection; signalling thread.
class AppStream final : private CallStreamObserver {
 public:
  using Tag = acs::call_automation::Tag;
  struct Needs {
    Services& services;
    std::function<std::string()> token;  // Proves to the app that the stream is ours.
    std::function<void(std::string type, const Tag& tag, acs::events::ResultInformation result,
                       nlohmann::json more)>
        tell;
  };
  struct Facts {
    acs::call_automation::MediaStreaming wanted;
    std::string connection_id, correlation_id, subscription_id;
  };

  AppStream(Needs needs, Facts facts) : needs_(std::move(needs)), facts_(std::move(facts)) {}
  ~AppStream() override { stop(); }

  Result<void> start(Call& call, const Tag& tag);
  void start_with_call(Call& call, const Tag& tag);  // If asked for; what fails is an event.
  void stop();                                       // Says nothing.
  void tell_stopped(const Tag& tag);
  void move_to(Call& call);

  bool is_on() const { return stream_ != nullptr; }
  bool names_participants() const { return stream_ && !facts_.wanted.mixed; }
  void name(PortId participant, std::string raw_id) {
    stream_->name(participant, std::move(raw_id));
  }
  void press(char key, PortId from) {
    if (stream_ && facts_.wanted.dtmf) stream_->press(key, from);
  }
  acs::call_automation::StreamingState state() const { return {facts_.subscription_id, is_on()}; }

 private:
  // CallStreamObserver
  void on_stream_open() override;
  // It is tried again: what becomes of that is told.
  void on_stream_interrupted(uint16_t) override {}
  void on_stream_closed(const Error& why) override;
  void on_stream_key(char, const std::string&) override {}  // Apps say keys by sendDtmfTones.

  void tell(std::string type, std::string status, std::string details,
            acs::events::ResultInformation result);

  const Needs needs_;
  const Facts facts_;
  Call* call_ = nullptr;  // While it is on.
  std::unique_ptr<CallStream> stream_;
  Tag tag_;
  bool was_open_ = false;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace gw
