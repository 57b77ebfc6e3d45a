#include "acs/cloud/cloud_call.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gw::test {
namespace {

using namespace acs::cloud;
using Kind = CallEvent::Kind;
using State = CloudCall::State;
using Direction = CloudCall::Direction;

// Steps and what each is to cause, in a short hand: one letter an action.
//   R ringing  C connected  M media ready  B media broken  X transferred  x transfer failed
//   E ended  A send answer  J send reject  T send terminate  S start media
std::string shorthand(const CloudCall::Actions& actions) {
  std::string out;
  for (const CloudCall::Action& action : actions) {
    out += std::visit(
        [](const auto& a) -> char {
          using T = std::decay_t<decltype(a)>;
          if constexpr (std::is_same_v<T, CloudCall::TellRinging>) return 'R';
          if constexpr (std::is_same_v<T, CloudCall::TellConnected>) return 'C';
          if constexpr (std::is_same_v<T, CloudCall::TellMediaReady>) return 'M';
          if constexpr (std::is_same_v<T, CloudCall::TellMediaBroken>) return 'B';
          if constexpr (std::is_same_v<T, CloudCall::TellTransferred>) return 'X';
          if constexpr (std::is_same_v<T, CloudCall::TellTransferFailed>) return 'x';
          if constexpr (std::is_same_v<T, CloudCall::TellEnded>) return 'E';
          if constexpr (std::is_same_v<T, CloudCall::SendAnswer>) return 'A';
          if constexpr (std::is_same_v<T, CloudCall::SendReject>) return 'J';
          if constexpr (std::is_same_v<T, CloudCall::SendTerminate>) return 'T';
          if constexpr (std::is_same_v<T, CloudCall::SendStartMedia>) return 'S';
        },
        action);
  }
  return out;
}

enum Step {
  Create,
  Created,
  CreatedOther,  // Another connection id than the events have.
  Answer,
  Answered,
  Failed,  // The request was refused or lost.
  Connected,
  ConnectedOther,
  Disconnected,
  CreateFailed,
  AnswerFailed,
  MediaUp,
  MediaDown,
  StreamingFailed,
  TransferAccepted,
  TransferFailed,
  HangUp,
  Busy,
};

CloudCall::Actions act(CloudCall& call, Step step) {
  const auto event = [&](Kind kind, const char* id = "c1") {
    CallEvent e;
    e.kind = kind;
    e.connection_id = id;
    return call.on_event(e);
  };
  switch (step) {
    case Create: call.create_was_sent(); return {};
    case Created: return call.on_created("c1");
    case CreatedOther: return call.on_created("c2");
    case Answer: return call.answer();
    case Answered: return call.on_answered("c1");
    case Failed: return call.on_request_failed({ErrorCode::Timeout, 0, "", ""});
    case Connected: return event(Kind::CallConnected);
    case ConnectedOther: return event(Kind::CallConnected, "c2");
    case Disconnected: return event(Kind::CallDisconnected);
    case CreateFailed: return event(Kind::CreateCallFailed);
    case AnswerFailed: return event(Kind::AnswerFailed);
    case MediaUp: return call.on_media(true);
    case MediaDown: return call.on_media(false);
    case StreamingFailed: return event(Kind::MediaStreamingFailed);
    case TransferAccepted: return event(Kind::CallTransferAccepted);
    case TransferFailed: return event(Kind::CallTransferFailed);
    case HangUp: return call.hang_up(std::nullopt);
    case Busy: return call.hang_up(RejectReason::Busy);
  }
  return {};
}

struct Story {
  const char* name;
  Direction direction;
  std::vector<std::pair<Step, const char*>> steps;
  State end;
};

const Story kStories[] = {
    {"we call, it answers, it hangs up",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {MediaUp, ""}, {Connected, "CM"}, {Disconnected, "E"}},
     State::Ended},
    {"the socket comes after the connection",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {Connected, "C"}, {MediaUp, "M"}},
     State::Connected},
    {"the connection is told before the request is answered",
     Direction::WeCall,
     {{Create, ""}, {Connected, "C"}, {Created, ""}, {Disconnected, "E"}},
     State::Ended},
    {"events come doubled",
     Direction::WeCall,
     {{Create, ""},
      {Created, "R"},
      {Connected, "C"},
      {Connected, ""},
      {Disconnected, "E"},
      {Disconnected, ""}},
     State::Ended},
    {"the end comes before the connection",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {Disconnected, "E"}, {Connected, ""}},
     State::Ended},
    {"nobody answers there",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {CreateFailed, "E"}, {CreateFailed, ""}},
     State::Ended},
    {"the service refuses the request",
     Direction::WeCall,
     {{Create, ""}, {Failed, "E"}},
     State::Ended},
    {"a request thought lost comes to life and is ended",
     Direction::WeCall,
     {{Create, ""}, {Failed, "E"}, {Connected, "T"}, {Connected, ""}},
     State::Ended},
    {"we cancel while it rings",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {HangUp, "T"}, {Disconnected, ""}},
     State::Ended},
    {"we cancel before the connection has a name",
     Direction::WeCall,
     {{Create, ""}, {HangUp, ""}, {Created, "T"}, {Connected, ""}},
     State::Ended},
    {"we cancel and the connection is told before the answer",
     Direction::WeCall,
     {{Create, ""}, {HangUp, ""}, {Connected, "T"}, {Created, ""}},
     State::Ended},
    {"we cancel and the request fails",
     Direction::WeCall,
     {{Create, ""}, {HangUp, ""}, {Failed, ""}},
     State::Ended},
    {"we hang up in the call",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {Connected, "C"}, {HangUp, "T"}, {HangUp, ""}},
     State::Ended},
    {"another connection's events are not ours",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {ConnectedOther, ""}},
     State::Ringing},
    {"an answer that names another connection changes nothing",
     Direction::WeCall,
     {{Create, ""}, {Connected, "C"}, {CreatedOther, ""}},
     State::Connected},
    {"the service cannot reach our socket",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {Connected, "C"}, {StreamingFailed, "TE"}, {Disconnected, ""}},
     State::Ended},
    {"the socket is cut and comes again",
     Direction::WeCall,
     {{Create, ""},
      {Created, "R"},
      {MediaUp, ""},
      {Connected, "CM"},
      {MediaDown, "B"},
      {MediaUp, "M"},
      {StreamingFailed, ""}},
     State::Connected},
    {"the service gives a cut socket up and is asked for another",
     Direction::WeCall,
     {{Create, ""},
      {Created, "R"},
      {MediaUp, ""},
      {Connected, "CM"},
      {MediaDown, "B"},
      {StreamingFailed, "S"},
      {MediaUp, "M"}},
     State::Connected},
    {"a transfer is taken",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {Connected, "C"}, {TransferAccepted, "X"}, {Disconnected, ""}},
     State::Ended},
    {"a transfer fails and the call goes on",
     Direction::WeCall,
     {{Create, ""}, {Created, "R"}, {Connected, "C"}, {TransferFailed, "x"}, {HangUp, "T"}},
     State::Ended},
    {"nothing was sent, nothing is to be ended", Direction::WeCall, {{HangUp, ""}}, State::Ended},

    {"we are called and answer",
     Direction::WeAreCalled,
     {{Answer, "A"}, {Answered, ""}, {Connected, "C"}, {MediaUp, "M"}, {Disconnected, "E"}},
     State::Ended},
    {"the connection is told before our answer is confirmed",
     Direction::WeAreCalled,
     {{Answer, "A"}, {Connected, "C"}, {Answered, ""}, {HangUp, "T"}},
     State::Ended},
    {"the phone is busy", Direction::WeAreCalled, {{Busy, "J"}, {HangUp, ""}}, State::Ended},
    {"nobody answers the phone: it rings out",
     Direction::WeAreCalled,
     {{HangUp, ""}},
     State::Ended},
    {"the answer comes too late",
     Direction::WeAreCalled,
     {{Answer, "A"}, {AnswerFailed, "E"}},
     State::Ended},
    {"the answer is refused", Direction::WeAreCalled, {{Answer, "A"}, {Failed, "E"}}, State::Ended},
    {"the phone hangs up while our answer is on its way",
     Direction::WeAreCalled,
     {{Answer, "A"}, {HangUp, ""}, {Answered, "T"}, {Connected, ""}},
     State::Ended},
    {"an event before our answer is nobody's",
     Direction::WeAreCalled,
     {{Connected, ""}, {Answer, "A"}},
     State::Answering},
};

TEST(CloudCall, every_story_ends_as_it_should) {
  for (const Story& story : kStories) {
    SCOPED_TRACE(story.name);
    CloudCall call(story.direction);
    for (size_t i = 0; i < story.steps.size(); ++i) {
      EXPECT_EQ(shorthand(act(call, story.steps[i].first)), story.steps[i].second)
          << "step " << i + 1;
    }
    EXPECT_EQ(to_string(call.state()), to_string(story.end));
  }
}

TEST(CloudCall, tells_what_the_network_said_at_the_end) {
  CloudCall call(Direction::WeCall);
  call.create_was_sent();
  call.on_created("c1");
  CallEvent e;
  e.kind = Kind::CreateCallFailed;
  e.connection_id = "c1";
  e.result = {487, 10004, "nobody", 480, 19};
  const auto actions = call.on_event(e);
  ASSERT_EQ(actions.size(), 1u);
  const auto& told = std::get<CloudCall::TellEnded>(actions.front());
  EXPECT_EQ(told.result.sub_code, 10004);
  EXPECT_EQ(told.result.sip_status, 480);
  EXPECT_FALSE(told.error);
}

TEST(CloudCall, late_news_of_participants_is_old) {
  CloudCall call(Direction::WeCall);
  call.create_was_sent();
  CallEvent e;
  e.kind = Kind::ParticipantsUpdated;
  e.connection_id = "c1";
  e.sequence = 2;
  e.participants = {"8:acs:a_b"};
  call.on_event(e);
  e.sequence = 1;
  e.participants = {};
  call.on_event(e);
  EXPECT_EQ(call.participants(), (std::vector<std::string>{"8:acs:a_b"}));
}

// All orders in which the outcome of a call may reach us leave nothing at the service.
TEST(CloudCall, whatever_the_order_no_connection_is_left_behind) {
  std::vector<Step> steps{Created, Connected, HangUp, MediaUp};
  std::sort(steps.begin(), steps.end());
  do {
    CloudCall call(Direction::WeCall);
    call.create_was_sent();
    int terminated = 0;
    for (const Step step : steps) {
      for (const char c : shorthand(act(call, step))) terminated += c == 'T' ? 1 : 0;
    }
    EXPECT_EQ(terminated, 1);
    EXPECT_EQ(call.state(), State::Ended);
  } while (std::next_permutation(steps.begin(), steps.end()));
}

}  // namespace
}  // namespace gw::test
