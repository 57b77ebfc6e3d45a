#include "acs/call_automation/call_requests.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "acs/identity/identifier_json.h"
#include "acs/identity/tones.h"

namespace gw::acs::call_automation {
namespace {

using nlohmann::json;
using rest::RestError;

constexpr size_t kMaxTargets = 50;  // Of one create; the mixer takes 64 parties.
constexpr size_t kMaxUri = 2048;
constexpr size_t kMaxContext = 4096;  // operationContext: Azure names no limit, we need one.
constexpr size_t kMaxIncomingContext = 16384;
constexpr size_t kMaxFiles = 10;
constexpr size_t kMaxTones = 128;
constexpr size_t kMaxSipHeaders = 6;  // Five and User-To-User.
constexpr size_t kMaxVoipHeaders = 1000;

RestError invalid(std::string target, std::string message) {
  return {400, "BadRequest", std::move(message), std::move(target)};
}

RestError unsupported(std::string target, std::string message) {
  return {400, "NotSupported", std::move(message), std::move(target)};
}

// One body while it is read: the first thing that is wrong is kept, what is read after it is of no
// account.
class Body {
 public:
  explicit Body(std::string_view text) {
    value_ = text.empty() ? json::object() : json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!value_.is_object()) refuse("", "The request body is no JSON object.");
    if (!value_.is_object()) value_ = json::object();
  }
  Body(json value, std::string path) : value_(std::move(value)), path_(std::move(path)) {
    if (value_.is_object()) return;
    refuse("", "must be an object.");
    value_ = json::object();
  }

  std::string text(const char* key, size_t longest, bool needed = false) {
    const json* value = find(key, needed);
    if (!value) return {};
    if (!value->is_string()) return refuse(key, "must be a string."), std::string();
    const auto& out = value->get_ref<const std::string&>();
    if (out.size() > longest) return refuse(key, "is too long."), std::string();
    if (needed && out.empty()) refuse(key, "is missing.");
    return out;
  }
  bool flag(const char* key) {
    const json* value = find(key);
    if (!value) return false;
    if (!value->is_boolean()) return refuse(key, "must be true or false."), false;
    return value->get<bool>();
  }
  std::optional<int64_t> number(const char* key, int64_t low, int64_t high) {
    const json* value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_number_integer() || *value < low || *value > high) {
      refuse(key, "must be a whole number from " + std::to_string(low) + " to " +
                      std::to_string(high) + ".");
      return std::nullopt;
    }
    return value->get<int64_t>();
  }
  std::optional<Duration> seconds(const char* key, int64_t low, int64_t high) {
    const auto value = number(key, low, high);
    return value ? std::optional<Duration>(std::chrono::seconds(*value)) : std::nullopt;
  }
  std::string party(const char* key, bool needed = false) {
    const json* value = find(key, needed);
    return value ? read_party(key, *value) : std::string();
  }
  std::vector<std::string> parties(const char* key, size_t most, bool needed = false) {
    std::vector<std::string> out;
    for (const json& item : list(key, most, needed)) out.push_back(read_party(key, item));
    return out;
  }
  // A list of words.
  std::vector<std::string> words(const char* key, size_t most, bool needed = false) {
    std::vector<std::string> out;
    for (const json& item : list(key, most, needed)) {
      if (item.is_string()) {
        out.push_back(item.get<std::string>());
      } else {
        refuse(key, "must hold strings.");
      }
    }
    return out;
  }
  json list(const char* key, size_t most, bool needed = false) {
    const json* value = find(key, needed);
    if (!value) return json::array();
    if (!value->is_array()) return refuse(key, "must be a list."), json::array();
    if (needed && value->empty()) refuse(key, "is empty.");
    if (value->size() > most) return refuse(key, "holds too many."), json::array();
    return *value;
  }
  std::optional<Body> part(const char* key, bool needed = false) {
    const json* value = find(key, needed);
    if (!value) return std::nullopt;
    Body inner(*value, name(key));
    return inner;
  }
  // What went wrong inside went wrong here.
  void take(const Body& inner) {
    if (!error_) error_ = inner.error_;
  }
  std::string uri(const char* key, bool needed = false) {
    std::string out = text(key, kMaxUri, needed);
    if (!out.empty() && !is_callback_uri(out)) refuse(key, "must be an absolute https URL.");
    return out;
  }
  // {"value":"+1425..."}: what a phone is shown.
  std::string caller_id(const char* key) {
    auto inner = part(key);
    if (!inner) return {};
    std::string number = inner->text("value", 64, true);
    take(*inner);
    const bool digits =
        number.starts_with('+') && number.find_first_not_of("0123456789", 1) == std::string::npos;
    if (!number.empty() && !digits) refuse(key, "is no E.164 number.");
    return number;
  }
  // {"id":"8:acs:..."}
  std::string user(const char* key) {
    auto inner = part(key);
    if (!inner) return {};
    std::string id = inner->text("id", 256, true);
    take(*inner);
    return id;
  }
  Tag tag() { return {text("operationContext", kMaxContext), uri("operationCallbackUri")}; }

  void refuse(const char* key, std::string what) {
    const std::string target = name(key);
    refuse_as(invalid(target, target.empty() ? std::move(what) : target + " " + what));
  }
  void refuse_as(RestError error) {
    if (!error_) error_ = std::move(error);
  }
  const std::optional<RestError>& error() const { return error_; }
  bool has(const char* key) { return find(key) != nullptr; }
  const json& value() const { return value_; }

 private:
  const json* find(const char* key, bool needed = false) {
    const auto value = value_.find(key);
    if (value != value_.end() && !value->is_null()) return &*value;
    if (needed) refuse(key, "is missing.");
    return nullptr;
  }
  std::string read_party(const char* key, const json& value) {
    auto raw_id = identity::read_identifier(value);
    if (!raw_id) refuse(key, "is no communication identifier.");
    return raw_id.value_or("");
  }
  std::string name(const char* key) const {
    if (path_.empty() || *key == '\0') return path_ + key;
    return path_ + "." + key;
  }

  json value_;
  std::string path_;
  std::optional<RestError> error_;
};

template <class T>
Read<T> finished(const Body& body, T value) {
  if (body.error()) return tl::unexpected(*body.error());
  return value;
}

std::optional<MediaStreaming> read_streaming_options(Body& body) {
  auto part = body.part("mediaStreamingOptions");
  if (!part) return std::nullopt;
  MediaStreaming out;
  out.url = part->text("transportUrl", kMaxUri, true);
  const bool secure = out.url.starts_with("wss://");
  const bool near = out.url.starts_with("ws://127.") || out.url.starts_with("ws://localhost") ||
                    out.url.starts_with("ws://[::1]");
  if (!out.url.empty() && !secure && !near) part->refuse("transportUrl", "must begin with wss://.");
  const std::string transport = part->text("transportType", 32);
  if (!transport.empty() && transport != "websocket") {
    part->refuse("transportType", "must be websocket.");
  }
  const std::string content = part->text("contentType", 32);
  if (!content.empty() && content != "audio") part->refuse("contentType", "must be audio.");
  const std::string channel = part->text("audioChannelType", 32, true);
  if (!channel.empty() && channel != "mixed" && channel != "unmixed") {
    part->refuse("audioChannelType", "must be mixed or unmixed.");
  }
  out.mixed = channel != "unmixed";
  const std::string format = part->text("audioFormat", 32);
  if (!format.empty() && format != "pcm16KMono" && format != "pcm24KMono") {
    part->refuse("audioFormat", "must be pcm16KMono or pcm24KMono.");
  }
  if (format == "pcm24KMono") out.rate = 24000;
  out.start = part->flag("startMediaStreaming");
  out.bidirectional = part->flag("enableBidirectional");
  out.dtmf = part->flag("enableDtmfTones");
  body.take(*part);
  return out;
}

void refuse_what_is_missing(Body& body) {
  if (body.has("transcriptionOptions")) {
    body.refuse_as(unsupported("transcriptionOptions", "This gateway does not transcribe calls."));
  }
  if (body.has("teamsAppSource")) {
    body.refuse_as(unsupported("teamsAppSource", "This gateway has no Teams apps to call for."));
  }
}

std::map<std::string, std::string> read_headers(Body& custom, const char* key, size_t most,
                                                size_t longest) {
  std::map<std::string, std::string> out;
  auto part = custom.part(key);
  if (!part) return out;
  if (part->value().size() > most) custom.refuse(key, "holds too many headers.");
  for (const auto& [name, value] : part->value().items()) {
    const bool fits = value.is_string() && !name.empty() && name.size() <= 64 &&
                      value.get_ref<const std::string&>().size() <= longest;
    const bool clean = fits && std::ranges::all_of(name + value.get<std::string>(), [](char c) {
                         return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
                       });
    if (!clean) {
      custom.refuse(key, "holds a header that is too long or no text.");
      return out;
    }
    out[name] = value.get<std::string>();
  }
  custom.take(*part);
  return out;
}

// No app writes the headers that route a call or say who calls.
bool is_custom_header(const std::string& name) {
  if (name == "User-To-User") return true;
  return name.starts_with("X-") && std::ranges::all_of(name, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

CustomContext read_custom(Body& body) {
  CustomContext out;
  auto part = body.part("customCallingContext");
  if (!part) return out;
  out.sip = read_headers(*part, "sipHeaders", kMaxSipHeaders, 256);
  for (const auto& [name, value] : out.sip) {
    if (!is_custom_header(name)) {
      part->refuse("sipHeaders",
                   "holds " + name + ": only User-To-User, X-MS-Custom-* and X-* may be set.");
    }
  }
  out.voip = read_headers(*part, "voipHeaders", kMaxVoipHeaders, 1024);
  body.take(*part);
  return out;
}

// {"kind":"file","file":{"uri":"https://..."}}
std::string read_file(Body& body, const json& source, const char* key) {
  Body one(source, key);
  const std::string kind = one.text("kind", 16, true);
  std::string url;
  if (kind == "file") {
    auto file = one.part("file", true);
    if (file) {
      url = file->uri("uri", true);
      one.take(*file);
    }
  } else if (kind == "text" || kind == "ssml") {
    one.refuse_as(unsupported("playSources", "This gateway speaks no text: play a WAV file."));
  } else if (!kind.empty()) {
    one.refuse("kind", "must be file.");
  }
  body.take(one);
  return url;
}

std::vector<std::string> read_files(Body& body, const char* list, const char* single) {
  std::vector<std::string> out;
  if (single && body.has(single)) {
    if (auto part = body.part(single)) out.push_back(read_file(body, part->value(), single));
    return out;
  }
  for (const json& source : body.list(list, kMaxFiles))
    out.push_back(read_file(body, source, list));
  return out;
}

std::string read_tones(Body& body, const char* key, bool needed) {
  std::string out;
  for (const std::string& word : body.words(key, kMaxTones, needed)) {
    const auto tone = key_of_tone(word);
    if (!tone) {
      body.refuse(key, "must hold tones: zero to nine, a to d, pound, asterisk.");
      return {};
    }
    out += *tone;
  }
  return out;
}

}  // namespace

bool is_callback_uri(std::string_view uri) {
  const auto rest_of = [&](std::string_view scheme) -> std::string_view {
    return uri.starts_with(scheme) ? uri.substr(scheme.size()) : std::string_view();
  };
  if (std::ranges::any_of(uri, [](char c) { return c <= 0x20 || c == 0x7f; })) return false;
  if (const auto rest = rest_of("https://"); !rest.empty()) return rest.front() != '/';
  const auto rest = rest_of("http://");
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const bool v4 =
      host.starts_with("127.") && host.find_first_not_of("0123456789.:") == std::string_view::npos;
  return v4 || host == "[::1]" || host.starts_with("[::1]:") || host == "localhost" ||
         host.starts_with("localhost:");
}

Read<CreateCall> read_create(std::string_view text) {
  Body body(text);
  CreateCall out;
  out.targets = body.parties("targets", kMaxTargets, true);
  out.source = body.user("source");
  out.source_display_name = body.text("sourceDisplayName", 256);
  out.caller_id = body.caller_id("sourceCallerIdNumber");
  out.callback_uri = body.uri("callbackUri", true);
  out.context = body.text("operationContext", kMaxContext);
  refuse_what_is_missing(body);
  out.streaming = read_streaming_options(body);
  const bool phone =
      std::ranges::any_of(out.targets, [](const std::string& id) { return id.starts_with("4:+"); });
  if (phone && out.caller_id.empty()) {
    body.refuse("sourceCallerIdNumber", "is needed to call a phone number.");
  }
  return finished(body, std::move(out));
}

Read<AnswerCall> read_answer(std::string_view text) {
  Body body(text);
  AnswerCall out;
  out.incoming_call_context = body.text("incomingCallContext", kMaxIncomingContext, true);
  out.callback_uri = body.uri("callbackUri", true);
  out.context = body.text("operationContext", kMaxContext);
  out.answered_by = body.user("answeredBy");
  refuse_what_is_missing(body);
  out.streaming = read_streaming_options(body);
  return finished(body, std::move(out));
}

Read<RedirectCall> read_redirect(std::string_view text) {
  Body body(text);
  RedirectCall out;
  out.incoming_call_context = body.text("incomingCallContext", kMaxIncomingContext, true);
  out.target = body.party("target", true);
  return finished(body, std::move(out));
}

Read<RejectCall> read_reject(std::string_view text) {
  Body body(text);
  RejectCall out;
  out.incoming_call_context = body.text("incomingCallContext", kMaxIncomingContext, true);
  const std::string reason = body.text("callRejectReason", 32);
  if (reason == "busy") {
    out.reason = RejectReason::Busy;
  } else if (reason == "forbidden") {
    out.reason = RejectReason::Forbidden;
  } else if (!reason.empty() && reason != "none") {
    body.refuse("callRejectReason", "must be none, busy or forbidden.");
  }
  return finished(body, std::move(out));
}

Read<ConnectCall> read_connect(std::string_view text) {
  Body body(text);
  ConnectCall out;
  if (auto locator = body.part("callLocator", true)) {
    const std::string kind = locator->text("kind", 64, true);
    if (kind == "serverCallLocator") {
      out.server_call_id = locator->text("serverCallId", kMaxUri, true);
    } else if (kind == "groupCallLocator" || kind == "roomCallLocator") {
      locator->refuse_as(unsupported("callLocator",
                                     "This gateway has no rooms and no group calls "
                                     "by id: connect by serverCallId."));
    } else {
      locator->refuse("kind", "must be serverCallLocator.");
    }
    body.take(*locator);
  }
  out.callback_uri = body.uri("callbackUri", true);
  out.context = body.text("operationContext", kMaxContext);
  refuse_what_is_missing(body);
  out.streaming = read_streaming_options(body);
  return finished(body, std::move(out));
}

Read<AddParticipant> read_add(std::string_view text) {
  Body body(text);
  AddParticipant out;
  out.who = body.party("participantToAdd", true);
  out.source_display_name = body.text("sourceDisplayName", 256);
  out.caller_id = body.caller_id("sourceCallerIdNumber");
  out.timeout = body.seconds("invitationTimeoutInSeconds", 0, 180);
  out.custom = read_custom(body);
  out.tag = body.tag();
  if (out.who.starts_with("4:+") && out.caller_id.empty()) {
    body.refuse("sourceCallerIdNumber", "is needed to call a phone number.");
  }
  return finished(body, std::move(out));
}

Read<RemoveParticipant> read_remove(std::string_view text) {
  Body body(text);
  RemoveParticipant out{body.party("participantToRemove", true), body.tag()};
  return finished(body, std::move(out));
}

Read<MuteParticipant> read_mute(std::string_view text) {
  Body body(text);
  MuteParticipant out;
  const auto who = body.parties("targetParticipants", 1, true);
  if (!who.empty()) out.who = who.front();
  out.tag = body.tag();
  return finished(body, std::move(out));
}

Read<CancelAddParticipant> read_cancel_add(std::string_view text) {
  Body body(text);
  CancelAddParticipant out{body.text("invitationId", 256, true), body.tag()};
  return finished(body, std::move(out));
}

Read<Transfer> read_transfer(std::string_view text) {
  Body body(text);
  Transfer out;
  out.target = body.party("targetParticipant", true);
  out.transferee = body.party("transferee");
  out.caller_id = body.caller_id("sourceCallerIdNumber");
  out.custom = read_custom(body);
  out.tag = body.tag();
  return finished(body, std::move(out));
}

Read<Play> read_play(std::string_view text) {
  Body body(text);
  Play out;
  out.files = read_files(body, "playSources", nullptr);
  if (out.files.empty()) body.refuse("playSources", "is missing.");
  out.to = body.parties("playTo", kMaxTargets);
  if (auto options = body.part("playOptions")) {
    out.loop = options->flag("loop");
    body.take(*options);
  }
  out.interrupt = body.flag("interruptCallMediaOperation");
  out.tag = body.tag();
  return finished(body, std::move(out));
}

Read<Recognize> read_recognize(std::string_view text) {
  Body body(text);
  Recognize out;
  const std::string type = body.text("recognizeInputType", 32, true);
  if (type == "speech" || type == "speechOrDtmf" || type == "choices") {
    body.refuse_as(unsupported("recognizeInputType", "This gateway recognises keys: use dtmf."));
  } else if (!type.empty() && type != "dtmf") {
    body.refuse("recognizeInputType", "must be dtmf.");
  }
  out.prompt = read_files(body, "playPrompts", "playPrompt");
  out.interrupt = body.flag("interruptCallMediaOperation");
  if (auto options = body.part("recognizeOptions", true)) {
    out.from = options->party("targetParticipant", true);
    out.interrupt_prompt = options->flag("interruptPrompt");
    out.initial_silence =
        options->seconds("initialSilenceTimeoutInSeconds", 0, 300).value_or(out.initial_silence);
    if (auto tones = options->part("dtmfOptions")) {
      out.inter_tone = tones->seconds("interToneTimeoutInSeconds", 1, 60).value_or(out.inter_tone);
      out.max_tones = static_cast<size_t>(
          tones->number("maxTonesToCollect", 1, static_cast<int64_t>(kMaxTones)).value_or(0));
      out.stop_tones = read_tones(*tones, "stopTones", false);
      options->take(*tones);
    }
    body.take(*options);
  }
  out.tag = body.tag();
  return finished(body, std::move(out));
}

Read<ContinuousTones> read_continuous_tones(std::string_view text, bool on) {
  Body body(text);
  ContinuousTones out{body.party("targetParticipant", true), on, body.tag()};
  return finished(body, std::move(out));
}

Read<SendTones> read_send_tones(std::string_view text) {
  Body body(text);
  SendTones out{read_tones(body, "tones", true), body.party("targetParticipant", true), body.tag()};
  return finished(body, std::move(out));
}

Read<Hold> read_hold(std::string_view text) {
  Body body(text);
  Hold out;
  out.who = body.party("targetParticipant", true);
  out.music = read_files(body, "playSources", "playSourceInfo");
  out.tag = body.tag();
  return finished(body, std::move(out));
}

Read<Unhold> read_unhold(std::string_view text) {
  Body body(text);
  Unhold out{body.party("targetParticipant", true), body.tag()};
  return finished(body, std::move(out));
}

Read<Streaming> read_streaming(std::string_view text, bool on) {
  Body body(text);
  Streaming out{on, body.tag()};
  return finished(body, std::move(out));
}

}  // namespace gw::acs::call_automation
