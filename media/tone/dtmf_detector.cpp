#include "media/tone/dtmf_detector.h"

#include <spandsp.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "media/codec/codec.h"

namespace gw::media {
namespace {

// SpanDSP decides at the end of each block of 102 samples (12.75 ms).
constexpr size_t kBlock = 102;

}  // namespace

struct DtmfDetector::State {
  State() : dtmf(dtmf_rx_init(nullptr, nullptr, nullptr)) {
    GW_ASSERT(dtmf != nullptr);
    dtmf_rx_set_realtime_callback(dtmf, &State::on_tone, this);
  }
  ~State() { dtmf_rx_free(dtmf); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Code 0 says that the tone ended; another key may also follow without a pause.
  static void on_tone(void* user, int code, int, int) {
    auto& self = *static_cast<State*>(user);
    self.finish();
    if (event_of_digit(static_cast<char>(code))) {
      self.digit = static_cast<char>(code);
      self.began = self.heard;
    }
  }

  void finish() {
    if (digit == 0) return;
    const auto samples = static_cast<int64_t>(heard - began);
    if (queued < queue.size())
      queue[queued++] = {digit, Duration(samples * (1'000'000'000 / kNarrowband))};
    digit = 0;
  }

  dtmf_rx_state_t* const dtmf;
  uint64_t heard = 0;   // Samples until the end of the block that is being decided.
  size_t in_block = 0;  // Samples of the block that is under way.
  uint64_t began = 0;
  char digit = 0;
  std::array<KeyPress, 8> queue{};
  size_t queued = 0;
};

DtmfDetector::DtmfDetector() : state_(std::make_unique<State>()) {}
DtmfDetector::~DtmfDetector() = default;

void DtmfDetector::push(std::span<const int16_t> pcm) {
  while (!pcm.empty()) {
    // Piece by piece to the edge of a block, so that the callback knows the time.
    const size_t size = std::min(pcm.size(), kBlock - state_->in_block);
    state_->heard += size;
    state_->in_block = (state_->in_block + size) % kBlock;
    dtmf_rx(state_->dtmf, pcm.data(), static_cast<int>(size));
    pcm = pcm.subspan(size);
  }
}

std::optional<KeyPress> DtmfDetector::take() {
  if (state_->queued == 0) return std::nullopt;
  const KeyPress first = state_->queue[0];
  std::shift_left(state_->queue.begin(),
                  state_->queue.begin() + static_cast<ptrdiff_t>(state_->queued), 1);
  --state_->queued;
  return first;
}

void DtmfDetector::skip(size_t samples) {
  dtmf_rx_fillin(state_->dtmf, static_cast<int>(samples));  // Begins its block anew.
  state_->heard += samples;
  state_->in_block = 0;
}

char DtmfDetector::digit() const {
  return state_->digit;
}

}  // namespace gw::media
