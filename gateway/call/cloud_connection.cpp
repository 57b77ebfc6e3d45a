#include "gateway/call/cloud_connection.h"

#include <algorithm>
#include <utility>

#include "acs/identity/any_case.h"

namespace gw {
namespace {

using acs::cloud::ApiError;
using acs::cloud::ApiResult;
using acs::cloud::CloudCall;

constexpr Duration kSetUp = 20s;    // A caller waits no longer for createCall to be taken.
constexpr Duration kRequest = 15s;  // In a call.
constexpr Duration kHangUp = 60s;   // Nobody waits, and a call that stays costs money.
constexpr size_t kMaxDigits = 64;   // Waiting for their request.

std::string id_in(const ApiResult& result) {
  return acs::text_of(result->body, "callConnectionId");
}

ApiError without_id() {
  return {ErrorCode::Protocol, 0, "", "the service's answer names no callConnectionId"};
}

}  // namespace

CloudConnection::CloudConnection(CloudCall::Direction direction, Send send, Log log)
    : send_(std::move(send)), log_(std::move(log)), call_(direction) {}

void CloudConnection::send(acs::cloud::ApiRequest request, Duration useful_for,
                           std::function<void(const ApiResult&)> then) {
  send_(std::move(request), useful_for,
        [alive = std::weak_ptr(alive_), then = std::move(then)](const ApiResult& result) {
          if (!alive.expired() && then) then(result);
        });
}

void CloudConnection::create(const acs::cloud::CreateCall& call) {
  with_number_ = !call.source_number.empty();
  call_.create_was_sent();
  send(acs::cloud::create_call(call), kSetUp, [this](const ApiResult& result) {
    if (!result) return act(call_.on_request_failed(result.error()));
    const std::string id = id_in(result);
    act(id.empty() ? call_.on_request_failed(without_id()) : call_.on_created(id));
  });
}

void CloudConnection::answer(acs::cloud::AnswerCall call, Duration useful_for) {
  answer_ = std::move(call);
  answer_.incoming_call_context = context_;
  answer_useful_for_ = useful_for;
  act(call_.answer());
}

void CloudConnection::hang_up(const policy::HangupCause& cause) {
  act(call_.hang_up(policy::reject_reason(cause)));
}

void CloudConnection::send_digits(std::string_view keys) {
  if (call_.state() != CloudCall::State::Connected || other_party_.empty()) return;
  digits_due_ += keys.substr(0, kMaxDigits - std::min(kMaxDigits, digits_due_.size()));
  if (digits_due_.empty() || std::exchange(digits_out_, true)) return;
  const std::string now = std::exchange(digits_due_, {});
  send(acs::cloud::send_dtmf(call_.connection_id(), now, other_party_, ""), kRequest,
       [this, count = now.size()](const ApiResult& result) {
         digits_out_ = false;
         log_.info(result ? "digits were sent" : "digits were not sent", {{"count", count}});
         if (!digits_due_.empty()) send_digits("");
       });
}

void CloudConnection::transfer(const std::string& target, const std::string& source_number) {
  if (call_.state() != CloudCall::State::Connected) {
    if (observer_)
      observer_->on_cloud_transfer(fail(ErrorCode::Conflict, "ACS has not connected the call"));
    return;
  }
  send(acs::cloud::transfer_call({call_.connection_id(), target, "", source_number, ""}), kRequest,
       [this](const ApiResult& result) {
         if (!result)
           transfer_failed(static_cast<int>(result.error().status), 0, result.error().detail);
       });
}

void CloudConnection::on_event(const acs::cloud::CallEvent& event) {
  log_.debug("acs told", {{"event", to_string(event.kind)},
                          {"code", event.result.code},
                          {"sub_code", event.result.sub_code}});
  act(call_.on_event(event));
  const auto& all = call_.participants();
  // Of two it is the other one; of more, the party stays who it was.
  if (all.size() == 1) other_party_ = all.front();
}

void CloudConnection::on_media(bool up) {
  act(call_.on_media(up));
}

void CloudConnection::act(const CloudCall::Actions& actions) {
  for (const CloudCall::Action& action : actions) {
    std::visit([this](const auto& one) { act(one); }, action);
  }
}

void CloudConnection::act(const CloudCall::TellRinging&) {
  if (observer_) observer_->on_cloud_ringing();
}

void CloudConnection::act(const CloudCall::TellConnected&) {
  was_connected_ = true;
  if (observer_) observer_->on_cloud_connected();
}

void CloudConnection::act(const CloudCall::TellMediaReady&) {
  if (observer_) observer_->on_cloud_media(true);
}

void CloudConnection::act(const CloudCall::TellMediaBroken&) {
  if (observer_) observer_->on_cloud_media(false);
}

void CloudConnection::act(const CloudCall::TellTransferred&) {
  if (observer_) observer_->on_cloud_transfer({});
}

void CloudConnection::act(const CloudCall::TellTransferFailed& failed) {
  transfer_failed(failed.result.code, failed.result.sub_code, failed.result.message);
}

void CloudConnection::transfer_failed(int code, int sub_code, const std::string& why) {
  log_.warn("transfer failed", {{"code", code}, {"sub_code", sub_code}, {"why", why}});
  if (!observer_) return;
  observer_->on_cloud_transfer(fail(
      ErrorCode::Conflict, "ACS did not transfer the call: " + std::to_string(code) +
                               (sub_code != 0 ? "/" + std::to_string(sub_code) : "") + " " + why));
}

void CloudConnection::act(const CloudCall::TellEnded& ended) {
  if (observer_) std::exchange(observer_, nullptr)->on_cloud_ended(cause_of(ended));
}

policy::HangupCause CloudConnection::cause_of(const CloudCall::TellEnded& ended) const {
  if (!ended.error) return policy::from_acs(ended.result, was_connected_);
  const bool gone = ended.error->status == 404 || ended.error->status == 410;
  if (gone && !context_.empty()) {
    // Nobody tells that an unanswered caller gave up: our answer finds no call any more.
    return {policy::Cause::CancelledByCaller, 0, 0, "answered too late: " + ended.error->detail};
  }
  return policy::from_acs(*ended.error, with_number_);
}

void CloudConnection::act(const CloudCall::SendAnswer&) {
  send(acs::cloud::answer_call(answer_), answer_useful_for_, [this](const ApiResult& result) {
    if (!result) return act(call_.on_request_failed(result.error()));
    const std::string id = id_in(result);
    act(id.empty() ? call_.on_request_failed(without_id()) : call_.on_answered(id));
  });
}

void CloudConnection::act(const CloudCall::SendReject& reject) {
  send(acs::cloud::reject_call(context_, reject.reason), kHangUp, {});
}

void CloudConnection::act(const CloudCall::SendTerminate& terminate) {
  send(acs::cloud::terminate_call(terminate.connection_id), kHangUp, {});
}

void CloudConnection::act(const CloudCall::SendStartMedia&) {
  send(acs::cloud::start_media_streaming(call_.connection_id(), "", ""), kRequest, {});
}

}  // namespace gw
