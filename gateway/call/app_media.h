#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "acs/call_automation/call_commands.h"
#include "acs/events/call_event.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/task.h"
#include "media/tone/clip.h"

namespace gw {

// What an application plays to a call and collects from it: one operation at a time, the others
// wait or cancel it. Owned by an AppConnection; signalling thread.
class AppMedia {
 public:
  static constexpr size_t kMostWaiting = 32;
  static constexpr Duration kLongestSilence = 5min;  // When none is asked for.

  struct Needs {
    // Gets a recording; answers later, on this thread.
    std::function<void(const std::string& url, std::function<void(Result<media::ClipPtr>)>)> fetch;
    // In place of what plays; a clip that is null: nothing. `to`: who hears it; empty = everybody.
    struct Sound {
      media::ClipPtr clip;
      bool loop = false;
      uint64_t serial = 0;
      std::vector<std::string> to{};
    };
    std::function<void(Sound sound)> play;
    std::function<bool(const std::string& who)> is_there;
    std::function<TimerId(Duration, Task)> after;
    std::function<void(TimerId)> cancel;
    std::function<void(std::string type, const acs::call_automation::Tag& tag,
                       acs::events::ResultInformation result, nlohmann::json more)>
        tell;
    std::function<void(const std::string& who)> let_back;  // From hold, to the others.
  };

  explicit AppMedia(Needs needs) : needs_(std::move(needs)) {}
  ~AppMedia();
  AppMedia(const AppMedia&) = delete;
  AppMedia& operator=(const AppMedia&) = delete;

  // False: too many wait.
  bool play(acs::call_automation::Play play);
  bool recognize(acs::call_automation::Recognize recognize);
  void cancel_all();

  // Of a hold: played round and round until stop_music() or the next operation. When it cannot be
  // had the hold has failed.
  void start_music(acs::call_automation::Hold hold);
  void stop_music();

  void on_key(const std::string& from, char key);
  void on_clip_ended(uint64_t serial);
  void on_somebody_left();  // What was for them alone is over.

 private:
  enum class Stage { Waiting, Fetching, Playing, Listening };
  using Music = acs::call_automation::Hold;
  struct Operation {
    std::variant<acs::call_automation::Play, acs::call_automation::Recognize, Music> what;
    uint64_t id = 0;
    Stage stage = Stage::Waiting;
    std::vector<media::ClipPtr> clips{};
    size_t next = 0;  // Of the clips, to play.
    std::string tones{};
  };

  bool add(Operation operation, bool interrupt);
  void begin();
  void fetch_next();
  void on_clip(uint64_t operation, Result<media::ClipPtr> clip);
  void play_next();
  void after_prompt();
  void listen(Duration silence);
  void on_silence();
  void silence_clip();
  void finish(std::string type, acs::events::ResultInformation result,
              nlohmann::json more = nlohmann::json::object());
  void tell(const Operation& operation, std::string type, acs::events::ResultInformation result,
            nlohmann::json more = nlohmann::json::object());
  const std::vector<std::string>& files_of(const Operation& operation) const;
  bool loops(const Operation& operation) const;
  static std::vector<std::string> audience_of(const Operation& operation);
  bool is_for_somebody(const Operation& operation) const;
  void fail_without_audience();

  const Needs needs_;
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::deque<Operation> operations_;  // The first is at work.
  uint64_t next_id_ = 1;
  uint64_t serial_ = 0;  // Of the clip that plays; others' ends are old news.
  TimerId timer_;
};

}  // namespace gw
