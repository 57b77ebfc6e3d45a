#include "media/codec/doubled_rate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "media/codec/half_band.h"

namespace gw::media {
namespace {

using NarrowFrame = std::array<int16_t, samples_for(kMaxFrame, kNarrowband)>;

class DoubledEncoder final : public AudioEncoder {
 public:
  explicit DoubledEncoder(std::unique_ptr<AudioEncoder> narrow) : narrow_(std::move(narrow)) {}
  Codec codec() const override { return narrow_->codec(); }
  uint32_t rate() const override { return kWideband; }

  size_t encode(std::span<const int16_t> pcm, std::span<std::byte> out) override {
    if (pcm.size() % 2 != 0 || pcm.size() > kMaxFrameSamples) return 0;
    NarrowFrame frame;
    const auto narrow = std::span(frame).first(pcm.size() / 2);
    down_.process(pcm, narrow);
    return narrow_->encode(narrow, out);
  }
  void set_expected_loss(unsigned percent) override { narrow_->set_expected_loss(percent); }
  void set_complexity(int complexity) override { narrow_->set_complexity(complexity); }
  void reset() override {
    narrow_->reset();
    down_.reset();
  }
  bool interchangeable(const AudioEncoder& other) const override {
    const auto* doubled = dynamic_cast<const DoubledEncoder*>(&other);
    return doubled != nullptr && narrow_->interchangeable(*doubled->narrow_);
  }
  void continue_from(const AudioEncoder& other) override {
    const auto& doubled = dynamic_cast<const DoubledEncoder&>(other);
    narrow_->continue_from(*doubled.narrow_);
    down_ = doubled.down_;
  }

 private:
  const std::unique_ptr<AudioEncoder> narrow_;
  Downsampler down_;
};

class DoubledDecoder final : public AudioDecoder {
 public:
  explicit DoubledDecoder(std::unique_ptr<AudioDecoder> narrow) : narrow_(std::move(narrow)) {}
  Codec codec() const override { return narrow_->codec(); }
  uint32_t rate() const override { return kWideband; }

  size_t decode(std::span<const std::byte> payload, std::span<int16_t> out) override {
    const size_t samples = narrow_->samples_in(payload);
    if (samples == 0 || 2 * samples > out.size()) return 0;
    NarrowFrame frame;
    return doubled(frame, narrow_->decode(payload, frame), out);
  }
  size_t conceal(std::span<int16_t> out) override { return recover({}, out, 0); }
  size_t recover(std::span<const std::byte> successor, std::span<int16_t> out,
                 size_t rest) override {
    NarrowFrame frame;
    const auto wanted = std::span(frame).first(std::min(out.size() / 2, frame.size()));
    const size_t made = successor.empty() ? narrow_->conceal(wanted)
                                          : narrow_->recover(successor, wanted, rest / 2);
    std::fill(out.begin() + static_cast<ptrdiff_t>(doubled(frame, made, out)), out.end(),
              int16_t{0});
    return out.size();
  }
  size_t samples_in(std::span<const std::byte> payload) const override {
    return 2 * narrow_->samples_in(payload);
  }
  void reset() override {
    narrow_->reset();
    up_.reset();
  }

 private:
  size_t doubled(const NarrowFrame& frame, size_t samples, std::span<int16_t> out) {
    up_.process(std::span(frame).first(samples), out.first(2 * samples));
    return 2 * samples;
  }

  const std::unique_ptr<AudioDecoder> narrow_;
  Upsampler up_;
};

}  // namespace

std::unique_ptr<AudioEncoder> at_doubled_rate(std::unique_ptr<AudioEncoder> narrow) {
  GW_ASSERT(narrow && narrow->rate() == kNarrowband);
  return std::make_unique<DoubledEncoder>(std::move(narrow));
}

std::unique_ptr<AudioDecoder> at_doubled_rate(std::unique_ptr<AudioDecoder> narrow) {
  GW_ASSERT(narrow && narrow->rate() == kNarrowband);
  return std::make_unique<DoubledDecoder>(std::move(narrow));
}

}  // namespace gw::media
