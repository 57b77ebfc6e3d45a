#include "media/path/media_port.h"

#include <algorithm>
#include <utility>

#include "media/codec/g711.h"

namespace gw::media {
namespace {

// Between keys that one leg pressed and another plays: no more than fast hands leave, or they would
// fall behind.
constexpr Duration kRelayedKeyGap = 40ms;
// Longer is no loss but a pause, and the key is up.
constexpr int64_t kMaxListenedGap = kNarrowband / 25;
constexpr size_t kDtxFrame = 2;  // Octets: Opus sends no more of a silence (RFC 6716 2.1.9).

bool is_g711(Codec codec) {
  return codec == Codec::Pcmu || codec == Codec::Pcma;
}
Law law_of(Codec codec) {
  return codec == Codec::Pcmu ? Law::Mu : Law::A;
}

}  // namespace

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
      digits_out_(settings_.dtmf) {}

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
  keys_in_.negotiate(parameters_.events, by_tone);
  if (!by_tone) held_sound_.clear();
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
  held_sound_.clear();
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
  next_tick_ = now;
  poke(now);
}

void MediaPort::set_complexity(int complexity) {
  settings_.opus.complexity = complexity;
  sink_.set_complexity(complexity);
}

void MediaPort::send_digits(std::string_view digits, Duration length, Duration gap, TimePoint now) {
  if (!digits_out_.busy()) next_tick_ = now;
  if (hears_tones()) sink_.prepare();
  for (const char digit : digits) send_key({digit, length}, gap);
  digits_were_busy_ = true;  // So that DigitsSent comes even when nothing could be queued.
  poke(now);
}

void MediaPort::send_key(const KeyPress& key, Duration gap) {
  switch (digits_out_.way()) {
    case DigitSender::Way::Events:
    case DigitSender::Way::Tones: digits_out_.queue(key.digit, key.duration, gap); return;
    case DigitSender::Way::Info:
      observer_.on_port_event(DigitToSend{settings_.id, key.digit, key.duration});
      return;
    case DigitSender::Way::None: counters_.digits_undeliverable.add(); return;
  }
}

void MediaPort::receive_info(const KeyPress& key, TimePoint now) {
  keys_in_.receive_info(key, other_ != nullptr && other_->hears_tones(), now);
  take_keys(nullptr, now);
  poke(now);
}

void MediaPort::leave(TimePoint now) {
  if (negotiated_ && sink_.sender().has_sent()) {
    rtcp_.send(transport_, *pool_, receiver_, sink_.sender(), now, clock_.wall(),
               {voip_metrics(), true});
  }
}

void MediaPort::leave_worker() {
  source_.let_go();
  held_sound_.clear();
}

void MediaPort::enter_worker(PacketPool& pool, TimePoint& earliest, TimePoint now) {
  pool_ = &pool;
  sink_.move_to(pool);
  deadline_.move_to(earliest);
  poke(now);
}

// ---- From the network ----

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

void MediaPort::receive_event(InboundAudio& event, TimePoint now) {
  keys_in_.receive_event(event.rtp.header, event.rtp.payload, now);
  take_keys(&event, now);
  deadline_.at_latest(keys_in_.due());
  if (key_path_ != KeyPath::Passed || !keys_in_.event_is_new()) return;
  if (muted_ || other_ == nullptr || !other_->hears(now)) return;
  event.restarted |= std::exchange(skipped_, false);
  other_->pass_event(event, now);
}

void MediaPort::take_keys(const InboundAudio* event, TimePoint now) {
  while (const auto change = keys_in_.take()) {
    if (change->kind == KeyChange::Kind::Down) {
      key_down(*change, event, now);
    } else {
      key_up(*change, now);
    }
  }
}

void MediaPort::key_down(const KeyChange& change, const InboundAudio* event, TimePoint now) {
  key_path_ = KeyPath::Whole;
  if (muted_ || other_ == nullptr) return;
  const bool tone = change.way == KeyWay::InBand;
  const wire::NegotiatedEvents* events =
      event == nullptr ? nullptr : keys_in_.events_of(event->rtp.header.payload_type);
  if (tone ? other_->hears_tones()
           : events != nullptr && other_->hears(now) &&
                 other_->passes_events(event->codec, events->clock_rate)) {
    key_path_ = KeyPath::Passed;  // A tone in the sound, an event in its packets.
  } else if (other_->hold_key(change.key.digit, now)) {
    key_path_ = KeyPath::Live;
  }
}

void MediaPort::key_up(const KeyChange& change, TimePoint now) {
  counters_.digits_in.add();
  const bool in_band = change.way == KeyWay::InBand;
  observer_.on_port_event(
      DigitReceived{settings_.id, change.key.digit, change.key.duration, in_band});
  // One key is one key: what went through is not played again.
  const bool whole = change.kind == KeyChange::Kind::Whole;
  if (muted_ || other_ == nullptr) return;
  if (!whole && key_path_ == KeyPath::Live) {
    other_->release_key(change.key.duration, now);
  } else if (whole || key_path_ == KeyPath::Whole) {
    other_->press(change.key, now);
  }
}

// A leg whose keys are tones. Packet path.
void MediaPort::hear(InboundAudio& audio, TimePoint now) {
  const size_t samples = listen_for_tones(audio, now);
  const bool taken_out = samples > 0 && other_ != nullptr && !other_->hears_tones();
  if (taken_out && keys_in_.tone_sounds()) {
    held_sound_.clear();  // Its beginning.
    skipped_ = true;
  }
  take_keys(nullptr, now);
  if (!taken_out) {
    release_held_sound(now);
    return carry(audio, now);
  }
  if (keys_in_.tone_sounds()) return;
  if (!held_sound_.hold(audio, duration_of(samples, kNarrowband), now)) carry(audio, now);
  deadline_.at_latest(held_sound_.due());
  release_held_sound(now);
}

// How many samples were listened to; 0 for sound that is no codec's of ours.
size_t MediaPort::listen_for_tones(const InboundAudio& audio, TimePoint now) {
  size_t size = 0;
  if (is_g711(audio.codec) && audio.rtp.payload.size() <= pcm_.size()) {
    size = audio.rtp.payload.size();
    g711_decode(law_of(audio.codec), audio.rtp.payload, std::span(pcm_).first(size));
  } else if (tone_decoder_ && tone_decoder_->codec() == audio.codec) {
    size = tone_decoder_->decode(audio.rtp.payload, pcm_);
  }
  if (size == 0) return 0;
  const int64_t position = audio.timestamp * kNarrowband / descriptor(audio.codec).rtp_clock;
  const int64_t lost = position - listened_until_;
  if (!audio.restarted && lost > 0 && lost <= kMaxListenedGap) {
    keys_in_.skip(static_cast<size_t>(lost));
  }
  listened_until_ = position + static_cast<int64_t>(size);
  keys_in_.listen(std::span(pcm_).first(size), now);
  return size;
}

void MediaPort::release_held_sound(TimePoint now) {
  while (auto held = held_sound_.next(now)) {
    InboundAudio audio{held->packet,   held->rtp,       held->codec,
                       held->sequence, held->timestamp, held->restarted};
    carry(audio, now);
  }
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
  held_sound_.clear();  // The last of a fade is not worth waking the other leg for.
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

// ---- From the other leg ----

bool MediaPort::may_send() const {
  return negotiated_ && !held_ && sends(parameters_.direction) && transport_.ready();
}

bool MediaPort::hears(TimePoint) const {
  return may_send() && !digits_out_.busy();
}

void MediaPort::on_heard_elsewhere() {
  filling_ = false;
  resting_.reset();
  if (ringback_) ringback_.reset();  // Real sound ends ours (RFC 3960 3.2).
}

// Packet path.
void MediaPort::pass(InboundAudio& audio, TimePoint now) {
  on_heard_elsewhere();
  sink_.pass(*audio.packet, audio.rtp, parameters_.codecs.front().send_payload_type, audio.sequence,
             audio.timestamp, audio.restarted, now);
}

bool MediaPort::passes_events(Codec codec, uint32_t clock_rate) const {
  return events_out_ && passes(codec) && events_out_->clock_rate == clock_rate &&
         descriptor(codec).rtp_clock == clock_rate;
}

// Packet path.
void MediaPort::pass_event(InboundAudio& event, TimePoint now) {
  on_heard_elsewhere();
  sink_.pass(*event.packet, event.rtp, events_out_->send_payload_type, event.sequence,
             event.timestamp, event.restarted, now);
}

void MediaPort::press(const KeyPress& key, TimePoint now) {
  if (!may_send()) return;
  if (!digits_out_.busy()) next_tick_ = now;
  send_key(key, kRelayedKeyGap);
  poke(now);
}

bool MediaPort::hold_key(char digit, TimePoint now) {
  if (!may_send()) return true;  // Nobody is there to hear it.
  const bool idle = !digits_out_.busy();
  if (!digits_out_.hold(digit, kRelayedKeyGap)) return false;
  if (idle) next_tick_ = now;
  poke(now);
  return true;
}

void MediaPort::release_key(Duration length, TimePoint now) {
  digits_out_.release(length);
  poke(now);
}

// Packet path.
void MediaPort::play(std::span<const int16_t> pcm, int64_t position, bool restarted,
                     TimePoint now) {
  if (!hears(now)) return;
  if (sink_.rests_cheaply() && silence_.settled(pcm)) return rest(kNoNoise, now);
  on_heard_elsewhere();
  sink_.play(pcm, position, restarted, now);
}

// Packet path.
void MediaPort::play_coded(std::span<const std::byte> payload, int64_t position, bool restarted,
                           TimePoint now) {
  on_heard_elsewhere();
  sink_.play_coded(payload, position, restarted, now);
}

void MediaPort::continue_coding_of(const SoundPort& other) {
  if (const auto* port = dynamic_cast<const MediaPort*>(&other)) {
    sink_.continue_coding_of(port->sink_);
  }
}

void MediaPort::rest(NoiseLevel level, TimePoint now) {
  if (!hears(now)) return;
  if (resting_ == level) return;
  if (!resting_) {
    on_heard_elsewhere();
    sink_.drop_residue();
    noise_begins_ = true;
  }
  resting_ = level;
  next_tick_ = now;
  poke(now);
}

// ---- By time ----

TimePoint MediaPort::on_timer(TimePoint now) {
  TimePoint next = transport_.on_timer(now);
  if (now >= keys_in_.due()) {
    keys_in_.tick(now);
    take_keys(nullptr, now);
  }
  if (now >= held_sound_.due()) release_held_sound(now);
  next = std::min({next, keys_in_.due(), held_sound_.due()});
  if (other_ != nullptr && !muted_ && !held_ && other_->hears(now)) {
    next = std::min(next, source_.on_timer(*other_, now));
  } else {
    source_.restart();
  }
  next = std::min(next, generate(now));
  if (now >= rtcp_.due()) {
    rtcp_.send(transport_, *pool_, receiver_, sink_.sender(), now, clock_.wall(),
               {voip_metrics(), false});
    counters_.lost.add(receiver_.lost() - std::min(counted_lost_, receiver_.lost()));
    counted_lost_ = std::max(counted_lost_, receiver_.lost());
  }
  next = std::min(next, rtcp_.due());
  return std::min(next, check_timeout(now));
}

TimePoint MediaPort::generate(TimePoint now) {
  if (!may_send()) return kNever;
  if (digits_out_.busy() || digits_were_busy_ || ringback_) return tick_generator(now);
  if (resting_) return fill_with_noise(now);
  if (settings_.fills_silence && other_ != nullptr) return fill(now);
  return kNever;
}

TimePoint MediaPort::tick_generator(TimePoint now) {
  if (now < next_tick_) return next_tick_;
  if (now - next_tick_ > kFillAfter) next_tick_ = now;  // The loop stood still: no burst.
  filling_ = false;
  const bool digits = digits_out_.busy();
  if (digits) {
    digits_were_busy_ = true;
    digits_out_.tick(sink_, now);
  } else if (std::exchange(digits_were_busy_, false)) {
    counters_.digits_out.add();
    sink_.sender().restart_talk_spurt();
    observer_.on_port_event(DigitsSent{settings_.id});
    return now;
  } else {
    const std::span<int16_t> frame = std::span(pcm_).first(sink_.generated_samples());
    ringback_->generate(frame);
    sink_.play_generated(frame, now);
  }
  next_tick_ += digits && digits_out_.way() == DigitSender::Way::Events
                    ? TelephoneEventSender::kTick
                    : sink_.ptime();
  return next_tick_;
}

TimePoint MediaPort::fill(TimePoint now) {
  const bool sent = sink_.sender().has_sent();
  const TimePoint due = filling_ ? next_tick_
                        : sent   ? sink_.sender().last_sent() + kFillAfter
                                 : now;
  if (now < due) return due;
  if (!filling_ || now - next_tick_ > kFillAfter) next_tick_ = now;
  filling_ = true;
  if (sink_.sends_noise()) {  // Who takes comfort noise is told of a silence, not sent it.
    next_tick_ += sink_.play_noise(kNoNoise, true, now);
    return next_tick_;
  }
  sink_.play_silence(now);
  next_tick_ += sink_.silence_time();
  return next_tick_;
}

TimePoint MediaPort::fill_with_noise(TimePoint now) {
  if (now < next_tick_) return next_tick_;
  if (now - next_tick_ > kFillAfter) next_tick_ = now;
  next_tick_ += sink_.play_noise(*resting_, std::exchange(noise_begins_, false), now);
  return next_tick_;
}

// Aware of hold, mute and DTX: only who should send can be missed, and reports and keep-alives are
// signs of life too. Browsers are watched by ICE consent alone: one without a microphone sends
// nothing and is there.
TimePoint MediaPort::check_timeout(TimePoint now) {
  if (!settings_.fills_silence || !negotiated_ || other_ == nullptr || timed_out_) return kNever;
  if (held_ || muted_ || parameters_.remote_held || !receives(parameters_.direction)) return kNever;
  const bool patient = !receiver_.started() || peer_rests_;
  const Duration limit = settings_.media_timeout * (patient ? kPatience : 1);
  const TimePoint due = std::max(heard_, armed_) + limit;
  if (now < due) return due;
  timed_out_ = true;
  observer_.on_port_event(MediaTimedOut{settings_.id});
  return kNever;
}

}  // namespace gw::media
