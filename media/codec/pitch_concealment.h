#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gw::media {

// Hides lost frames of a codec that cannot do it itself (G.711, G.722): the last pitch period is
// repeated and fades to silence in 60 ms, after the idea of ITU-T G.711 Appendix I but without its
// delay. Where what follows the loss is known, and it mostly is (a loss is noticed when a later
// packet comes), the two sides are joined: the repetition is drawn out to meet what follows in
// phase, that is repeated backwards, and one turns into the other. What came is then played as it
// came. At 16 kHz the period is searched on every second sample, which costs as much as at 8 kHz.
// (SpanDSP's plc copies overlapping memory.) Owned by a decoder. No allocation; packet path.
class PitchConcealment {
 public:
  // So much of what follows a loss is of use, by a sample at 8 kHz.
  static constexpr size_t kMostAfter = 200;

  explicit PitchConcealment(uint32_t rate);  // kNarrowband or kWideband.

  // A good frame. Behind a loss its beginning is blended with what was made up.
  void hear(std::span<int16_t> pcm);
  // In place of a lost one.
  void fill(std::span<int16_t> out);
  // The same when it is known what comes `rest` samples after `out`. With no rest it is to be heard
  // next, and stays as it is.
  void bridge(std::span<int16_t> out, std::span<const int16_t> after, size_t rest = 0);
  void reset();

 private:
  // By a sample at 8 kHz; times stride_ at the true rate.
  static constexpr size_t kMinPeriod = 40;   // 200 Hz.
  static constexpr size_t kMaxPeriod = 120;  // 66 Hz.
  static constexpr size_t kCompared = 160;   // 20 ms decide on the period.
  static constexpr size_t kFullLevel = 80;   // 10 ms, then down ...
  static constexpr size_t kSilent = 480;     // ... to nothing at 60 ms.
  static constexpr size_t kBlend = 40;
  static constexpr size_t kMaxStride = 2;

  static constexpr size_t kNowhere = SIZE_MAX;

  void begin();
  void end();
  size_t find_period() const;
  size_t find_period_of(std::span<const int16_t> after) const;
  float draw_to(std::span<const int16_t> after, size_t hole) const;
  float repeated(size_t at, float drawn) const;
  float faded(size_t away) const;
  float next();
  void remember(std::span<const int16_t> pcm);

  const size_t stride_;  // Samples for one at 8 kHz.
  const size_t history_size_;
  std::array<int16_t, kMaxStride*(kMaxPeriod + kCompared)> history_{};  // The newest last.
  std::array<float, kMaxStride * kMaxPeriod> period_{};
  size_t length_;
  size_t made_ = 0;                 // Samples made up in this loss; 0 = none is going on.
  size_t bridged_from_ = kNowhere;  // As many were made when it became known what follows.
  float drawn_ = 1;                 // How much longer than length_ a repetition is.
  float step_ = 0;                  // From the last true sample to the period's beginning.
};

}  // namespace gw::media
