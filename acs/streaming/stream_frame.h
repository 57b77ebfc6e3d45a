#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gw::acs::streaming {

// The messages of ACS media streaming: JSON in WebSocket text, one a message. They have no schema;
// what is read here is every spelling that has been published, what is written is the form most in
// use. (How-to "Audio streaming", Call Automation SDKs 1.3 to 1.6.)

// The first of a connection: what the sound that follows is like.
struct AudioMetadata {
  std::string subscription_id;
  std::string encoding = "PCM";  // 16 bits, little-endian.
  uint32_t sample_rate = 16000;
  unsigned channels = 1;
  unsigned length = 640;  // Bytes of a frame of 20 ms.
};
struct AudioData {
  std::vector<int16_t> pcm;
  std::string participant;  // Raw id; "" = all of them, mixed.
  std::string timestamp;    // As written.
  bool silent = false;      // Carries samples all the same.
};
struct StopAudio {};  // What waits to be played is not played any more.
struct DtmfData {
  char key = '0';  // 0-9 * # A-D
  std::string participant;
};
struct OtherFrame {
  std::string kind;  // Transcription, marks, and what is still to be invented.
};
using StreamFrame = std::variant<AudioMetadata, AudioData, StopAudio, DtmfData, OtherFrame>;

constexpr size_t kMaxStreamMessage = 256 * 1024;  // 4 s at 24 kHz; frames of 20 ms are 1.4 kB.

// nullopt: no such message. Letter case of names and kinds does not matter.
std::optional<StreamFrame> parse_frame(std::string_view text);

// What the service says to an application.
std::string write_metadata(const AudioMetadata& metadata);
struct Sound {
  std::span<const int16_t> pcm;
  std::string_view participant;  // "" = mixed: no such member.
  std::string_view timestamp;    // ISO 8601, UTC.
  bool silent = false;
};
std::string write_service_audio(const Sound& sound);
std::string write_dtmf(char key, std::string_view participant, std::string_view timestamp);

// What an application says to the service.
std::string write_client_audio(std::span<const int16_t> pcm, bool silent);
std::string write_stop_audio();

}  // namespace gw::acs::streaming
