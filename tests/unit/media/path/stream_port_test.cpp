// A media stream as a leg: what it is told, what it says, and by whose clock.
#include "media/path/stream_port.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/media/path/conference_rig.h"

namespace gw::media {
namespace {

class StreamPortTest : public ::testing::Test {
 protected:
  struct Stream {
    Stream(ConferenceRig& world, uint64_t id, uint32_t rate, StreamPort::Settings settings)
        : pcm(std::make_shared<PcmStream>(rate)),
          port(with_id(settings, id), pcm, world, world.earliest) {}
    static StreamPort::Settings with_id(StreamPort::Settings settings, uint64_t id) {
      settings.id = PortId{id};
      return settings;
    }
    uint32_t rate() const { return pcm->rate(); }

    std::shared_ptr<PcmStream> pcm;
    StreamPort port;
    double hertz = 0;  // What its peer says.
    size_t said = 0;
    std::vector<PcmFrame> told;
  };

  Stream& stream(uint32_t rate = 16000, StreamPort::Settings settings = {}) {
    streams_.push_back(std::make_unique<Stream>(world_, 100 + streams_.size(), rate, settings));
    return *streams_.back();
  }
  void join(Stream& s) { world_.session.join(s.port.id(), s.port, world_.clock.now()); }

  void advance(Duration d) {
    for (const TimePoint end = world_.clock.now() + d; world_.clock.now() < end;) {
      world_.advance(1ms);
      for (const auto& s : streams_) {
        if (s->hertz > 0 && world_.now_ms % 20 == 13) speak(*s);
        run_timer(*s);
        PcmFrame frame;
        while (s->pcm->next_said(frame)) s->told.push_back(frame);
      }
    }
  }
  void run_timer(Stream& s) {
    if (s.port.deadline().due() > world_.clock.now()) return;
    s.port.deadline().set(kNever);
    s.port.deadline().at_latest(s.port.on_timer(world_.clock.now()));
  }
  void speak(Stream& s) {
    const size_t samples = s.rate() / 50;
    const auto pcm = test::tone(s.hertz, 8000, samples, s.said, s.rate());
    PcmFrame frame;
    frame.size = samples;
    std::ranges::copy(pcm, frame.samples.begin());
    s.pcm->hear(frame);
    s.said += samples;
  }
  // The last second that the stream was told, of whom.
  static std::vector<int16_t> last_second(const Stream& s, PortId from = {}) {
    std::vector<int16_t> all;
    for (const PcmFrame& frame : s.told) {
      if (frame.from == from) all.insert(all.end(), frame.pcm().begin(), frame.pcm().end());
    }
    const size_t take = std::min<size_t>(all.size(), s.rate());
    return {all.end() - static_cast<ptrdiff_t>(take), all.end()};
  }
  static double level(const Stream& s, double hertz, double said, PortId from = {}) {
    const auto sound = last_second(s, from);
    if (sound.size() < s.rate() / 2) return -100;
    return 20 * std::log10(test::peak_at(sound, hertz, s.rate()) / said + 1e-9);
  }

  ConferenceRig world_;
  std::vector<std::unique_ptr<Stream>> streams_;
};

class StreamAt : public StreamPortTest,
                 public ::testing::WithParamInterface<std::pair<uint32_t, Codec>> {};

TEST_P(StreamAt, a_phone_and_a_stream_hear_each_other_at_their_level) {
  const auto [rate, codec] = GetParam();
  auto& phone = world_.add_and_join(codec);
  Stream& s = stream(rate);
  join(s);
  ConferenceRig::say(phone, 440, 8000);
  s.hertz = 1000;
  advance(2s);
  EXPECT_NEAR(level(s, 440, 8000), 0, 0.5);
  const auto heard = ConferenceRig::last_second(phone);
  EXPECT_NEAR(ConferenceRig::level(phone, heard, 1000, 8000), 0, 0.5);
  EXPECT_LT(ConferenceRig::level(phone, heard, 440, 8000), -35);
  EXPECT_EQ(world_.session.mixes(), false);
}
INSTANTIATE_TEST_SUITE_P(Rates, StreamAt,
                         ::testing::Values(std::pair{16000u, Codec::Pcmu},
                                           std::pair{24000u, Codec::Pcmu},
                                           std::pair{16000u, Codec::G722},
                                           std::pair{24000u, Codec::G722},
                                           std::pair{16000u, Codec::Opus}));

TEST_F(StreamPortTest, it_is_told_a_frame_every_20_ms_whether_anybody_speaks_or_not) {
  auto& phone = world_.add_and_join();
  Stream& s = stream();
  join(s);
  advance(1s);
  EXPECT_NEAR(static_cast<double>(s.told.size()), 50, 1);
  for (const PcmFrame& frame : s.told) {
    ASSERT_EQ(frame.size, 320u);
    ASSERT_TRUE(frame.silent);
  }
  ConferenceRig::say(phone, 440, 8000);
  advance(1s);
  EXPECT_NEAR(static_cast<double>(s.told.size()), 100, 1);
  EXPECT_FALSE(s.told.back().silent);
}

TEST_F(StreamPortTest, what_is_said_reaches_it_within_60_ms) {
  auto& phone = world_.add_and_join();
  Stream& s = stream();
  join(s);
  advance(1s);
  const auto silent_before = world_.clock.now();
  ConferenceRig::say(phone, 440, 8000);
  while (s.told.empty() || s.told.back().silent) {
    advance(1ms);
    ASSERT_LT(world_.clock.now() - silent_before, 60ms);
  }
}

TEST_F(StreamPortTest, a_listener_that_may_not_speak_is_not_heard) {
  auto& phone = world_.add_and_join();
  StreamPort::Settings settings;
  settings.plays = false;
  Stream& s = stream(16000, settings);
  join(s);
  ConferenceRig::say(phone, 440, 8000);
  s.hertz = 1000;
  advance(2s);
  EXPECT_NEAR(level(s, 440, 8000), 0, 0.5);
  EXPECT_LT(ConferenceRig::level(phone, ConferenceRig::last_second(phone), 1000, 8000), -40);
}

TEST_F(StreamPortTest, mixed_it_hears_all_others_and_not_itself) {
  auto& a = world_.add_and_join();
  auto& b = world_.add_and_join(Codec::G722);
  Stream& s = stream(24000);
  join(s);
  ConferenceRig::say(a, 440, 6000);
  ConferenceRig::say(b, 700, 6000);
  s.hertz = 1000;
  advance(3s);
  EXPECT_NEAR(level(s, 440, 6000), 0, 1);
  EXPECT_NEAR(level(s, 700, 6000), 0, 1);
  EXPECT_LT(level(s, 1000, 8000), -35);
  EXPECT_NEAR(ConferenceRig::level(a, ConferenceRig::last_second(a), 1000, 8000), 0, 1);
}

TEST_F(StreamPortTest, unmixed_everyone_is_a_line_of_its_own) {
  StreamPort::Settings settings;
  settings.unmixed = true;
  auto& a = world_.add_and_join();
  auto& b = world_.add_and_join();
  Stream& s = stream(24000, settings);
  join(s);
  ConferenceRig::say(a, 440, 6000);
  ConferenceRig::say(b, 700, 6000);
  advance(3s);
  EXPECT_NEAR(level(s, 440, 6000, a.id), 0, 1);
  EXPECT_LT(level(s, 700, 6000, a.id), -35);
  EXPECT_NEAR(level(s, 700, 6000, b.id), 0, 1);
  EXPECT_LT(level(s, 440, 6000, b.id), -35);
  EXPECT_TRUE(last_second(s).empty());  // Nobody's: all together.
}

TEST_F(StreamPortTest, unmixed_of_two_names_the_other) {
  StreamPort::Settings settings;
  settings.unmixed = true;
  auto& phone = world_.add_and_join();
  Stream& s = stream(16000, settings);
  join(s);
  ConferenceRig::say(phone, 440, 8000);
  advance(2s);
  EXPECT_NEAR(level(s, 440, 8000, phone.id), 0, 0.5);
}

TEST_F(StreamPortTest, of_many_who_speak_at_once_four_are_told_apart) {
  StreamPort::Settings settings;
  settings.unmixed = true;
  Stream& s = stream(16000, settings);
  for (int i = 0; i < 6; ++i) {
    auto& leg = world_.add_and_join();
    ConferenceRig::say(leg, 300 + 90.0 * i, 1500.0 * (i + 1));
  }
  join(s);
  advance(3s);
  s.told.clear();
  advance(1s);
  std::map<PortId, int> frames;
  for (const PcmFrame& frame : s.told) ++frames[frame.from];
  EXPECT_LE(s.told.size(), 4u * 51);
  for (size_t loudest = 2; loudest < 6; ++loudest) {
    EXPECT_GE(frames[world_.legs[loudest]->id], 48) << loudest;
  }
}

TEST_F(StreamPortTest, held_it_is_told_silence_and_is_not_heard) {
  auto& phone = world_.add_and_join();
  Stream& s = stream();
  join(s);
  ConferenceRig::say(phone, 440, 8000);
  s.hertz = 1000;
  advance(1s);
  s.port.set_held(true);
  advance(2s);
  EXPECT_TRUE(s.told.back().silent);
  EXPECT_LT(level(s, 440, 8000), -60);
  EXPECT_LT(ConferenceRig::level(phone, ConferenceRig::last_second(phone), 1000, 8000), -60);
  s.port.set_held(false);
  advance(2s);
  EXPECT_NEAR(level(s, 440, 8000), 0, 0.5);
  EXPECT_NEAR(ConferenceRig::level(phone, ConferenceRig::last_second(phone), 1000, 8000), 0, 0.5);
}

TEST_F(StreamPortTest, keys_go_both_ways) {
  auto& phone = world_.add_and_join();
  Stream& s = stream();
  join(s);
  advance(100ms);
  s.port.press({'5', 100ms}, world_.clock.now());
  ASSERT_EQ(world_.of<DigitToSend>().size(), 1u);
  EXPECT_EQ(world_.of<DigitToSend>()[0].digit, '5');
  EXPECT_EQ(world_.of<DigitToSend>()[0].port, s.port.id());
  s.port.receive_key({'#', 160ms}, world_.clock.now());
  advance(500ms);
  ASSERT_EQ(world_.of<DigitReceived>().size(), 1u);
  EXPECT_EQ(world_.of<DigitReceived>()[0].digit, '#');
  const bool event = std::ranges::any_of(
      phone.transport.rtp_out, [](const auto& sent) { return sent.header.payload_type == 101; });
  EXPECT_TRUE(event);  // RFC 4733 to the phone.
}

TEST_F(StreamPortTest, stop_audio_takes_back_what_was_not_heard_yet) {
  auto& phone = world_.add_and_join();
  Stream& s = stream();
  join(s);
  advance(100ms);
  for (int i = 0; i < 8; ++i) {
    s.hertz = 1000;
    speak(s);
  }
  s.hertz = 0;
  s.pcm->flush();
  advance(1s);
  EXPECT_LT(ConferenceRig::level(phone, ConferenceRig::last_second(phone), 1000, 8000), -60);
  // What is given after the wish is heard.
  s.hertz = 1000;
  advance(2s);
  EXPECT_NEAR(ConferenceRig::level(phone, ConferenceRig::last_second(phone), 1000, 8000), 0, 0.5);
}

// An hour, with a peer whose clock is off: what waits stays little, and hardly anything is bridged.
class Drift : public ::testing::TestWithParam<double> {};
INSTANTIATE_TEST_SUITE_P(PartsPerMillion, Drift, ::testing::Values(100.0, -100.0));

TEST_P(Drift, does_not_grow_what_waits_in_an_hour) {
  MixerInput input(kWideband);
  test::ManualClock clock;
  const auto period = Duration(static_cast<int64_t>(20e6 * (1 - GetParam() * 1e-6)));
  const std::vector<int16_t> sound = test::tone(400, 8000, 320, 0, 16000);
  std::array<int16_t, 320> out;
  const TimePoint end = clock.now() + std::chrono::hours(1);
  TimePoint writes = clock.now(), reads = clock.now() + 7ms;
  Duration most{0};
  int without = 0;
  while (clock.now() < end) {
    clock.advance_to(std::min(writes, reads));
    if (clock.now() >= writes) {
      input.push(sound, clock.now());
      writes += period;
    }
    most = std::max(most, input.waiting());
    if (clock.now() >= reads) {
      if (!input.pull(out, clock.now())) ++without;
      reads += 20ms;
    }
  }
  EXPECT_LE(most, 80ms);
  EXPECT_EQ(without, 0);
}

}  // namespace
}  // namespace gw::media
