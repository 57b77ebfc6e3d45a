#include "acs/streaming/stream_frame.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "acs/identity/tones.h"
#include "acs/streaming/pcm_base64.h"
#include "base/text.h"

namespace gw::acs::streaming {
namespace {

using nlohmann::json;

constexpr size_t kMaxDepth = 8;    // The frames have three levels.
constexpr size_t kMaxText = 1024;  // Of all but sound.

// The members that frames have, whatever their letter case; the rest of a message is passed over.
// Nothing is built of it: a message costs its own size.
class Reader final : public nlohmann::json_sax<json> {
 public:
  std::string kind;
  bool has_audio = false, has_stop = false;

  // Of the member object that was read last.
  std::string data, participant, timestamp, subscription, encoding;
  bool silent = false;
  uint64_t sample_rate = 0, channels = 0, length = 0;

  bool null() override { return true; }
  bool boolean(bool value) override {
    if (depth_ == 2 && (key_ == "silent" || key_ == "issilent")) silent = value;
    return true;
  }
  bool number_integer(int64_t) override { return true; }
  bool number_unsigned(uint64_t value) override {
    if (depth_ != 2) return true;
    if (key_ == "samplerate") sample_rate = value;
    if (key_ == "channels") channels = value;
    if (key_ == "length") length = value;
    return true;
  }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string& value) override {
    if (depth_ == 1 && key_ == "kind") kind = lower_case(value);
    if (depth_ == 2) take(value);
    // A participant may be an identifier, not only its raw id.
    if (depth_ == 3 && outer_ == "participant" && key_ == "rawid") participant = cut(value);
    return true;
  }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(size_t) override {
    if (depth_ == 1) {
      has_audio |= key_ == "audiodata";
      has_stop |= key_ == "stopaudio";
    }
    if (depth_ == 2) outer_ = key_;
    return ++depth_ <= kMaxDepth;
  }
  bool key(std::string& name) override {
    key_ = lower_case(name);
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(size_t) override { return ++depth_ <= kMaxDepth && depth_ > 1; }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  static std::string cut(const std::string& value) { return value.substr(0, kMaxText); }
  void take(std::string& value) {
    if (key_ == "data") data = std::move(value);
    if (key_ == "timestamp") timestamp = cut(value);
    if (key_ == "participantrawid" || key_ == "participant") participant = cut(value);
    if (key_ == "subscriptionid") subscription = cut(value);
    if (key_ == "encoding") encoding = cut(value);
  }

  size_t depth_ = 0;
  std::string key_, outer_;
};

std::optional<StreamFrame> audio(Reader& read) {
  auto pcm = decode_pcm(read.data);
  if (!pcm) return std::nullopt;
  AudioData frame;
  frame.pcm = std::move(*pcm);
  frame.participant = std::move(read.participant);
  frame.timestamp = std::move(read.timestamp);
  frame.silent = read.silent;
  return frame;
}

std::optional<StreamFrame> metadata(Reader& read) {
  AudioMetadata frame;
  frame.subscription_id = std::move(read.subscription);
  if (!read.encoding.empty()) frame.encoding = std::move(read.encoding);
  if (read.sample_rate > 192000 || read.channels > 8 || read.length > 65536) return std::nullopt;
  if (read.sample_rate != 0) frame.sample_rate = static_cast<uint32_t>(read.sample_rate);
  if (read.channels != 0) frame.channels = static_cast<unsigned>(read.channels);
  frame.length = read.length != 0 ? static_cast<unsigned>(read.length) : frame.sample_rate / 25;
  return frame;
}

std::string json_text(std::string_view text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::optional<StreamFrame> parse_frame(std::string_view text) {
  if (text.size() > kMaxStreamMessage) return std::nullopt;
  Reader read;
  if (!json::sax_parse(text, &read)) return std::nullopt;
  // Some writers leave the kind to be seen from what is there.
  if (read.kind.empty() && read.has_audio) read.kind = "audiodata";
  if (read.kind.empty() && read.has_stop) read.kind = "stopaudio";
  if (read.kind == "audiodata") return audio(read);
  if (read.kind == "audiometadata") return metadata(read);
  if (read.kind == "stopaudio") return StopAudio{};
  if (read.kind == "dtmfdata") {
    const auto key = key_of_any_spelling(read.data);
    if (!key) return std::nullopt;
    return DtmfData{*key, std::move(read.participant)};
  }
  if (read.kind.empty()) return std::nullopt;
  return OtherFrame{std::move(read.kind)};
}

std::string write_metadata(const AudioMetadata& m) {
  return "{\"kind\":\"AudioMetadata\",\"audioMetadata\":{\"subscriptionId\":" +
         json_text(m.subscription_id) + ",\"encoding\":" + json_text(m.encoding) +
         ",\"sampleRate\":" + std::to_string(m.sample_rate) +
         ",\"channels\":" + std::to_string(m.channels) + ",\"length\":" + std::to_string(m.length) +
         "}}";
}

std::string write_service_audio(const Sound& sound) {
  std::string out =
      "{\"kind\":\"AudioData\",\"audioData\":{\"timestamp\":" + json_text(sound.timestamp);
  if (!sound.participant.empty()) out += ",\"participantRawID\":" + json_text(sound.participant);
  out += ",\"data\":\"";
  append_pcm(out, sound.pcm);
  out += sound.silent ? "\",\"silent\":true}}" : "\",\"silent\":false}}";
  return out;
}

std::string write_dtmf(char key, std::string_view participant, std::string_view timestamp) {
  std::string out = "{\"kind\":\"DtmfData\",\"dtmfData\":{\"data\":\"" + std::string(1, key) +
                    "\",\"timestamp\":" + json_text(timestamp);
  if (!participant.empty()) out += ",\"participantRawID\":" + json_text(participant);
  return out + "}}";
}

std::string write_client_audio(std::span<const int16_t> pcm, bool silent) {
  std::string out = "{\"Kind\":\"AudioData\",\"AudioData\":{\"Data\":\"";
  append_pcm(out, pcm);
  out += "\",\"Timestamp\":\"0001-01-01T00:00:00+00:00\",\"Participant\":null,\"IsSilent\":";
  return out + (silent ? "true" : "false") + "},\"StopAudio\":null}";
}

std::string write_stop_audio() {
  return "{\"Kind\":\"StopAudio\",\"AudioData\":null,\"StopAudio\":{}}";
}

}  // namespace gw::acs::streaming
