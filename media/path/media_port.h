#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "media/engine/media_engine.h"
#include "media/path/audio_sink.h"
#include "media/path/audio_source.h"
#include "media/path/deadline.h"
#include "media/path/digits.h"
#include "media/path/key_input.h"
#include "media/path/look_ahead.h"
#include "media/path/quality.h"
#include "media/path/rtcp_session.h"
#include "media/path/rtp_receiver.h"
#include "media/path/silence.h"
#include "media/path/sound_port.h"
#include "media/tone/tone_generator.h"
#include "media/transport/transport.h"

namespace gw::media {

// What a port tells its worker.
class PortObserver {
 public:
  virtual ~PortObserver() = default;
  virtual void on_port_event(MediaEvent event) = 0;
};

// One leg's sound, both ways: receiver, decoder, encoder, sender, keys and reports around a
// transport. Owned by a MediaSession; its worker's thread. Knows at most one other SoundPort, by a
// Relay. Packets run through on_rtp() to the other's pass() or play() and out, in one call.
class MediaPort : public SoundPort, public TransportObserver {
 public:
  struct Settings {
    PortId id;
    uint32_t ssrc = 0;
    std::string cname;
    OpusSettings opus;
    Duration media_timeout = 30s;
    bool fills_silence = true;  // Rule 6: phones and carriers hang up on a stream that stops.
    DtmfMode dtmf = DtmfMode::Auto;
    Playout playout{};     // Of what is sent here.
    bool conceals = true;  // What is missing of what its peer sends.
  };
  struct Surroundings {
    PacketPool& pool;
    MediaCounters& counters;
    const Clock& clock;
    Random& random;
    PortObserver& observer;
    TimePoint& earliest;  // The worker's next timer.
  };

  // A leg that never sent anything may be ringing, and one that told us of a silence need not tell
  // us again: they get this many times the media timeout.
  static constexpr int kPatience = 6;
  // Sound that stops is continued by silence after this long.
  static constexpr Duration kFillAfter = 200ms;

  MediaPort(Settings settings, const Surroundings& around, Transport& transport);

  void negotiate(const wire::StreamParameters& parameters, TimePoint now);
  void set_held(bool held, TimePoint now);
  void set_muted(bool muted, TimePoint now);
  void set_ringback(bool on, TimePoint now);
  void set_complexity(int complexity);  // Of its Opus encoder, from the next frame on.
  void send_digits(std::string_view digits, Duration length, Duration gap, TimePoint now);
  void receive_info(const KeyPress& key, TimePoint now);  // A key of the peer's by SIP INFO.
  void leave(TimePoint now);                              // RTCP BYE.
  // Its call goes to another worker: nothing of the old one's may stay, nothing that the peer hears
  // may break.
  void leave_worker();
  void enter_worker(PacketPool& pool, TimePoint& earliest, TimePoint now);

  TimePoint on_timer(TimePoint now);
  Deadline& deadline() { return deadline_; }
  PortId id() const override { return settings_.id; }
  PortStats stats() const;  // Without the names, so that nothing is allocated.
  std::string_view srtp() const { return srtp_; }

  // SoundPort: what the other leg does to this one.
  void on_wired(SoundPort* other, TimePoint now) override;
  void on_rewired(SoundPort& other, TimePoint now) override;
  void on_other_changed(TimePoint now) override;
  uint32_t best_rate() const override { return sink_.best_rate(); }
  void prepare_to_play(uint32_t rate) override { sink_.prepare(rate); }
  Playout playout() const override { return settings_.playout; }
  bool hears(TimePoint now) const override;
  bool passes(Codec codec) const override { return negotiated_ && codec == sink_.codec(); }
  std::optional<Codec> codec() const override;
  void pass(InboundAudio& audio, TimePoint now) override;
  bool passes_events(Codec codec, uint32_t clock_rate) const override;
  void pass_event(InboundAudio& event, TimePoint now) override;
  void rest(NoiseLevel level, TimePoint now) override;
  bool rests_cheaply() const override { return sink_.rests_cheaply(); }
  void press(const KeyPress& key, TimePoint now) override;
  bool hold_key(char digit, TimePoint now) override;
  void sustain_key(Duration heard) override { digits_out_.sustain(heard); }
  void release_key(Duration length, TimePoint now) override;
  bool hears_tones() const override { return digits_out_.way() == DigitSender::Way::Tones; }
  void play(std::span<const int16_t> pcm, int64_t position, bool restarted, TimePoint now) override;
  const AudioEncoder* sharable_encoder() const override { return sink_.encoder(20ms); }
  size_t encode(std::span<const int16_t> pcm, std::span<std::byte> payload) override {
    return sink_.encode(pcm, payload);
  }
  void play_coded(std::span<const std::byte> payload, int64_t position, bool restarted,
                  TimePoint now) override;
  void continue_coding_of(const SoundPort& other) override;

  // TransportObserver: what comes from the network.
  void on_rtp(PacketPtr& packet, TimePoint now) override;
  void on_rtcp(std::span<const std::byte> compound, TimePoint now) override;
  void on_alive(TimePoint now) override { heard_ = now; }
  void on_connected(std::string_view srtp, TimePoint now) override;
  void on_failed(std::string_view why, TimePoint now) override;
  void on_lost(TimePoint now) override;

 private:
  StreamQuality quality() const;  // Of what its peer sends.
  std::optional<wire::VoipMetrics> voip_metrics() const;
  bool may_send() const;
  void send_key(const KeyPress& key, Duration gap);
  std::optional<Codec> codec_of(uint8_t payload_type) const;
  bool decodes(Codec codec) const;
  void prepare_codecs();
  void prepare_to_transcode(Codec codec);
  void receive_event(InboundAudio& event, TimePoint now);
  void hear(InboundAudio& audio, TimePoint now);
  size_t listen_for_tones(const InboundAudio& audio, TimePoint now);
  void release_held_sound(TimePoint now);
  void take_keys(const InboundAudio* event, TimePoint now);
  void key_down(const KeyChange& change, const InboundAudio* event, TimePoint now);
  void key_up(const KeyChange& change, TimePoint now);
  void sustain(KeyWay way);
  void carry(InboundAudio& audio, TimePoint now);
  void carry_noise(std::span<const std::byte> payload, TimePoint now);
  void transcode(InboundAudio& audio, TimePoint now);
  void on_heard_elsewhere();

  TimePoint generate(TimePoint now);
  TimePoint tick_generator(TimePoint now);
  TimePoint fill(TimePoint now);
  TimePoint fill_with_noise(TimePoint now);
  TimePoint check_timeout(TimePoint now);
  void poke(TimePoint now) { deadline_.at_latest(now); }

  Settings settings_;
  PacketPool* pool_;
  MediaCounters& counters_;
  const Clock& clock_;
  PortObserver& observer_;
  Transport& transport_;

  Deadline deadline_;
  RtpReceiver receiver_;
  AudioSource source_;
  AudioSink sink_;
  RtcpSession rtcp_;
  KeyInput keys_in_;
  std::unique_ptr<LookAhead> held_sound_;  // Where tones are taken out of the sound.
  DigitSender digits_out_;
  std::unique_ptr<ToneGenerator> ringback_;

  SoundPort* other_ = nullptr;
  bool negotiated_ = false;
  wire::StreamParameters parameters_;
  std::optional<wire::NegotiatedEvents> events_out_;
  std::unique_ptr<AudioDecoder> tone_decoder_;  // To listen to what is not G.711.
  int64_t listened_until_ = 0;                  // Sample at 8 kHz.
  bool held_ = false, muted_ = false;
  bool skipped_ = false;  // The last packet did not reach the other side.
  // How the peer's key that is down reaches the other side.
  enum class KeyPath {
    Whole,   // When it is up.
    Live,    // It is down there too.
    Passed,  // Packet by packet.
    Done,    // It did, until the wiring changed.
  };
  KeyPath key_path_ = KeyPath::Whole;
  bool digits_were_busy_ = false;
  bool filling_ = false;
  std::optional<NoiseLevel> resting_;  // The other leg is silent, and this is how it sounds.
  bool noise_begins_ = false;
  Silence silence_;
  TimePoint next_tick_{};

  TimePoint heard_{}, armed_{};
  bool timed_out_ = false;
  bool peer_rests_ = false;  // The last that came was comfort noise.
  std::string_view srtp_;    // A name of ours: it lives for ever.
  uint64_t packets_in_ = 0, octets_in_ = 0, discarded_ = 0, counted_lost_ = 0;
};

}  // namespace gw::media
