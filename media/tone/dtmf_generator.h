#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/clock.h"

struct dtmf_tx_state_s;

namespace gw::media {

// The keys of a phone as in-band tones: the counterpart of TelephoneEventSender for peers without
// RFC 4733. SpanDSP makes the tones, we count how long they are: a key that is down has no length
// yet. Owned by a DigitSender. No allocation after construction.
class DtmfGenerator {
 public:
  static constexpr size_t kMaxQueued = 64;

  DtmfGenerator();
  ~DtmfGenerator();
  DtmfGenerator(const DtmfGenerator&) = delete;
  DtmfGenerator& operator=(const DtmfGenerator&) = delete;

  // All methods: packet path.
  bool queue(char digit, Duration length, Duration gap);  // False: no key, or the queue is full.
  // As TelephoneEventSender's: a key that is down until release().
  bool hold(char digit, Duration gap);
  void release(Duration length);
  // Fills all of `out`, silence between and after keys. False when there was nothing left to play.
  bool generate(std::span<int16_t> out);
  bool idle() const { return count_ == 0 && left_ == 0 && gap_left_ == 0; }
  void clear();

 private:
  struct Key {
    char digit = 0;
    uint32_t samples = 0, gap_samples = 0;
    bool held = false;  // `samples` is not known yet.
  };
  struct TonesDeleter {
    void operator()(dtmf_tx_state_s* tones) const;
  };

  bool add(char digit, const Key& key);
  void start_next();
  size_t play(std::span<int16_t> out);
  size_t pause(std::span<int16_t> out);

  const std::unique_ptr<dtmf_tx_state_s, TonesDeleter> tones_;
  std::array<Key, kMaxQueued> keys_{};
  size_t first_ = 0, count_ = 0;
  uint32_t left_ = 0, gap_left_ = 0;
  uint32_t played_ = 0;  // Of the key.
  bool held_ = false;    // Until release().
};

}  // namespace gw::media
