// What a port's peer sends: through the receiver to the other leg, as it is or as PCM.
#include <algorithm>
#include <string>
#include <utility>

#include "media/codec/g711.h"
#include "media/path/media_port.h"

namespace gw::media {
namespace {

constexpr size_t kDtxFrame = 2;  // Octets: Opus sends no more of a silence (RFC 6716 2.1.9).

}  // namespace

std::optional<Codec> MediaPort::codec_of(uint8_t payload_type) const {
  for (const wire::NegotiatedCodec& c : parameters_.codecs) {
    if (c.receive_payload_type == payload_type) return c.codec;
  }
  return std::nullopt;
}

// Packet path.
void MediaPort::on_rtp(PacketPtr& packet, TimePoint now) {
  const auto discard = [this](Discard why) {
    ++discarded_;
    counters_.discard(why);
  };
  const auto rtp = wire::RtpPacket::parse(packet->data());
  if (!rtp) return discard(Discard::Malformed);
  const wire::NegotiatedEvents* events = keys_in_.events_of(rtp->header.payload_type);
  const auto codec = codec_of(rtp->header.payload_type);
  const bool noise =
      parameters_.noise && parameters_.noise->receive_payload_type == rtp->header.payload_type;
  if (!codec && !noise && events == nullptr) return discard(Discard::PayloadType);

  const uint32_t clock = codec    ? descriptor(*codec).rtp_clock
                         : events ? events->clock_rate
                                  : descriptor(Codec::Pcmu).rtp_clock;
  const RtpReceiver::Arrival arrival = receiver_.accept(rtp->header, clock, codec.has_value(), now);
  switch (arrival.verdict) {
    case RtpReceiver::Verdict::Accepted: break;
    case RtpReceiver::Verdict::Duplicate: return discard(Discard::Duplicate);
    case RtpReceiver::Verdict::TooOld: return discard(Discard::Late);
    case RtpReceiver::Verdict::OtherSource: return discard(Discard::Ssrc);
  }
  ++packets_in_;
  octets_in_ += packet->size();
  heard_ = now;
  peer_rests_ = noise;
  timed_out_ = false;
  if (held_ || !receives(parameters_.direction)) {
    skipped_ = true;
    return discard(Discard::Direction);
  }
  if (arrival.restarted) keys_in_.reset();
  InboundAudio audio{packet,
                     *rtp,
                     codec.value_or(parameters_.codecs.front().codec),
                     arrival.sequence,
                     arrival.timestamp,
                     arrival.restarted};
  if (events != nullptr) return receive_event(audio, now);
  if (noise) return carry_noise(rtp->payload, now);
  if (keys_in_.listens()) return hear(audio, now);
  carry(audio, now);
}

// Packet path.
void MediaPort::carry(InboundAudio& audio, TimePoint now) {
  if (muted_ || other_ == nullptr || !other_->hears(now)) {
    skipped_ = true;
    return;
  }
  audio.restarted |= std::exchange(skipped_, false);
  if (other_->passes(audio.codec)) return other_->pass(audio, now);
  const auto theirs = other_->codec();
  if (theirs && is_g711(audio.codec) && is_g711(*theirs)) {
    const std::span<std::byte> codes =
        audio.packet->data().subspan(audio.rtp.payload_offset, audio.rtp.payload.size());
    g711_transcode(law_of(audio.codec), law_of(*theirs), codes);
    audio.codec = *theirs;
    return other_->pass(audio, now);
  }
  transcode(audio, now);
}

// Packet path.
void MediaPort::transcode(InboundAudio& audio, TimePoint now) {
  // Once, when a second negotiated codec is first used.
  if (!source_.prepared(audio.codec)) prepare_to_transcode(audio.codec);
  const AudioSource::Frame frame{audio.codec, audio.rtp.payload, audio.sequence, audio.timestamp,
                                 audio.restarted};
  const bool silent = audio.codec == Codec::Opus && audio.rtp.payload.size() <= kDtxFrame;
  source_.push(audio.packet, frame, *other_, now);
  if (silent && other_->rests_cheaply()) {
    // The gap that follows need not be filled frame by frame: what the decoder makes of it is
    // noise.
    other_->rest(noise_level_of(source_.last()), now);
    source_.restart();
    skipped_ = true;
    return;
  }
  deadline_.at_latest(source_.deadline());
}

// RFC 3389: the level, and perhaps the spectrum, which we leave out: no codec of ours asks for it.
// Packet path.
void MediaPort::carry_noise(std::span<const std::byte> payload, TimePoint now) {
  skipped_ = true;  // The next sound begins a new line.
  source_.restart();
  if (held_sound_)
    held_sound_->clear();  // The last of a fade is not worth waking the other leg for.
  if (payload.empty() || muted_ || other_ == nullptr || !other_->hears(now)) return;
  other_->rest(std::to_integer<NoiseLevel>(payload.front()) & kNoNoise, now);
}

// Packet path.
void MediaPort::on_rtcp(std::span<const std::byte> compound, TimePoint now) {
  rtcp_.receive(compound, receiver_, settings_.ssrc, now, clock_.wall(), counters_);
  sink_.set_expected_loss(rtcp_.expected_loss_percent());
  heard_ = now;
}

void MediaPort::on_connected(std::string_view srtp, TimePoint now) {
  srtp_ = srtp;
  observer_.on_port_event(TransportConnected{settings_.id, std::string(srtp_)});
  poke(now);
}

void MediaPort::on_failed(std::string_view why, TimePoint) {
  observer_.on_port_event(TransportFailed{settings_.id, std::string(why)});
}

void MediaPort::on_lost(TimePoint) {
  observer_.on_port_event(MediaTimedOut{settings_.id});
}

}  // namespace gw::media
