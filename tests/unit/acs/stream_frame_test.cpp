// The messages of media streaming: every published spelling is read, one is written.
#include "acs/streaming/stream_frame.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "acs/identity/base64.h"
#include "acs/streaming/pcm_base64.h"

namespace gw::acs::streaming {
namespace {

template <class T>
T read(std::string_view text) {
  const auto frame = parse_frame(text);
  EXPECT_TRUE(frame) << text;
  const T* found = frame ? std::get_if<T>(&*frame) : nullptr;
  EXPECT_TRUE(found) << text;
  return found ? *found : T{};
}

TEST(StreamFrame, sound_is_read_in_every_published_spelling) {
  for (
      const char* text :
      {R"({"kind":"audioData","audioData":{"data":"AAECAw==","isSilent":false},"stopAudio":{}})",
       R"({"Kind":"AudioData","AudioData":{"Data":"AAECAw==","Timestamp":"0001-01-01T00:00:00+00:00","Participant":null,"IsSilent":false},"StopAudio":null})",
       R"({"kind":"AudioData","audioData":{"data":"AAECAw=="}})",
       R"({"KIND":"AUDIODATA","AUDIODATA":{"DATA":"AAECAw=="}})",
       R"({"audioData":{"data":"AAECAw"},"stopAudio":null})",
       R"({"audioData":{"silent":false,"data":"AAECAw=="},"more":[1,{"data":"x"}],"kind":"AudioData"})"}) {
    const auto audio = read<AudioData>(text);
    EXPECT_EQ(audio.pcm, (std::vector<int16_t>{0x0100, 0x0302})) << text;
    EXPECT_FALSE(audio.silent);
    EXPECT_EQ(audio.participant, "");
  }
}

TEST(StreamFrame, the_services_sound_names_its_participant) {
  const auto audio = read<AudioData>(
      R"({"kind":"AudioData","audioData":{"timestamp":"2024-11-15T19:16:12.925Z","participantRawID":"8:acs:a_b","data":"5ADwAOMA","silent":true}})");
  EXPECT_EQ(audio.pcm, (std::vector<int16_t>{228, 240, 227}));
  EXPECT_EQ(audio.participant, "8:acs:a_b");
  EXPECT_EQ(audio.timestamp, "2024-11-15T19:16:12.925Z");
  EXPECT_TRUE(audio.silent);
  EXPECT_EQ(read<AudioData>(
                R"({"Kind":"AudioData","AudioData":{"Data":"","Participant":{"RawId":"4:+1"}}})")
                .participant,
            "4:+1");
}

TEST(StreamFrame, metadata_says_what_follows) {
  const auto m = read<AudioMetadata>(
      R"({"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"89e8cb59","encoding":"PCM","sampleRate":24000,"channels":1,"length":960}})");
  EXPECT_EQ(m.subscription_id, "89e8cb59");
  EXPECT_EQ(m.sample_rate, 24000u);
  EXPECT_EQ(m.channels, 1u);
  EXPECT_EQ(m.length, 960u);
}

TEST(StreamFrame, stop_and_keys_are_read) {
  read<StopAudio>(R"({"kind":"stopAudio","stopAudio":{}})");
  read<StopAudio>(R"({"Kind":"StopAudio","AudioData":null,"StopAudio":{}})");
  const std::pair<const char*, char> keys[] = {
      {"5", '5'},    {"*", '*'}, {"asterisk", '*'}, {"Star", '*'},  {"#", '#'},   {"pound", '#'},
      {"hash", '#'}, {"a", 'A'}, {"D", 'D'},        {"seven", '7'}, {"ZERO", '0'}};
  for (const auto& [spelled, key] : keys) {
    const auto dtmf =
        read<DtmfData>(R"({"kind":"DtmfData","dtmfData":{"data":")" + std::string(spelled) +
                       R"(","participantRawID":"4:+14255550100"}})");
    EXPECT_EQ(dtmf.key, key) << spelled;
    EXPECT_EQ(dtmf.participant, "4:+14255550100");
  }
}

TEST(StreamFrame, what_is_not_known_is_no_fault) {
  EXPECT_EQ(
      read<OtherFrame>(R"({"kind":"TranscriptionData","transcriptionData":{"text":"x"}})").kind,
      "transcriptiondata");
  EXPECT_EQ(read<OtherFrame>(R"({"kind":"MarkData","mark":{"id":"1"}})").kind, "markdata");
}

TEST(StreamFrame, what_is_no_frame_is_refused) {
  for (const char* text :
       {"", "x", "[]", "null", "5", "{}", R"({"kind":5})", R"({"kind":"AudioData"} x)",
        R"({"kind":"AudioData","audioData":{"data":"A"}})",     // No base64.
        R"({"kind":"AudioData","audioData":{"data":"AA=="}})",  // Half a sample.
        R"({"kind":"AudioData","audioData":{"data":"AA*="}})",
        R"({"kind":"AudioData","audioData":{"data":"AAEC)",  // Torn.
        R"({"kind":"DtmfData","dtmfData":{"data":"x"}})",
        R"({"kind":"DtmfData","dtmfData":{"data":"55"}})",
        R"({"kind":"AudioMetadata","audioMetadata":{"sampleRate":4000000000}})"}) {
    EXPECT_FALSE(parse_frame(text)) << text;
  }
  EXPECT_FALSE(parse_frame(R"({"kind":"x","y":)" + std::string(100000, '[')));
  EXPECT_FALSE(parse_frame(R"({"kind":"AudioData","audioData":{"data":")" +
                           std::string(kMaxStreamMessage, 'A') + R"("}})"));
}

TEST(StreamFrame, the_client_writes_as_the_net_sdk_does) {
  const std::vector<int16_t> pcm{0x0100, 0x0302};
  EXPECT_EQ(
      write_client_audio(pcm, false),
      R"({"Kind":"AudioData","AudioData":{"Data":"AAECAw==","Timestamp":"0001-01-01T00:00:00+00:00","Participant":null,"IsSilent":false},"StopAudio":null})");
  EXPECT_EQ(write_stop_audio(), R"({"Kind":"StopAudio","AudioData":null,"StopAudio":{}})");
}

TEST(StreamFrame, the_service_writes_as_acs_does) {
  const std::vector<int16_t> pcm{228, 240, 227};
  EXPECT_EQ(
      write_service_audio({pcm, "8:acs:a_b", "2024-11-15T19:16:12.925Z", false}),
      R"({"kind":"AudioData","audioData":{"timestamp":"2024-11-15T19:16:12.925Z","participantRawID":"8:acs:a_b","data":"5ADwAOMA","silent":false}})");
  EXPECT_EQ(
      write_service_audio({pcm, "", "t", true}),
      R"({"kind":"AudioData","audioData":{"timestamp":"t","data":"5ADwAOMA","silent":true}})");
  EXPECT_EQ(
      write_metadata({"89e8cb59", "PCM", 16000, 1, 640}),
      R"({"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"89e8cb59","encoding":"PCM","sampleRate":16000,"channels":1,"length":640}})");
  EXPECT_EQ(
      write_dtmf('#', "4:+1", "t"),
      R"({"kind":"DtmfData","dtmfData":{"data":"#","timestamp":"t","participantRawID":"4:+1"}})");
}

TEST(StreamFrame, a_name_cannot_break_out_of_its_string) {
  const std::vector<int16_t> pcm{1};
  const std::string text = write_service_audio({pcm, "a\",\"data\":\"\n\xff", "t", false});
  EXPECT_TRUE(nlohmann::json::accept(text)) << text;
  EXPECT_EQ(read<AudioData>(text).pcm, pcm);
}

TEST(StreamFrame, a_frame_of_20_ms_has_the_published_length) {
  for (const auto& [rate, length] : {std::pair<size_t, size_t>{16000, 856}, {24000, 1280}}) {
    std::string text;
    append_pcm(text, std::vector<int16_t>(rate / 50, -1));
    EXPECT_EQ(text.size(), length);
  }
}

TEST(PcmBase64, agrees_with_the_strict_codec) {
  std::vector<int16_t> pcm;
  for (int i = 0; i < 50; ++i) {
    pcm.push_back(static_cast<int16_t>(i * 7919 - 32768));
    std::string text;
    append_pcm(text, pcm);
    const std::string bytes(reinterpret_cast<const char*>(pcm.data()), 2 * pcm.size());
    EXPECT_EQ(text, identity::base64_encode(bytes));
    EXPECT_EQ(decode_pcm(text), pcm);
  }
}

}  // namespace
}  // namespace gw::acs::streaming
