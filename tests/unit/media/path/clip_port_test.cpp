#include "media/path/clip_port.h"

#include <gtest/gtest.h>

#include "media/path/mixer.h"
#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

// One leg and an application that plays to it, with time by hand.
class ClipPortTest : public ::testing::Test, public PortObserver {
 protected:
  void on_port_event(MediaEvent event) override {
    if (const auto* end = std::get_if<ClipEnded>(&event)) ended_.push_back(end->serial);
  }
  void wire(Codec codec) {
    world_.negotiate(world_.a, TwoPorts::parameters(codec));
    relay_ = std::make_unique<Relay>(world_.a.port, app_, world_.clock.now());
  }
  void advance(Duration d) {
    for (const TimePoint end = world_.clock.now() + d; world_.clock.now() < end;) {
      world_.advance(1ms);
      if (app_.deadline().due() > world_.clock.now()) continue;
      app_.deadline().set(kNever);
      app_.deadline().at_latest(app_.on_timer(world_.clock.now()));
    }
  }
  static ClipPtr clip(Duration length, double hertz = 1000) {
    auto out = std::make_shared<Clip>();
    out->narrow = test::tone(hertz, 8000, samples_for(length, kNarrowband));
    out->wide = test::tone(hertz, 8000, samples_for(length, kWideband), 0, kWideband);
    return out;
  }
  // What a phone of G.711 heard since.
  std::vector<int16_t> heard(size_t from) const { return heard(world_.a, from); }
  template <class Leg>
  static std::vector<int16_t> heard(const Leg& leg, size_t from) {
    std::vector<int16_t> out;
    for (size_t i = from; i < leg.transport.rtp_out.size(); ++i) {
      for (const std::byte code : leg.transport.rtp_out[i].payload) {
        out.push_back(g711_decode(Law::Mu, std::to_integer<uint8_t>(code)));
      }
    }
    return out;
  }
  size_t sent() const { return world_.a.transport.rtp_out.size(); }

  TwoPorts world_;
  std::vector<uint64_t> ended_;
  ClipPort app_{PortId{9}, world_.earliest, *this};
  std::unique_ptr<Relay> relay_;
};

TEST_F(ClipPortTest, a_clip_is_heard_once_at_the_leg_s_pace_and_its_end_is_told) {
  wire(Codec::Pcmu);
  app_.play({clip(500ms), false, 7}, world_.clock.now());
  advance(400ms);
  EXPECT_NEAR(static_cast<double>(sent()), 20, 1);
  EXPECT_TRUE(ended_.empty());
  EXPECT_NEAR(test::peak_at(heard(1), 1000), 8000, 400);  // The silence before it left first.
  advance(200ms);
  EXPECT_EQ(ended_, std::vector<uint64_t>{7});
}

TEST_F(ClipPortTest, a_wideband_leg_hears_the_wideband_sound) {
  wire(Codec::G722);
  app_.play({clip(200ms), false, 1}, world_.clock.now());
  advance(250ms);
  EXPECT_EQ(ended_.size(), 1u) << "in time, whatever the rate";
  EXPECT_GE(sent(), 10u);
}

TEST_F(ClipPortTest, a_loop_goes_on_until_it_is_stopped) {
  wire(Codec::Pcmu);
  app_.play({clip(100ms), true, 1}, world_.clock.now());
  advance(1s);
  EXPECT_TRUE(ended_.empty());
  EXPECT_NEAR(static_cast<double>(sent()), 50, 2);
  app_.play({nullptr, false, 2}, world_.clock.now());
  advance(400ms);
  const size_t quiet = sent();
  advance(200ms);
  EXPECT_LT(test::rms(heard(quiet)), 10.0);
  EXPECT_TRUE(ended_.empty()) << "it did not end, it was ended";
}

TEST_F(ClipPortTest, another_clip_takes_the_place_of_the_first) {
  wire(Codec::Pcmu);
  app_.play({clip(1s, 1000), false, 1}, world_.clock.now());
  advance(200ms);
  app_.play({clip(300ms, 2000), false, 2}, world_.clock.now());
  const size_t from = sent();
  advance(200ms);
  EXPECT_NEAR(test::peak_at(heard(from), 2000), 8000, 500);
  EXPECT_LT(test::peak_at(heard(from), 1000), 800);
  advance(300ms);
  EXPECT_EQ(ended_, std::vector<uint64_t>{2});
}

TEST_F(ClipPortTest, what_is_played_before_the_leg_is_negotiated_waits_for_it) {
  relay_ = std::make_unique<Relay>(world_.a.port, app_, world_.clock.now());
  app_.play({clip(200ms), false, 1}, world_.clock.now());
  advance(500ms);
  EXPECT_EQ(sent(), 0u);
  world_.negotiate(world_.a, TwoPorts::parameters(Codec::Pcmu));
  advance(300ms);
  EXPECT_EQ(ended_.size(), 1u);
  EXPECT_GE(sent(), 10u);
}

TEST_F(ClipPortTest, in_a_conference_it_is_heard_beside_the_others) {
  world_.negotiate(world_.a, TwoPorts::parameters(Codec::Pcmu));
  world_.negotiate(world_.b, TwoPorts::parameters(Codec::Pcmu));
  Mixer mixer(1, world_.clock.now());
  mixer.add(world_.a.port, false, world_.clock.now());
  mixer.add(world_.b.port, false, world_.clock.now());
  mixer.add(app_, false, world_.clock.now());
  app_.play({clip(1s), false, 1}, world_.clock.now());
  for (int i = 0; i < 500; ++i) {
    advance(1ms);
    mixer.on_timer(world_.clock.now());
  }
  const auto sound = heard(10);
  EXPECT_NEAR(test::peak_at(sound, 1000), 8000, 800);
}

TEST_F(ClipPortTest, in_a_conference_what_is_for_one_is_heard_by_nobody_else) {
  ClipPort other{PortId{10}, world_.earliest, *this};
  world_.negotiate(world_.a, TwoPorts::parameters(Codec::Pcmu));
  world_.negotiate(world_.b, TwoPorts::parameters(Codec::Pcmu));
  Mixer mixer(1, world_.clock.now());
  for (SoundPort* port :
       std::initializer_list<SoundPort*>{&world_.a.port, &world_.b.port, &app_, &other}) {
    mixer.add(*port, false, world_.clock.now());
  }
  app_.play({clip(1s, 1000), false, 1, {world_.b.port.id()}}, world_.clock.now());
  other.play({clip(1s, 2000), false, 2}, world_.clock.now());
  for (int i = 0; i < 500; ++i) {
    advance(1ms);
    other.deadline().set(kNever);
    other.on_timer(world_.clock.now());
    mixer.on_timer(world_.clock.now());
  }
  EXPECT_LT(test::peak_at(heard(world_.a, 10), 1000), 50) << "a private prompt is not overheard";
  EXPECT_NEAR(test::peak_at(heard(world_.a, 10), 2000), 8000, 800);
  EXPECT_NEAR(test::peak_at(heard(world_.b, 10), 1000), 8000, 800);
  EXPECT_NEAR(test::peak_at(heard(world_.b, 10), 2000), 8000, 800) << "and what is for all";
}

TEST_F(ClipPortTest, wired_to_another_than_it_is_for_it_waits) {
  wire(Codec::Pcmu);
  app_.play({clip(200ms), false, 1, {PortId{77}}}, world_.clock.now());
  advance(500ms);
  EXPECT_TRUE(ended_.empty());
  EXPECT_LT(test::rms(heard(0)), 10.0);
  app_.play({clip(200ms), false, 2, {world_.a.port.id()}}, world_.clock.now());
  advance(300ms);
  EXPECT_EQ(ended_, std::vector<uint64_t>{2});
}

}  // namespace
}  // namespace gw::media
