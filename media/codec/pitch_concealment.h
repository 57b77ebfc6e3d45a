#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gw::media {

// Hides lost frames of a codec that cannot do it itself (G.711, G.722): the last pitch period is
// repeated and fades to silence in 60 ms, after the idea of ITU-T G.711 Appendix I but without its
// delay. At 16 kHz the period is searched on every second sample, which costs as much as at 8 kHz.
// (SpanDSP's plc copies overlapping memory.) Owned by a decoder. No allocation; packet path.
class PitchConcealment {
 public:
  explicit PitchConcealment(uint32_t rate);  // kNarrowband or kWideband.

  // A good frame. Behind a loss its beginning is blended with what was made up.
  void hear(std::span<int16_t> pcm);
  // In place of a lost one.
  void fill(std::span<int16_t> out);
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

  void begin();
  size_t find_period() const;
  float next();
  void remember(std::span<const int16_t> pcm);

  const size_t stride_;  // Samples for one at 8 kHz.
  const size_t history_size_;
  std::array<int16_t, kMaxStride*(kMaxPeriod + kCompared)> history_{};  // The newest last.
  std::array<float, kMaxStride * kMaxPeriod> period_{};
  size_t length_, at_ = 0;
  size_t made_ = 0;  // Samples made up in this loss; 0 = none is going on.
  float step_ = 0;   // From the last true sample to the period's beginning.
};

}  // namespace gw::media
