#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/ids.h"
#include "media/engine/packet_pool.h"
#include "media/path/audio_source.h"
#include "media/tone/comfort_noise.h"
#include "media/tone/telephone_event.h"
#include "media/wire/offer_answer.h"
#include "media/wire/rtp.h"

namespace gw::media {

// An audio packet of one leg that was accepted, on its way to the other.
struct InboundAudio {
  PacketPtr& packet;
  const wire::RtpPacket& rtp;
  Codec codec = Codec::Pcmu;
  int64_t sequence = 0;   // Extended.
  int64_t timestamp = 0;  // Extended.
  bool restarted = false;
};

// One leg's sound as its Relay sees it: a leg with a network, or the echo user. The worker's
// thread.
class SoundPort : public PcmSink {
 public:
  // Wired to another, or to none. Not on the packet path: codecs are made here.
  virtual void on_wired(SoundPort* other, TimePoint now) = 0;
  // The same conversation by another wire (a Relay becomes a Mixer, or a Mixer a Relay): what is
  // under way goes on without a break.
  virtual void on_rewired(SoundPort& other, TimePoint now) { on_wired(&other, now); }
  virtual PortId id() const { return {}; }  // None: a mixer's seat.
  // Its negotiation changed; the other end may need codecs.
  virtual void on_other_changed(TimePoint now) = 0;
  // What can be heard of what is played to it: the natural rate of the codec that it is sent, less
  // if the peer asks for less.
  virtual uint32_t best_rate() const = 0;
  virtual void prepare_to_play(uint32_t rate) = 0;  // PCM will come, at 8 or 16 kHz.

  // A mixer's seat: PCM alone is of use to it, at this rate and no other.
  virtual std::optional<uint32_t> mixing_rate() const { return std::nullopt; }
  // How what is played to it waits for what is late, before it is played.
  virtual Playout playout() const { return {}; }

  virtual bool hears(TimePoint now) const = 0;     // What is played to it goes somewhere.
  virtual bool passes(Codec codec) const = 0;      // Packets of this codec go as they are.
  virtual std::optional<Codec> codec() const = 0;  // What it is sent; none = not negotiated.
  // Packet path, all of these.
  virtual void pass(InboundAudio& audio, TimePoint now) = 0;
  virtual bool passes_events(Codec codec, uint32_t clock_rate) const = 0;
  virtual void pass_event(InboundAudio& event, TimePoint now) = 0;
  // The other leg is silent: its comfort noise, until it is heard again. Who does not care mixes
  // nothing.
  virtual void rest(NoiseLevel, TimePoint) {}
  virtual bool rests_cheaply() const { return false; }  // A silence costs less than its sound.
  virtual void press(const KeyPress& key, TimePoint now) = 0;
  // A key that is down: played until release_key() says how long it was. False: it takes whole keys
  // only, by press().
  virtual bool hold_key(char, TimePoint) { return false; }
  virtual void sustain_key(Duration) {}  // So long it is down for certain.
  virtual void release_key(Duration, TimePoint) {}
  // Tones in the sound are its keys; else they are taken out of the sound, and pressed.
  virtual bool hears_tones() const { return false; }

  // In a conference: whom its sound is for; empty = everybody.
  virtual std::span<const PortId> audience() const { return {}; }

  // In a conference: who also wants to hear each of the loudest by itself, so told apart, before
  // all of them by play().
  virtual bool hears_each() const { return false; }
  virtual void play_one(PortId, std::span<const int16_t>, TimePoint) {}

  // Listeners who are told the same: one encodes, each sends. Null: this one is to be told by
  // play() (another ptime than a mixer's tick, a coder whose state cannot be handed on).
  virtual const AudioEncoder* sharable_encoder() const { return nullptr; }
  virtual size_t encode(std::span<const int16_t>, std::span<std::byte>) { return 0; }
  virtual void play_coded(std::span<const std::byte>, int64_t, bool, TimePoint) {}
  // From here on its encoder goes on where the other's stands.
  virtual void continue_coding_of(const SoundPort&) {}
};

}  // namespace gw::media
