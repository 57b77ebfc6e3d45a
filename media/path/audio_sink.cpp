#include "media/path/audio_sink.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "media/codec/g711.h"
#include "media/codec/g722.h"

namespace gw::media {
namespace {

// 20 ms of digital silence as libopus writes it for CELT: TOC 0xF8 (fullband, 20 ms, mono) and an
// empty frame. Costs no encoder.
constexpr std::array<std::byte, 3> kOpusSilence{std::byte{0xf8}, std::byte{0xff}, std::byte{0xfe}};

// `in` over all of `out`, which is not shorter: first sample to first, last to last.
void draw_out(std::span<const int16_t> in, std::span<int16_t> out) {
  const size_t steps = std::max<size_t>(out.size() - 1, 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t at = i * (in.size() - 1), left = at / steps;
    const size_t right = std::min(left + 1, in.size() - 1);
    const auto part = static_cast<int32_t>(at % steps), whole = static_cast<int32_t>(steps);
    out[i] = static_cast<int16_t>((in[left] * (whole - part) + in[right] * part) / whole);
  }
}

}  // namespace

AudioSink::AudioSink(RtpSender sender, Transport& transport, PacketPool& pool,
                     MediaCounters& counters)
    : sender_(sender), transport_(transport), pool_(&pool), counters_(counters) {}

void AudioSink::set_format(const wire::NegotiatedCodec& codec, Duration ptime,
                           const OpusSettings& opus) {
  auto ms = std::clamp<int64_t>(to_ms(ptime), 10, to_ms(kMaxPtime)) / 10 * 10;
  // RFC 6716 2.1.4: frames of 10, 20, 40 and 60 ms.
  if (codec.codec == Codec::Opus && (ms == 30 || ms == 50)) ms = 20;
  const bool same = codec.codec == codec_.codec;
  const Duration frame = std::chrono::milliseconds(ms);
  if (!same || frame != ptime_) residue_ = 0;
  if (!same) {
    encoder_.reset();
    sender_.set_clock(descriptor(codec.codec).rtp_clock);
  }
  codec_ = codec;
  ptime_ = frame;
  opus_ = opus;
}

uint32_t AudioSink::best_rate() const {
  const uint32_t wished = codec_.codec == Codec::Opus ? codec_.max_playback_rate : kWideband;
  return wished < kWideband ? kNarrowband : natural_rate(codec_.codec);
}

void AudioSink::prepare(uint32_t rate) {
  if (rate != rate_) {
    encoder_.reset();
    residue_ = 0;
    rate_ = rate;
    upsampler_.reset();
    sender_.restart_talk_spurt();
  }
  if (!encoder_) encoder_ = make_encoder(codec_.codec, rate_, opus_);
  if (!frame_) frame_ = std::make_unique<Frame>();
}

uint32_t AudioSink::units_of(Duration length) const {
  return static_cast<uint32_t>(samples_for(length, sender_.clock()));
}

void AudioSink::set_expected_loss(unsigned percent) {
  if (encoder_) encoder_->set_expected_loss(percent);
}

void AudioSink::set_complexity(int complexity) {
  opus_.complexity = complexity;
  if (encoder_) encoder_->set_complexity(complexity);
}

void AudioSink::pass(Packet& packet, const wire::RtpPacket& parsed, uint8_t payload_type,
                     int64_t sequence, int64_t timestamp, bool restarted, TimePoint now) {
  if (std::exchange(rewired_, false) && residue_ > 0) send_rest(now);
  residue_ = 0;
  auto header = sender_.forward(sequence, timestamp, restarted, now);
  if (!header) return counters_.discard(Discard::Late);
  header->payload_type = payload_type;
  header->marker = header->marker || parsed.header.marker;
  const size_t payload = parsed.payload.size();
  packet.narrow(wire::replace_rtp_header(packet.data(), parsed, *header));
  hand_over(packet, payload, now);
}

void AudioSink::play(std::span<const int16_t> pcm, int64_t position, bool restarted,
                     TimePoint now) {
  if (!frame_) return;  // Was never prepared.
  if (std::exchange(rewired_, false) && residue_ > 0) {
    residue_position_ = position - static_cast<int64_t>(residue_);
    restarted = false;
  }
  // What does not continue the rest ends it.
  if (residue_ > 0 &&
      (restarted || position != residue_position_ + static_cast<int64_t>(residue_))) {
    flush(now);
  }
  const size_t frame = frame_samples();
  while (!pcm.empty()) {
    if (residue_ == 0 && pcm.size() >= frame) {
      send_frame(pcm.first(frame), position, restarted, now);
      pcm = pcm.subspan(frame);
      position += static_cast<int64_t>(frame);
      restarted = false;
      continue;
    }
    if (residue_ == 0) {
      residue_position_ = position;
      residue_restarted_ = restarted;
      restarted = false;
    }
    const size_t take = std::min(pcm.size(), frame - residue_);
    std::copy_n(pcm.begin(), take, frame_->begin() + static_cast<ptrdiff_t>(residue_));
    residue_ += take;
    pcm = pcm.subspan(take);
    position += static_cast<int64_t>(take);
    if (residue_ < frame) return;
    residue_ = 0;
    send_frame(std::span(*frame_).first(frame), residue_position_, residue_restarted_, now);
  }
}

void AudioSink::flush(TimePoint now) {
  const std::span<int16_t> frame = std::span(*frame_).first(frame_samples());
  std::ranges::fill(frame.subspan(residue_), int16_t{0});
  residue_ = 0;
  send_frame(frame, residue_position_, residue_restarted_, now);
}

// What waited to become a frame when the other leg's packets began to pass as they are: short
// packets, so that nothing of it is missing and what passes follows it. Opus has frames of 2.5, 5,
// 10 and 20 ms (RFC 6716 2.1.4), a narrowband sample is two of ours in wideband: what waited is
// drawn out to the next that fits.
void AudioSink::send_rest(TimePoint now) {
  std::array<int16_t, samples_for(kMaxPtime, kWideband)> drawn;
  const bool opus = codec() == Codec::Opus;
  const size_t step = opus ? rate_ / 400 : rate_ / kNarrowband;
  auto rest = std::span(drawn).first((residue_ + step - 1) / step * step);
  draw_out(std::span(*frame_).first(residue_), rest);
  int64_t position = residue_position_;
  while (!rest.empty()) {
    const size_t size = opus ? step * std::bit_floor(rest.size() / step) : rest.size();
    send_frame(rest.first(size), position, std::exchange(residue_restarted_, false), now);
    rest = rest.subspan(size);
    position += static_cast<int64_t>(size);
  }
  sender_.same_source();
}

void AudioSink::send_frame(std::span<const int16_t> pcm, int64_t position, bool restarted,
                           TimePoint now) {
  if (!encoder_) return;
  const auto header = sender_.mapped(position * sender_.clock() / rate_,
                                     units_of(duration_of(pcm.size(), rate_)), restarted, now);
  if (!header) return counters_.discard(Discard::Late);
  PacketPtr packet = pool_->take();
  if (!packet) return counters_.discard(Discard::Overload);
  const auto payload = packet->room().subspan(wire::kRtpHeaderSize, kMaxEncodedFrame);
  const size_t size = encode(pcm, payload);
  if (size > 0) transmit(std::move(packet), *header, codec_.send_payload_type, size, now);
}

size_t AudioSink::encode(std::span<const int16_t> pcm, std::span<std::byte> payload) {
  if (codec() != Codec::Opus || pcm.size() != samples_for(20ms, rate_) || !silence_.settled(pcm)) {
    return encoder_->encode(pcm, payload);
  }
  std::ranges::copy(kOpusSilence, payload.begin());
  return kOpusSilence.size();
}

const AudioEncoder* AudioSink::encoder(Duration frame) const {
  return ptime_ == frame && residue_ == 0 ? encoder_.get() : nullptr;
}

void AudioSink::play_coded(std::span<const std::byte> payload, int64_t position, bool restarted,
                           TimePoint now) {
  const auto header =
      sender_.mapped(position * sender_.clock() / rate_, units_of(ptime_), restarted, now);
  if (!header) return counters_.discard(Discard::Late);
  PacketPtr packet = pool_->take();
  if (!packet) return counters_.discard(Discard::Overload);
  std::ranges::copy(payload, packet->room().begin() + wire::kRtpHeaderSize);
  transmit(std::move(packet), *header, codec_.send_payload_type, payload.size(), now);
}

void AudioSink::continue_coding_of(const AudioSink& other) {
  if (!encoder_ || !other.encoder_ || !encoder_->interchangeable(*other.encoder_)) return;
  encoder_->continue_from(*other.encoder_);
  silence_ = other.silence_;
}

void AudioSink::rewire() {
  rewired_ = true;
  sender_.same_source();
}

void AudioSink::play_generated(std::span<const int16_t> pcm, TimePoint now) {
  if (!encoder_) return;
  PacketPtr packet = pool_->take();
  if (!packet) return counters_.discard(Discard::Overload);
  std::array<int16_t, samples_for(kMaxPtime, kWideband)> wide;
  if (rate_ == kWideband) {
    upsampler_.process(pcm, std::span(wide).first(2 * pcm.size()));
    pcm = std::span(wide).first(2 * pcm.size());
  }
  const wire::RtpHeader header = sender_.generated(units_of(ptime_), now);
  const size_t size =
      encoder_->encode(pcm, packet->room().subspan(wire::kRtpHeaderSize, kMaxEncodedFrame));
  if (size > 0) transmit(std::move(packet), header, codec_.send_payload_type, size, now);
}

void AudioSink::play_silence(TimePoint now) {
  PacketPtr packet = pool_->take();
  if (!packet) return counters_.discard(Discard::Overload);
  const wire::RtpHeader header = sender_.generated(units_of(silence_time()), now);
  const size_t size = write_silence(packet->room().subspan(wire::kRtpHeaderSize));
  transmit(std::move(packet), header, codec_.send_payload_type, size, now);
}

Duration AudioSink::play_noise(NoiseLevel level, bool first, TimePoint now) {
  noise_turn_ = first ? 0 : noise_turn_ + 1;
  if (noise_) {
    const std::array<std::byte, 1> payload{std::byte{std::min(level, kNoNoise)}};
    send_generated(payload, noise_->send_payload_type, ptime_, now);
    return kNoiseAgain;
  }
  if (codec() == Codec::Opus) return play_opus_noise(level, now);
  if (level >= kNoNoise || !encoder_) {
    play_silence(now);
    return ptime_;
  }
  std::array<int16_t, samples_for(kMaxPtime, kNarrowband)> pcm;
  const auto frame = std::span(pcm).first(generated_samples());
  generator_.generate(level, frame);
  play_generated(frame, now);
  return ptime_;
}

// With DTX the peer's decoder learns the noise from the first frames, is told by an empty frame
// that the rest is like them (RFC 6716 2.1.9), and again every 400 ms.
Duration AudioSink::play_opus_noise(NoiseLevel level, TimePoint now) {
  static constexpr unsigned kTaught = 10;
  const auto frame =
      level >= kNoNoise ? std::span<const std::byte>(kOpusSilence) : opus_noise(level, noise_turn_);
  const bool gap = codec_.dtx && noise_turn_ >= kTaught && (noise_turn_ - kTaught) % 2 == 0;
  send_generated(gap ? frame.first(1) : frame, codec_.send_payload_type, 20ms, now);
  return gap ? kDtxAgain : Duration(20ms);
}

void AudioSink::send_generated(std::span<const std::byte> payload, uint8_t payload_type,
                               Duration length, TimePoint now) {
  PacketPtr packet = pool_->take();
  if (!packet) return counters_.discard(Discard::Overload);
  std::ranges::copy(payload, packet->room().begin() + wire::kRtpHeaderSize);
  const wire::RtpHeader header = sender_.generated(units_of(length), now);
  transmit(std::move(packet), header, payload_type, payload.size(), now);
}

size_t AudioSink::write_silence(std::span<std::byte> payload) const {
  const auto repeat = [&](uint8_t code) {
    const size_t bytes = samples_for(silence_time(), 8000);  // 64 kbit/s, all three.
    std::memset(payload.data(), code, bytes);
    return bytes;
  };
  switch (codec()) {
    case Codec::Pcmu: return repeat(g711_silence(Law::Mu));
    case Codec::Pcma: return repeat(g711_silence(Law::A));
    case Codec::G722: return g722_silence(payload.first(samples_for(silence_time(), 8000)));
    case Codec::Opus: std::ranges::copy(kOpusSilence, payload.begin()); return kOpusSilence.size();
  }
  return 0;
}

void AudioSink::send_event(std::span<const std::byte> payload, uint8_t payload_type, bool marker,
                           uint32_t timestamp, TimePoint now) {
  PacketPtr packet = pool_->take();
  if (!packet) return counters_.discard(Discard::Overload);
  std::ranges::copy(payload, packet->room().begin() + wire::kRtpHeaderSize);
  transmit(std::move(packet), sender_.event(timestamp, marker), payload_type, payload.size(), now);
}

void AudioSink::transmit(PacketPtr packet, wire::RtpHeader header, uint8_t payload_type,
                         size_t payload_size, TimePoint now) {
  header.payload_type = payload_type;
  wire::write_rtp_header(packet->room().first<wire::kRtpHeaderSize>(), header);
  packet->resize(wire::kRtpHeaderSize + payload_size);
  hand_over(*packet, payload_size, now);
}

void AudioSink::hand_over(Packet& packet, size_t payload_size, TimePoint now) {
  sender_.on_sent(payload_size, now);
  if (!transport_.send_rtp(packet, now)) return counters_.send_failed.add();
  ++packets_;
  octets_ += packet.size();
}

}  // namespace gw::media
