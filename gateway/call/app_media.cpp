#include "gateway/call/app_media.h"

#include <algorithm>
#include <utility>

#include "acs/identity/tones.h"

namespace gw {
namespace {

using acs::call_automation::Play;
using acs::call_automation::Recognize;
using acs::call_automation::Tag;
using acs::events::ResultInformation;
using nlohmann::json;

// Azure's codes of media operations.
const ResultInformation kDone{200, 0, "Action completed successfully."};
const ResultInformation kCancelled{400, 8508, "Action failed, the operation was cancelled."};
const ResultInformation kPromptFailed{500, 8511,
                                      "Action failed, encountered failure while trying to play the "
                                      "prompt."};
const ResultInformation kInitialSilence{400, 8510,
                                        "Action failed, initial silence timeout reached."};
const ResultInformation kInterToneSilence{400, 8532,
                                          "Action failed, inter-digit silence timeout reached."};
const ResultInformation kStopTone{200, 8514, "Action completed as stop tone was detected."};
const ResultInformation kMaxTones{200, 8531, "Action completed, max digits received."};
const ResultInformation kNobodyThere{404, 8523, "Action failed, the participant left the call."};
constexpr unsigned kBadFormat = 8535, kNotDownloaded = 8536;

}  // namespace

AppMedia::~AppMedia() {
  needs_.cancel(timer_);
}

const std::vector<std::string>& AppMedia::files_of(const Operation& operation) const {
  if (const auto* play = std::get_if<Play>(&operation.what)) return play->files;
  if (const auto* recognize = std::get_if<Recognize>(&operation.what)) return recognize->prompt;
  return std::get<Music>(operation.what).music;
}

bool AppMedia::loops(const Operation& operation) const {
  if (const auto* play = std::get_if<Play>(&operation.what)) return play->loop;
  return std::holds_alternative<Music>(operation.what);
}

// A prompt is for who is to press keys.
std::vector<std::string> AppMedia::audience_of(const Operation& operation) {
  if (const auto* play = std::get_if<Play>(&operation.what)) return play->to;
  if (const auto* recognize = std::get_if<Recognize>(&operation.what)) return {recognize->from};
  return {};
}

bool AppMedia::play(Play play) {
  const bool interrupt = play.interrupt;
  return add({std::move(play)}, interrupt);
}

bool AppMedia::recognize(Recognize recognize) {
  const bool interrupt = recognize.interrupt;
  return add({std::move(recognize)}, interrupt);
}

bool AppMedia::add(Operation operation, bool interrupt) {
  stop_music();
  if (interrupt) cancel_all();
  if (operations_.size() >= kMostWaiting) return false;
  operation.id = next_id_++;
  operations_.push_back(std::move(operation));
  if (operations_.size() == 1) begin();
  return true;
}

void AppMedia::cancel_all() {
  needs_.cancel(timer_);
  silence_clip();
  for (const Operation& operation : std::exchange(operations_, {})) {
    if (std::holds_alternative<Music>(operation.what)) continue;
    const bool play = std::holds_alternative<Play>(operation.what);
    tell(operation, play ? "PlayCanceled" : "RecognizeCanceled", kCancelled);
  }
}

void AppMedia::start_music(Music hold) {
  if (operations_.empty() && !hold.music.empty()) add({std::move(hold)}, false);
}

void AppMedia::stop_music() {
  if (operations_.empty() || !std::holds_alternative<Music>(operations_.front().what)) return;
  silence_clip();
  operations_.pop_front();
  begin();
}

void AppMedia::begin() {
  if (operations_.empty()) return;
  operations_.front().stage = Stage::Fetching;
  fetch_next();
}

// One after the other: what is said first comes first.
void AppMedia::fetch_next() {
  Operation& now = operations_.front();
  const auto& files = files_of(now);
  if (now.clips.size() == files.size()) {
    if (std::holds_alternative<Play>(now.what)) tell(now, "PlayStarted", kDone);
    if (files.empty()) return after_prompt();
    return play_next();
  }
  needs_.fetch(files[now.clips.size()],
               [this, id = now.id, alive = std::weak_ptr(alive_)](Result<media::ClipPtr> clip) {
                 if (!alive.expired()) on_clip(id, std::move(clip));
               });
}

void AppMedia::on_clip(uint64_t operation, Result<media::ClipPtr> clip) {
  if (operations_.empty() || operations_.front().id != operation) return;  // Cancelled meanwhile.
  Operation& now = operations_.front();
  if (now.stage != Stage::Fetching) return;  // A key came first.
  if (clip) {
    now.clips.push_back(std::move(*clip));
    return fetch_next();
  }
  if (std::holds_alternative<Recognize>(now.what)) return finish("RecognizeFailed", kPromptFailed);
  if (const auto* music = std::get_if<Music>(&now.what)) {
    // Who is on hold would wait in silence, and the app believe in its music.
    const std::string held = music->who;
    finish("HoldFailed", kPromptFailed);
    return needs_.let_back(held);
  }
  const bool format = clip.error().code == ErrorCode::InvalidArgument;
  const json index = {{"failedPlaySourceIndex", now.clips.size()}};
  const ResultInformation why{400, format ? kBadFormat : kNotDownloaded,
                              "Action failed, " + clip.error().detail + "."};
  finish("PlayFailed", why, index);
}

void AppMedia::play_next() {
  Operation& now = operations_.front();
  if (!is_for_somebody(now)) return fail_without_audience();
  now.stage = Stage::Playing;
  const bool loop = loops(now);
  if (loop && now.next == now.clips.size()) now.next = 0;
  needs_.play({now.clips[now.next++], loop && now.clips.size() == 1, ++serial_, audience_of(now)});
}

void AppMedia::on_clip_ended(uint64_t serial) {
  if (serial != serial_ || operations_.empty()) return;
  Operation& now = operations_.front();
  if (now.stage != Stage::Playing) return;
  if (now.next < now.clips.size() || loops(now)) return play_next();
  if (std::holds_alternative<Play>(now.what)) return finish("PlayCompleted", kDone);
  after_prompt();
}

void AppMedia::on_somebody_left() {
  if (operations_.empty()) return;
  if (is_for_somebody(operations_.front())) return;
  silence_clip();
  fail_without_audience();
}

bool AppMedia::is_for_somebody(const Operation& operation) const {
  const std::vector<std::string> audience = audience_of(operation);
  return audience.empty() || std::ranges::any_of(audience, needs_.is_there);
}

void AppMedia::fail_without_audience() {
  const bool play = std::holds_alternative<Play>(operations_.front().what);
  finish(play ? "PlayFailed" : "RecognizeFailed", kNobodyThere);
}

// Of a recognition: the silence is measured from here.
void AppMedia::after_prompt() {
  const auto* recognize = std::get_if<Recognize>(&operations_.front().what);
  if (!recognize) return finish("PlayCompleted", kDone);
  listen(recognize->initial_silence > Duration{} ? recognize->initial_silence : kLongestSilence);
}

void AppMedia::listen(Duration silence) {
  operations_.front().stage = Stage::Listening;
  needs_.cancel(timer_);
  timer_ = needs_.after(silence, [this] { on_silence(); });
}

void AppMedia::on_silence() {
  if (operations_.empty() || operations_.front().stage != Stage::Listening) return;
  finish("RecognizeFailed",
         operations_.front().tones.empty() ? kInitialSilence : kInterToneSilence);
}

void AppMedia::on_key(const std::string& from, char key) {
  if (operations_.empty()) return;
  Operation& now = operations_.front();
  const auto* recognize = std::get_if<Recognize>(&now.what);
  if (!recognize || recognize->from != from) return;
  if (now.stage != Stage::Listening) {
    if (!recognize->interrupt_prompt) return;
    silence_clip();
  }
  const auto result = [&now] {
    json tones = json::array();
    for (const char tone : now.tones) tones.push_back(acs::tone_of_key(tone));
    return json{{"recognitionType", "dtmf"}, {"dtmfResult", {{"tones", std::move(tones)}}}};
  };
  if (recognize->stop_tones.find(key) != std::string::npos) {
    return finish("RecognizeCompleted", kStopTone, result());
  }
  now.tones += key;
  if (recognize->max_tones > 0 && now.tones.size() >= recognize->max_tones) {
    return finish("RecognizeCompleted", kMaxTones, result());
  }
  listen(recognize->inter_tone);
}

void AppMedia::silence_clip() {
  if (operations_.empty() || operations_.front().stage != Stage::Playing) return;
  needs_.play({nullptr, false, ++serial_});
}

void AppMedia::finish(std::string type, ResultInformation result, json more) {
  needs_.cancel(timer_);
  const Operation done = std::move(operations_.front());
  operations_.pop_front();
  tell(done, std::move(type), std::move(result), std::move(more));
  begin();
}

void AppMedia::tell(const Operation& operation, std::string type, ResultInformation result,
                    json more) {
  const Tag& tag =
      std::visit([](const auto& what) -> const Tag& { return what.tag; }, operation.what);
  needs_.tell(std::move(type), tag, std::move(result), std::move(more));
}

}  // namespace gw
