#pragma once

#include <array>
#include <cstddef>

namespace gw::media {

// Chooses the complexity of one worker's Opus encoders: the configured ceiling as long as there is
// time for it, less when the thread runs out of time, so that sound is what gives way and never a
// packet or a call. Goes down at once and as far as it must, comes back one step at a time. Pure;
// owned by the MediaWorker, its thread.
class ComplexityGovernor {
 public:
  // Above this share of its time in use a worker's queues begin to grow.
  static constexpr double kTooBusy = 0.85;
  // What a lower complexity must bring the share down to.
  static constexpr double kRelieved = 0.70;
  // A higher complexity must be expected to stay under this share ...
  static constexpr double kRoom = 0.60;
  // ... for so many looks in a row: a lull between two busy moments is no room.
  static constexpr int kPatience = 20;

  explicit ComplexityGovernor(int ceiling);

  // One look, each TurnPace::kPeriod of the worker: which share of its time it was busy since the
  // last (0..1), and whether timers ran late. They do so on a machine that others load, too, where
  // less complexity would not help; so they count only with a thread that has work. True when the
  // complexity changed.
  bool look(double busy, bool late);
  int complexity() const { return kSteps[step_].complexity; }
  bool at_ceiling() const { return step_ == ceiling_; }

 private:
  // libopus's own steps (the values between two are the same code) and what a call of 20 ms costs
  // at each, G.711 to Opus and back: microseconds, of which only the ratios matter.
  struct Step {
    int complexity;
    double cost;
  };
  static constexpr std::array<Step, 7> kSteps{
      {{0, 35}, {1, 39}, {2, 53}, {3, 58}, {5, 70}, {7, 90}, {10, 115}}};

  double expected(double busy, size_t step) const {
    return busy * kSteps[step].cost / kSteps[step_].cost;
  }

  size_t ceiling_;
  size_t step_;
  int patience_ = 0;
};

}  // namespace gw::media
