#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "acs/cloud/api_client.h"
#include "acs/cloud/cloud_call.h"
#include "base/log.h"
#include "gateway/policy/hangup_cause.h"

namespace gw {

// What a cloud connection tells its leg. Signalling thread; never from inside a call of the leg's.
class CloudConnectionObserver {
 public:
  virtual ~CloudConnectionObserver() = default;
  virtual void on_cloud_ringing() = 0;
  virtual void on_cloud_connected() = 0;
  virtual void on_cloud_media(bool up) = 0;  // Its WebSocket; once connected.
  virtual void on_cloud_transfer(const Result<void>& taken) = 0;
  virtual void on_cloud_ended(const policy::HangupCause& cause) = 0;  // Once, last.
};

// One call of ours at ACS: does what its CloudCall says, by requests, and outlives its leg until
// nothing of it can be left at the service. Owned by the CloudHost; signalling thread.
class CloudConnection {
 public:
  // Answers come on the signalling thread, never from inside; none once `this` is gone.
  using Send =
      std::function<void(acs::cloud::ApiRequest, Duration useful_for, acs::cloud::ApiClient::Done)>;

  CloudConnection(acs::cloud::CloudCall::Direction direction, Send send, Log log);

  void observe(CloudConnectionObserver* observer) { observer_ = observer; }  // nullptr: it is gone.

  void create(const acs::cloud::CreateCall& call);
  // A call that came in: answered or rejected by its context, of use until `deadline_in` from now.
  void offer(std::string incoming_call_context) { context_ = std::move(incoming_call_context); }
  void answer(acs::cloud::AnswerCall call, Duration useful_for);
  void hang_up(const policy::HangupCause& cause);
  void send_digits(std::string_view keys);
  // The other end is given to `target`, a raw id; the outcome is told.
  void transfer(const std::string& target, const std::string& source_number);

  void on_event(const acs::cloud::CallEvent& event);
  void on_media(bool up);
  void release() { act(call_.release()); }  // Before it is destroyed.

  const acs::cloud::CloudCall& call() const { return call_; }
  bool talking() const { return was_connected_; }
  // Who is at the other end: whom we called or who called us, until the service says it better.
  void set_other_party(std::string raw_id) { other_party_ = std::move(raw_id); }

 private:
  using CloudCall = acs::cloud::CloudCall;
  void act(const CloudCall::Actions& actions);
  void act(const CloudCall::TellRinging&);
  void act(const CloudCall::TellConnected&);
  void act(const CloudCall::TellMediaReady&);
  void act(const CloudCall::TellMediaBroken&);
  void act(const CloudCall::TellTransferred&);
  void act(const CloudCall::TellTransferFailed& failed);
  void act(const CloudCall::TellEnded& ended);
  void act(const CloudCall::SendAnswer&);
  void act(const CloudCall::SendReject& reject);
  void act(const CloudCall::SendTerminate& terminate);
  void act(const CloudCall::SendStartMedia&);
  policy::HangupCause cause_of(const CloudCall::TellEnded& ended) const;
  void transfer_failed(int code, int sub_code, const std::string& why);
  void send(acs::cloud::ApiRequest request, Duration useful_for,
            std::function<void(const acs::cloud::ApiResult&)> then);

  // Given to us.
  const Send send_;
  const Log log_;
  CloudConnectionObserver* observer_ = nullptr;

  // State.
  acs::cloud::CloudCall call_;
  std::string context_;
  std::string other_party_;
  acs::cloud::AnswerCall answer_;
  Duration answer_useful_for_{};
  bool with_number_ = false;
  bool was_connected_ = false;
  std::string digits_due_;  // Pressed while a request for others is out: they keep their order.
  bool digits_out_ = false;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace gw
