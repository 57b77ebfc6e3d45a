#include "gateway/call/app_media.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/support/manual_clock.h"

namespace gw {
namespace {

using acs::call_automation::Play;
using acs::call_automation::Recognize;
using nlohmann::json;
using ::testing::ElementsAre;

constexpr const char* kCaller = "4:+14255550100";

// Files, loudspeaker and clock are the test's.
class AppMediaTest : public testing::Test {
 protected:
  struct Fetch {
    std::string url;
    std::function<void(Result<media::ClipPtr>)> done;
  };
  using Played = AppMedia::Needs::Sound;

  AppMedia::Needs needs() {
    AppMedia::Needs needs;
    needs.fetch = [this](const std::string& url, auto done) { fetches.push_back({url, done}); };
    needs.play = [this](Played sound) { played.push_back(std::move(sound)); };
    needs.is_there = [this](const std::string& who) { return gone != who; };
    needs.after = [this](Duration delay, Task task) {
      const TimerId id{++last_timer};
      timers[id] = {clock.now() + delay, std::move(task)};
      return id;
    };
    needs.cancel = [this](TimerId id) { timers.erase(id); };
    needs.let_back = [this](const std::string& who) { let_back.push_back(who); };
    needs.tell = [this](std::string type, const acs::call_automation::Tag& tag,
                        acs::events::ResultInformation result, json more) {
      told.push_back(type + " " + std::to_string(result.sub_code) + " " + tag.context);
      last_more = std::move(more);
    };
    return needs;
  }
  void bring(size_t fetch) { fetches.at(fetch).done(std::make_shared<media::Clip>()); }
  void lose(size_t fetch, ErrorCode code) { fetches.at(fetch).done(fail(code, "why")); }
  void ends() { media->on_clip_ended(played.back().serial); }
  void pass(Duration time) {
    clock.advance(time);
    for (auto it = timers.begin(); it != timers.end();) {
      if (it->second.first > clock.now()) {
        ++it;
        continue;
      }
      Task task = std::move(it->second.second);
      timers.erase(it);
      task();
      it = timers.begin();
    }
  }
  void press(std::string_view keys, const std::string& who = kCaller) {
    for (const char key : keys) media->on_key(who, key);
  }
  static Play play(std::vector<std::string> files, const char* context = "p") {
    Play out;
    out.files = std::move(files);
    out.tag.context = context;
    return out;
  }
  static Recognize recognize(std::vector<std::string> prompt) {
    Recognize out;
    out.from = kCaller;
    out.prompt = std::move(prompt);
    out.max_tones = 2;
    out.stop_tones = "#";
    out.tag.context = "r";
    return out;
  }

  test::ManualClock clock;
  std::vector<Fetch> fetches;
  std::vector<std::string> let_back;
  std::vector<Played> played;
  std::string gone;  // Who left the call.
  std::map<TimerId, std::pair<TimePoint, Task>> timers;
  uint64_t last_timer = 0;
  std::vector<std::string> told;
  json last_more;
  std::optional<AppMedia> media{std::in_place, needs()};
};

TEST_F(AppMediaTest, files_are_played_one_after_the_other) {
  media->play(play({"a", "b"}));
  bring(0);
  bring(1);
  EXPECT_THAT(told, ElementsAre("PlayStarted 0 p"));
  EXPECT_EQ(played.size(), 1u);
  ends();
  EXPECT_EQ(played.size(), 2u);
  ends();
  EXPECT_THAT(told, ElementsAre("PlayStarted 0 p", "PlayCompleted 0 p"));
}

TEST_F(AppMediaTest, a_second_operation_waits_for_the_first) {
  media->play(play({"a"}, "one"));
  media->play(play({"b"}, "two"));
  EXPECT_EQ(fetches.size(), 1u);
  bring(0);
  ends();
  ASSERT_EQ(fetches.size(), 2u);
  bring(1);
  EXPECT_EQ(told.back(), "PlayStarted 0 two");
}

TEST_F(AppMediaTest, one_that_interrupts_cancels_the_others) {
  media->play(play({"a"}, "one"));
  bring(0);
  media->play(play({"b"}, "two"));
  Play loud = play({"c"}, "three");
  loud.interrupt = true;
  media->play(std::move(loud));
  EXPECT_THAT(told,
              ElementsAre("PlayStarted 0 one", "PlayCanceled 8508 one", "PlayCanceled 8508 two"));
  EXPECT_EQ(played.back().clip, nullptr) << "silence until the file is there";
  bring(1);
  EXPECT_EQ(told.back(), "PlayStarted 0 three");
}

TEST_F(AppMediaTest, a_loop_ends_when_it_is_cancelled) {
  Play loop = play({"a"});
  loop.loop = true;
  media->play(std::move(loop));
  bring(0);
  EXPECT_TRUE(played.back().loop);
  media->cancel_all();
  EXPECT_EQ(told.back(), "PlayCanceled 8508 p");
  EXPECT_EQ(played.back().clip, nullptr);
  ends();
  EXPECT_EQ(told.size(), 2u) << "an old end is old news";
}

TEST_F(AppMediaTest, files_that_cannot_be_had_or_read_fail_with_their_place) {
  media->play(play({"a", "b"}));
  bring(0);
  lose(1, ErrorCode::Unavailable);
  EXPECT_EQ(told.back(), "PlayFailed 8536 p");
  EXPECT_EQ(last_more["failedPlaySourceIndex"], 1);
  media->play(play({"c"}));
  lose(2, ErrorCode::InvalidArgument);
  EXPECT_EQ(told.back(), "PlayFailed 8535 p");
}

TEST_F(AppMediaTest, what_is_played_to_some_is_for_them_and_a_prompt_for_who_presses_keys) {
  Play some = play({"a"});
  some.to = {"8:acs:a_b", kCaller};
  media->play(std::move(some));
  bring(0);
  EXPECT_THAT(played.back().to, ElementsAre("8:acs:a_b", kCaller));
  ends();
  media->recognize(recognize({"prompt"}));
  bring(1);
  EXPECT_THAT(played.back().to, ElementsAre(kCaller));
  media->cancel_all();
  media->play(play({"b"}));
  bring(2);
  EXPECT_TRUE(played.back().to.empty()) << "for everybody";
}

TEST_F(AppMediaTest, what_is_for_one_who_left_is_over) {
  media->recognize(recognize({"prompt"}));
  media->play(play({"next"}));
  bring(0);
  media->on_somebody_left();
  EXPECT_TRUE(told.empty()) << "another left";
  gone = kCaller;
  media->on_somebody_left();
  EXPECT_EQ(told.back(), "RecognizeFailed 8523 r");
  EXPECT_EQ(played.back().clip, nullptr);
  bring(1);
  EXPECT_EQ(told.back(), "PlayStarted 0 p") << "the next goes on";
  Play late = play({"late"}, "late");
  late.to = {kCaller};
  media->play(std::move(late));
  ends();
  bring(2);
  EXPECT_EQ(told.back(), "PlayFailed 8523 late") << "nobody overhears what came too late";
}

TEST_F(AppMediaTest, tones_after_the_prompt_are_collected_to_the_most) {
  media->recognize(recognize({"prompt"}));
  bring(0);
  press("9");
  EXPECT_TRUE(told.empty()) << "keys count after a prompt that may not be interrupted";
  ends();
  press("4");
  press("7", "8:acs:somebody_else");
  press("2");
  EXPECT_THAT(told, ElementsAre("RecognizeCompleted 8531 r"));
  EXPECT_EQ(last_more["recognitionType"], "dtmf");
  EXPECT_EQ(last_more["dtmfResult"]["tones"], json({"four", "two"}));
  press("1");
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(AppMediaTest, a_key_interrupts_the_prompt_when_it_may) {
  Recognize barge = recognize({"prompt"});
  barge.interrupt_prompt = true;
  media->recognize(std::move(barge));
  bring(0);
  press("4");
  EXPECT_EQ(played.back().clip, nullptr);
  press("#");
  EXPECT_EQ(told.back(), "RecognizeCompleted 8514 r");
  EXPECT_EQ(last_more["dtmfResult"]["tones"], json({"four"}));
}

TEST_F(AppMediaTest, a_key_that_comes_before_the_prompt_s_file_is_heard_too) {
  Recognize barge = recognize({"prompt"});
  barge.interrupt_prompt = true;
  media->recognize(std::move(barge));
  press("42");
  EXPECT_EQ(told.back(), "RecognizeCompleted 8531 r");
  bring(0);
  EXPECT_TRUE(played.empty());
}

TEST_F(AppMediaTest, silence_is_measured_from_the_end_of_the_prompt) {
  media->recognize(recognize({"prompt"}));
  bring(0);
  pass(10s);
  ends();
  pass(4999ms);
  EXPECT_TRUE(told.empty());
  pass(1ms);
  EXPECT_THAT(told, ElementsAre("RecognizeFailed 8510 r"));
}

TEST_F(AppMediaTest, silence_between_tones_is_another) {
  media->recognize(recognize({}));
  press("4");
  pass(1999ms);
  EXPECT_TRUE(told.empty());
  pass(1ms);
  EXPECT_THAT(told, ElementsAre("RecognizeFailed 8532 r"));
}

TEST_F(AppMediaTest, a_prompt_that_cannot_be_played_fails_the_recognition) {
  media->recognize(recognize({"prompt"}));
  lose(0, ErrorCode::Unavailable);
  EXPECT_THAT(told, ElementsAre("RecognizeFailed 8511 r"));
}

TEST_F(AppMediaTest, music_says_nothing_and_makes_way) {
  media->start_music({kCaller, {"hold"}, {}});
  bring(0);
  EXPECT_TRUE(played.back().loop);
  media->play(play({"a"}));
  bring(1);
  EXPECT_THAT(told, ElementsAre("PlayStarted 0 p"));
  ends();
  media->start_music({kCaller, {"hold"}, {}});
  media->stop_music();
  EXPECT_EQ(told.size(), 2u);
  EXPECT_TRUE(let_back.empty());
}

TEST_F(AppMediaTest, a_hold_whose_music_cannot_be_had_has_failed_and_is_none) {
  media->start_music({kCaller, {"hold"}, {"h", ""}});
  EXPECT_TRUE(told.empty());
  lose(0, ErrorCode::Unavailable);
  EXPECT_THAT(told, ElementsAre("HoldFailed 8511 h"));
  EXPECT_THAT(let_back, ElementsAre(kCaller));
  EXPECT_TRUE(played.empty());
}

TEST_F(AppMediaTest, there_are_never_too_many) {
  for (size_t i = 0; i < AppMedia::kMostWaiting; ++i) EXPECT_TRUE(media->play(play({"a"})));
  EXPECT_FALSE(media->play(play({"a"})));
}

TEST_F(AppMediaTest, what_comes_when_the_call_is_gone_finds_nothing) {
  media->play(play({"a"}));
  media.reset();
  bring(0);
  EXPECT_TRUE(played.empty());
}

}  // namespace
}  // namespace gw
