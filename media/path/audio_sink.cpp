#include "media/path/audio_sink.h"

#include <algorithm>
#include <cstring>

#include "media/codec/g711.h"

namespace gw::media {
namespace {

// 20 ms of digital silence as libopus writes it for CELT: TOC 0xF8 (fullband, 20 ms, mono) and an
// empty frame. Costs no encoder.
constexpr std::array<std::byte, 3> kOpusSilence{std::byte{0xf8}, std::byte{0xff}, std::byte{0xfe}};

constexpr unsigned kSilentFramesEncoded = 10;

bool opus_frame(size_t samples) {
  const size_t ms = samples * 1000 / kSampleRate;
  return ms == 10 || ms == 20 || ms == 40 || ms == 60;
}

}  // namespace

AudioSink::AudioSink(RtpSender sender, Transport& transport, PacketPool& pool,
                     MediaCounters& counters)
    : sender_(sender), transport_(transport), pool_(pool), counters_(counters) {}

void AudioSink::set_format(Codec codec, uint8_t payload_type, Duration ptime,
                           const OpusSettings& opus) {
  const auto ms = std::clamp<int64_t>(to_ms(ptime), 10, 60) / 10 * 10;
  size_t samples = static_cast<size_t>(ms) * kSampleRate / 1000;
  if (codec == Codec::Opus && !opus_frame(samples)) samples = kSamplesPer20Ms;
  payload_type_ = payload_type;
  opus_ = opus;
  if (codec == codec_ && samples == frame_samples_) return;
  residue_ = 0;
  frame_samples_ = samples;
  if (codec != codec_) encoder_.reset();
  codec_ = codec;
  sender_.set_clock(descriptor(codec).rtp_clock);
}

void AudioSink::prepare() {
  if (!encoder_) encoder_ = make_encoder(codec_, opus_);
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
  // What does not continue the rest ends it.
  if (residue_ > 0 &&
      (restarted || position != residue_position_ + static_cast<int64_t>(residue_))) {
    flush(now);
  }
  while (!pcm.empty()) {
    if (residue_ == 0 && pcm.size() >= frame_samples_) {
      send_frame(pcm.first(frame_samples_), position, restarted, now);
      pcm = pcm.subspan(frame_samples_);
      position += static_cast<int64_t>(frame_samples_);
      restarted = false;
      continue;
    }
    if (residue_ == 0) {
      residue_position_ = position;
      residue_restarted_ = restarted;
      restarted = false;
    }
    const size_t take = std::min(pcm.size(), frame_samples_ - residue_);
    std::copy_n(pcm.begin(), take, frame_.begin() + static_cast<ptrdiff_t>(residue_));
    residue_ += take;
    pcm = pcm.subspan(take);
    position += static_cast<int64_t>(take);
    if (residue_ < frame_samples_) return;
    residue_ = 0;
    send_frame(std::span(frame_).first(frame_samples_), residue_position_, residue_restarted_, now);
  }
}

void AudioSink::flush(TimePoint now) {
  std::fill(frame_.begin() + static_cast<ptrdiff_t>(residue_),
            frame_.begin() + static_cast<ptrdiff_t>(frame_samples_), int16_t{0});
  residue_ = 0;
  send_frame(std::span(frame_).first(frame_samples_), residue_position_, residue_restarted_, now);
}

void AudioSink::send_frame(std::span<const int16_t> pcm, int64_t position, bool restarted,
                           TimePoint now) {
  if (!encoder_) return;
  const uint32_t clock = sender_.clock();
  const auto header = sender_.mapped(position * clock / kSampleRate,
                                     rtp_units(frame_samples_, clock), restarted, now);
  if (!header) return counters_.discard(Discard::Late);
  PacketPtr packet = pool_.take();
  if (!packet) return counters_.discard(Discard::Overload);
  const auto payload = packet->room().subspan(wire::kRtpHeaderSize, kMaxEncodedFrame);
  size_t size = 0;
  if (codec_ == Codec::Opus && frame_samples_ == kSamplesPer20Ms && settled_silence(pcm)) {
    std::ranges::copy(kOpusSilence, payload.begin());
    size = kOpusSilence.size();
  } else {
    size = encoder_->encode(pcm, payload);
  }
  if (size > 0) transmit(std::move(packet), *header, payload_type_, size, now);
}

// Digital silence is not worth an encoder; its first frames are, so that the sound fades out.
bool AudioSink::settled_silence(std::span<const int16_t> pcm) {
  constexpr int kSilence = 8;  // What zero is in A-law.
  const bool silent =
      std::ranges::all_of(pcm, [](int16_t s) { return s >= -kSilence && s <= kSilence; });
  silent_frames_ = silent ? silent_frames_ + 1 : 0;
  return silent_frames_ > kSilentFramesEncoded;
}

void AudioSink::play_generated(std::span<const int16_t> pcm, TimePoint now) {
  if (!encoder_) return;
  PacketPtr packet = pool_.take();
  if (!packet) return counters_.discard(Discard::Overload);
  const wire::RtpHeader header = sender_.generated(rtp_units(frame_samples_, sender_.clock()), now);
  const size_t size =
      encoder_->encode(pcm, packet->room().subspan(wire::kRtpHeaderSize, kMaxEncodedFrame));
  if (size > 0) transmit(std::move(packet), header, payload_type_, size, now);
}

void AudioSink::play_silence(TimePoint now) {
  PacketPtr packet = pool_.take();
  if (!packet) return counters_.discard(Discard::Overload);
  const bool opus = codec_ == Codec::Opus;
  const size_t samples = opus ? kSamplesPer20Ms : frame_samples_;
  const wire::RtpHeader header = sender_.generated(rtp_units(samples, sender_.clock()), now);
  const std::span<std::byte> payload = packet->room().subspan(wire::kRtpHeaderSize);
  if (opus) {
    std::ranges::copy(kOpusSilence, payload.begin());
  } else {
    const uint8_t code = g711_silence(codec_ == Codec::Pcmu ? Law::Mu : Law::A);
    std::memset(payload.data(), code, samples);
  }
  transmit(std::move(packet), header, payload_type_, opus ? kOpusSilence.size() : samples, now);
}

void AudioSink::send_event(std::span<const std::byte> payload, uint8_t payload_type, bool marker,
                           uint32_t timestamp, TimePoint now) {
  PacketPtr packet = pool_.take();
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
