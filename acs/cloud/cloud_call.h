#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "acs/cloud/api_error.h"
#include "acs/cloud/call_event.h"
#include "acs/cloud/call_requests.h"
#include "base/result.h"

namespace gw::acs::cloud {

// One call connection of Call Automation as its owner sees it, in either direction. Pure: what
// happened goes in, what is to be done comes out, and nothing is done here. Events may come
// doubled, out of order, before the answer to the request that caused them, and after the end.
//
//   we call:       New > Creating > Ringing > Connected > Ended
//   we are called: Offered > Answering > Connected > Ended
//
// An end of ours while a request is out waits for its answer, so that no connection is left behind
// at the service.
class CloudCall {
 public:
  enum class State { New, Creating, Ringing, Offered, Answering, Connected, Ended };
  enum class Direction { WeCall, WeAreCalled };

  // What is to be done.
  struct TellRinging {};
  struct TellConnected {};
  struct TellMediaReady {};
  struct TellMediaBroken {};  // The WebSocket is gone, the call is not.
  struct TellTransferred {};  // The service has the call's other end now; ours is over.
  struct TellTransferFailed {
    ResultInformation result;
  };
  struct TellEnded {
    ResultInformation result;
    std::optional<ApiError> error;
  };  // Once, last.
  struct SendAnswer {};
  struct SendReject {
    RejectReason reason;
  };
  struct SendTerminate {
    std::string connection_id;
  };
  struct SendStartMedia {};  // The service gave our WebSocket up; asked for, it comes again.
  using Action = std::variant<TellRinging, TellConnected, TellMediaReady, TellMediaBroken,
                              TellTransferred, TellTransferFailed, TellEnded, SendAnswer,
                              SendReject, SendTerminate, SendStartMedia>;
  using Actions = std::vector<Action>;

  explicit CloudCall(Direction direction)
      : state_(direction == Direction::WeCall ? State::New : State::Offered) {}

  // Requests and their outcomes.
  void create_was_sent();
  Actions on_created(const std::string& connection_id);
  Actions answer();                                       // The phone took the call.
  Actions on_answered(const std::string& connection_id);  // The service accepted :answer.
  Actions on_request_failed(const ApiError& error);       // Of create or answer.

  Actions on_event(const CallEvent& event);
  Actions on_media(bool up);  // Its WebSocket came, or went.

  // Ours: the other party hung up, or was busy, or did not answer. `reason` counts before the
  // answer; nullopt lets it ring out, as the service wants it for "nobody answered".
  Actions hang_up(std::optional<RejectReason> reason);
  // Its owner forgets it: what should have been over at the service by itself and was never said to
  // be, such as after a transfer, is ended there.
  Actions release();

  State state() const { return state_; }
  bool media_is_up() const { return media_up_; }
  const std::string& connection_id() const { return connection_id_; }
  // Whoever is at the other end, as ParticipantsUpdated says it.
  const std::vector<std::string>& participants() const { return participants_; }

 private:
  bool take_id(const std::string& connection_id);
  Actions connected();
  Actions ended(const ResultInformation& result, std::optional<ApiError> error = std::nullopt);
  Actions media_failed(const CallEvent& event);
  Actions after_the_end(const CallEvent& event);

  State state_;
  std::string connection_id_;   // Known from the answer, or from an event that was quicker.
  bool request_out_ = false;    // Create or answer: its outcome is not known.
  bool terminate_due_ = false;  // We hung up while it was out.
  bool terminated_ = false;
  bool rang_ = false;
  bool media_up_ = false;
  bool media_was_up_ = false;
  std::vector<std::string> participants_;
  int64_t participants_sequence_ = -1;
};

std::string_view to_string(CloudCall::State state);

}  // namespace gw::acs::cloud
