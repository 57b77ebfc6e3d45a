#include "media/path/media_port.h"

#include <algorithm>
#include <utility>

#include "media/codec/g711.h"
#include "media/path/phase.h"

namespace gw::media {

MediaPort::MediaPort(Settings settings, const Surroundings& around, Transport& transport)
    : settings_(std::move(settings)),
      pool_(&around.pool),
      counters_(around.counters),
      clock_(around.clock),
      observer_(around.observer),
      transport_(transport),
      deadline_(around.earliest),
      source_(around.counters),
      // RFC 3550 5.1: random beginnings; RFC 3711 3.3.1: low, so that no early loss hides a wrap.
      sink_(RtpSender(settings_.ssrc, static_cast<uint16_t>(around.random.u32() & 0x7fff),
                      around.random.u32()),
            transport, around.pool, around.counters),
      rtcp_(settings_.cname, around.random),
      digits_out_(settings_.dtmf) {
  source_.set_conceals(settings_.conceals);
}

void MediaPort::negotiate(const wire::StreamParameters& parameters, TimePoint now) {
  if (parameters.codecs.empty()) return;
  const bool was_sending = negotiated_ && sends(parameters_.direction);
  parameters_ = parameters;
  negotiated_ = true;
  const wire::NegotiatedCodec& main = parameters_.codecs.front();
  OpusSettings opus = settings_.opus;
  opus.fec = false;
  sink_.set_format(main, parameters_.ptime, opus);
  sink_.set_noise(parameters_.noise);
  events_out_ =
      parameters_.events.empty() ? std::nullopt : std::optional(parameters_.events.front());
  digits_out_.negotiate(events_out_);
  const bool may_tone = settings_.dtmf == DtmfMode::Auto || settings_.dtmf == DtmfMode::Inband;
  const bool by_tone = settings_.fills_silence && parameters_.events.empty() && may_tone;
  keys_in_.negotiate(parameters_.events, by_tone, now);
  take_keys(nullptr, now);
  if (!by_tone) {
    held_sound_.reset();
  } else if (!held_sound_) {
    held_sound_ = std::make_unique<LookAhead>();
  }
  if (!by_tone || is_g711(main.codec)) {
    tone_decoder_.reset();
  } else if (!tone_decoder_ || tone_decoder_->codec() != main.codec) {
    tone_decoder_ = make_decoder(main.codec, kNarrowband);
  }
  if (!was_sending && sends(parameters_.direction)) sink_.sender().restart_talk_spurt();
  rtcp_.start(now);
  armed_ = now;
  timed_out_ = false;
  prepare_codecs();
  if (other_ != nullptr) other_->on_other_changed(now);
  poke(now);
}

void MediaPort::prepare_codecs() {
  if (other_ == nullptr || !negotiated_) return;
  if (hears_tones()) sink_.prepare();  // A key may come at any time.
  if (!other_->codec() && !other_->mixing_rate()) return;
  // The codec that should come; another one that was negotiated makes its decoder when it comes.
  const Codec ours = parameters_.codecs.front().codec;
  if (!decodes(ours)) {
    if (parameters_.noise) other_->prepare_to_play(kNarrowband);  // Its noise may need an encoder.
    return source_.release();
  }
  prepare_to_transcode(ours);
}

// The other leg wants this codec as PCM: neither the packets as they are nor one law for the other.
bool MediaPort::decodes(Codec codec) const {
  if (other_->mixing_rate()) return true;
  const auto theirs = other_->codec();
  return !other_->passes(codec) && !(theirs && is_g711(codec) && is_g711(*theirs));
}

// One rate a wiring, whichever negotiated codec comes: a peer that alternates between two does not
// make us make codecs.
void MediaPort::prepare_to_transcode(Codec codec) {
  const uint32_t natural = natural_rate(parameters_.codecs.front().codec);
  const uint32_t rate = other_->mixing_rate().value_or(std::min(natural, other_->best_rate()));
  source_.prepare(codec, rate);
  source_.set_playout(other_->playout());
  other_->prepare_to_play(rate);
}

std::optional<Codec> MediaPort::codec() const {
  if (!negotiated_) return std::nullopt;
  return sink_.codec();
}

void MediaPort::on_wired(SoundPort* other, TimePoint now) {
  other_ = other;
  source_.restart();
  if (held_sound_) held_sound_->clear();
  // What the other side has of a key is all that it gets.
  if (key_path_ == KeyPath::Live || key_path_ == KeyPath::Passed) key_path_ = KeyPath::Done;
  digits_out_.release(Duration{0});
  sink_.drop_residue();
  sink_.sender().new_source();
  skipped_ = true;
  resting_.reset();
  armed_ = now;
  timed_out_ = false;
  prepare_codecs();
  poke(now);
}

void MediaPort::on_rewired(SoundPort& other, TimePoint now) {
  other_ = &other;
  sink_.rewire();
  prepare_codecs();
  poke(now);
}

void MediaPort::on_other_changed(TimePoint now) {
  prepare_codecs();
  poke(now);
}

void MediaPort::set_held(bool held, TimePoint now) {
  if (held_ && !held) sink_.sender().restart_talk_spurt();
  if (held && !held_) digits_out_.clear();  // A key does not outlast a hold.
  held_ = held;
  armed_ = now;
  timed_out_ = false;
  poke(now);
}

void MediaPort::set_muted(bool muted, TimePoint now) {
  muted_ = muted;
  armed_ = now;
  timed_out_ = false;
}

void MediaPort::set_ringback(bool on, TimePoint now) {
  if (!on) {
    ringback_.reset();
    return;
  }
  if (ringback_) return;
  ringback_ = std::make_unique<ToneGenerator>(ToneGenerator::kRingback);
  sink_.prepare();
  next_tick_ = next_tick_of(settings_.id.value, now);
  poke(now);
}

void MediaPort::set_complexity(int complexity) {
  settings_.opus.complexity = complexity;
  sink_.set_complexity(complexity);
}

void MediaPort::leave(TimePoint now) {
  if (negotiated_ && sink_.sender().has_sent()) {
    rtcp_.send(transport_, *pool_, receiver_, sink_.sender(), now, clock_.wall(),
               {voip_metrics(), true});
  }
}

void MediaPort::leave_worker() {
  source_.let_go();
  if (held_sound_) held_sound_->clear();
}

void MediaPort::enter_worker(PacketPool& pool, TimePoint& earliest, TimePoint now) {
  pool_ = &pool;
  sink_.move_to(pool);
  deadline_.move_to(earliest);
  poke(now);
}

}  // namespace gw::media
