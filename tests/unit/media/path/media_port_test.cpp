#include "media/path/media_port.h"

#include <gtest/gtest.h>

#include "tests/unit/media/path/two_ports.h"
#include "tests/unit/support/tone.h"

namespace gw::media {
namespace {

using Kind = TwoPorts::Kind;

std::vector<std::byte> event(char digit, uint16_t duration, bool end) {
  const TelephoneEvent e{*event_of_digit(digit), end, 10, duration};
  const auto bytes = e.bytes();
  return {bytes.begin(), bytes.end()};
}

// A key of 100 ms as phones send it: five updates, three ends.
void press(TwoPorts& world, TwoPorts::Leg& leg, char digit) {
  const uint32_t timestamp = leg.timestamp;
  for (uint16_t i = 1; i <= 5; ++i) {
    world.receive(leg, 101, event(digit, static_cast<uint16_t>(i * 160), false), leg.sequence++,
                  timestamp, i == 1);
    world.advance(20ms);
  }
  for (int i = 0; i < 3; ++i) {
    world.receive(leg, 101, event(digit, 800, true), leg.sequence++, timestamp);
  }
  leg.timestamp += 960;
}

TEST(MediaPort, equal_codecs_pass_the_payload_untouched_with_our_numbers) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  for (int i = 0; i < 5; ++i) {
    world.talk(world.a, 0, payload_of(i));
    world.advance(20ms);
  }
  const auto& out = world.b.transport.rtp_out;
  std::vector<FakeTransport::Sent> audio;
  for (const auto& s : out) {
    if (s.payload != payload_of(0xff)) audio.push_back(s);
  }
  ASSERT_EQ(5u, audio.size());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(payload_of(i), audio[static_cast<size_t>(i)].payload);
    EXPECT_EQ(2000u, audio[static_cast<size_t>(i)].header.ssrc);
  }
  EXPECT_EQ(160u, audio[4].header.timestamp - audio[3].header.timestamp);
  EXPECT_EQ(1, audio[4].header.sequence - audio[3].header.sequence);
}

TEST(MediaPort, ulaw_and_alaw_are_exchanged_by_table) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcma);
  const auto pcm = test::tone(1000, 8000, 160);
  std::vector<std::byte> mu(160);
  g711_encode(Law::Mu, pcm, mu);
  world.talk(world.a, 0, mu);
  const auto& sent = world.b.transport.rtp_out.back();
  EXPECT_EQ(8, sent.header.payload_type);
  std::vector<int16_t> heard(160);
  g711_decode(Law::A, sent.payload, heard);
  EXPECT_NEAR(8000, test::peak_at(heard, 1000), 300);
}

TEST(MediaPort, held_leg_is_sent_nothing_and_its_peer_gets_silence_every_ptime) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  const auto both_talk = [&](int times) {
    for (int i = 0; i < times; ++i) {
      world.talk(world.a, 0, payload_of(1));
      world.talk(world.b, 0, payload_of(2));
      world.advance(20ms);
    }
  };
  both_talk(5);
  world.a.port.set_held(true, world.clock.now());
  world.advance(300ms);
  world.a.transport.rtp_out.clear();
  world.b.transport.rtp_out.clear();
  both_talk(50);
  EXPECT_TRUE(world.a.transport.rtp_out.empty());
  EXPECT_NEAR(50, static_cast<double>(world.b.transport.rtp_out.size()), 1);
  for (const auto& s : world.b.transport.rtp_out) EXPECT_EQ(payload_of(0xff), s.payload);
  world.a.port.set_held(false, world.clock.now());
  world.b.transport.rtp_out.clear();
  both_talk(3);
  EXPECT_EQ(payload_of(1), world.b.transport.rtp_out.back().payload);
}

TEST(MediaPort, numbers_of_a_leg_are_one_line_through_hold_silence_and_return) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 10; ++i) {
      world.talk(world.a, 0, payload_of(1));
      world.advance(20ms);
    }
    world.a.port.set_muted(true, world.clock.now());
    world.advance(600ms);
    world.a.port.set_muted(false, world.clock.now());
  }
  const auto& out = world.b.transport.rtp_out;
  ASSERT_GT(out.size(), 100u);
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
    const auto by_wall = (out[i].at - out[i - 1].at).count() * 8 / 1'000'000;
    EXPECT_NEAR(static_cast<double>(by_wall),
                static_cast<double>(out[i].header.timestamp - out[i - 1].header.timestamp), 330);
  }
}

TEST(MediaPort, muted_leg_is_not_heard_but_hears) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.a.port.set_muted(true, world.clock.now());
  for (int i = 0; i < 30; ++i) {
    world.talk(world.a, 0, payload_of(1));
    world.talk(world.b, 0, payload_of(2));
    world.advance(20ms);
  }
  for (const auto& s : world.b.transport.rtp_out) EXPECT_EQ(payload_of(0xff), s.payload);
  EXPECT_GT(world.b.transport.rtp_out.size(), 20u);
  EXPECT_EQ(payload_of(2), world.a.transport.rtp_out.back().payload);
}

TEST(MediaPort, browser_that_stops_sending_leaves_the_phone_with_sound_every_ptime) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.negotiate(world.a, TwoPorts::parameters(Codec::Opus, false));
  world.negotiate(world.b, TwoPorts::parameters(Codec::Pcmu));
  world.wire_up();
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  std::array<std::byte, kMaxEncodedFrame> opus;
  for (size_t i = 0; i < 50; ++i) {
    const size_t n = encoder->encode(test::tone(400, 5000, 160, i * 160), opus);
    world.talk(world.a, 111, std::span(opus).first(n), 960);
    world.advance(20ms);
  }
  world.b.transport.rtp_out.clear();
  world.advance(5s);
  const auto& out = world.b.transport.rtp_out;
  EXPECT_NEAR(250, static_cast<double>(out.size()), 12);
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
    EXPECT_LE(out[i].at - out[i - 1].at, 221ms);
  }
}

TEST(MediaPort, phone_that_falls_silent_is_not_filled_toward_a_browser) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::Pcmu);
  for (int i = 0; i < 10; ++i) {
    world.talk(world.b, 0, payload_of(0x55));
    world.advance(20ms);
  }
  const size_t before = world.a.transport.rtp_out.size();
  world.advance(5s);
  EXPECT_LE(world.a.transport.rtp_out.size() - before, 3u);
}

TEST(MediaPort, key_passes_packet_by_packet_and_is_reported_once) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.talk(world.a, 0, payload_of(1));
  world.advance(20ms);
  press(world, world.a, '5');
  world.advance(500ms);
  const auto digits = world.of<DigitReceived>();
  ASSERT_EQ(1u, digits.size());
  EXPECT_EQ('5', digits[0].digit);
  EXPECT_EQ(100ms, digits[0].duration);
  size_t events = 0;
  std::optional<uint32_t> timestamp;
  for (const auto& s : world.b.transport.rtp_out) {
    if (s.header.payload_type != 101) continue;
    ++events;
    EXPECT_EQ(timestamp.value_or(s.header.timestamp), s.header.timestamp);
    timestamp = s.header.timestamp;
  }
  EXPECT_EQ(8u, events);  // As it came; not played a second time.
}

TEST(MediaPort, key_becomes_a_tone_for_a_leg_without_events) {
  TwoPorts world;
  world.negotiate(world.a, TwoPorts::parameters(Codec::Pcmu));
  world.negotiate(world.b, TwoPorts::parameters(Codec::Pcmu, false));
  world.wire_up();
  world.talk(world.a, 0, payload_of(0xff));
  press(world, world.a, '5');
  world.advance(300ms);
  std::vector<int16_t> heard;
  for (const auto& s : world.b.transport.rtp_out) {
    EXPECT_EQ(0, s.header.payload_type);
    std::vector<int16_t> pcm(s.payload.size());
    g711_decode(Law::Mu, s.payload, pcm);
    heard.insert(heard.end(), pcm.begin(), pcm.end());
  }
  DtmfDetector detector;
  detector.push(heard);
  detector.push(std::vector<int16_t>(800));
  const auto key = detector.take();
  ASSERT_TRUE(key);
  EXPECT_EQ('5', key->digit);
  EXPECT_FALSE(detector.take());
}

TEST(MediaPort, key_of_a_phone_is_played_again_as_events_beside_opus) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::Pcmu);
  world.talk(world.b, 0, payload_of(0xff));
  press(world, world.b, '#');
  world.advance(400ms);
  size_t ends = 0, events = 0;
  for (const auto& s : world.a.transport.rtp_out) {
    if (s.header.payload_type != 101) continue;
    ++events;
    const auto e = TelephoneEvent::parse(s.payload);
    ASSERT_TRUE(e);
    EXPECT_EQ('#', digit_of_event(e->event));
    ends += e->end ? 1 : 0;
  }
  EXPECT_EQ(3u, ends);
  EXPECT_GT(events, 5u);
  EXPECT_EQ(1u, world.of<DigitReceived>().size());
}

TEST(MediaPort, in_band_keys_are_heard_on_legs_without_events_only) {
  for (const bool with_events : {false, true}) {
    TwoPorts world;
    world.negotiate(world.a, TwoPorts::parameters(Codec::Pcmu, with_events));
    world.negotiate(world.b, TwoPorts::parameters(Codec::Pcmu));
    world.wire_up();
    DtmfGenerator generator;
    generator.queue('9', 100ms, 100ms);
    std::vector<int16_t> pcm(160);
    std::vector<std::byte> codes(160);
    for (int i = 0; i < 20; ++i) {
      generator.generate(pcm);
      g711_encode(Law::Mu, pcm, codes);
      world.talk(world.a, 0, codes);
      world.advance(20ms);
    }
    const auto digits = world.of<DigitReceived>();
    ASSERT_EQ(with_events ? 0u : 1u, digits.size());
    if (!with_events) {
      EXPECT_EQ('9', digits[0].digit);
      EXPECT_TRUE(digits[0].in_band);
    }
  }
}

TEST(MediaPort, audio_is_held_back_while_digits_are_sent) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.b.port.send_digits("12", 100ms, 80ms, world.clock.now());
  for (int i = 0; i < 25; ++i) {
    world.talk(world.a, 0, payload_of(1));
    world.advance(20ms);
  }
  ASSERT_EQ(1u, world.of<DigitsSent>().size());
  const auto& out = world.b.transport.rtp_out;
  const auto last_event = std::find_if(out.rbegin(), out.rend(),
                                       [](const auto& s) { return s.header.payload_type == 101; });
  ASSERT_NE(out.rend(), last_event);
  const auto first_event = std::find_if(out.begin(), out.end(),
                                        [](const auto& s) { return s.header.payload_type == 101; });
  for (auto s = first_event; s != last_event.base(); ++s) EXPECT_EQ(101, s->header.payload_type);
  EXPECT_EQ(payload_of(1), out.back().payload);
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(out[i - 1].header.sequence + 1), out[i].header.sequence);
  }
}

TEST(MediaPort, ringback_plays_until_real_audio_comes) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.a.port.set_ringback(true, world.clock.now());
  world.advance(1s);
  std::vector<int16_t> heard;
  for (const auto& s : world.a.transport.rtp_out) {
    std::vector<int16_t> pcm(s.payload.size());
    g711_decode(Law::Mu, s.payload, pcm);
    heard.insert(heard.end(), pcm.begin(), pcm.end());
  }
  EXPECT_GT(heard.size(), 7500u);
  EXPECT_GT(test::peak_at(heard, 440), 500);
  world.talk(world.b, 0, payload_of(7));
  world.a.transport.rtp_out.clear();
  world.advance(100ms);
  EXPECT_TRUE(world.a.transport.rtp_out.empty());
}

TEST(MediaPort, direction_of_the_negotiation_is_enforced) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  auto held = TwoPorts::parameters(Codec::Pcmu);
  held.direction = Direction::RecvOnly;  // The peer sends music: a=sendonly.
  held.remote_held = true;
  world.negotiate(world.a, held);
  world.a.transport.rtp_out.clear();
  for (int i = 0; i < 10; ++i) {
    world.talk(world.a, 0, payload_of(1));
    world.talk(world.b, 0, payload_of(2));
    world.advance(20ms);
  }
  EXPECT_TRUE(world.a.transport.rtp_out.empty());
  EXPECT_EQ(payload_of(1), world.b.transport.rtp_out.back().payload);
  held.direction = Direction::Inactive;
  world.negotiate(world.a, held);
  world.b.transport.rtp_out.clear();
  world.talk(world.a, 0, payload_of(1));
  EXPECT_TRUE(world.b.transport.rtp_out.empty());
}

TEST(MediaPort, payload_types_that_were_not_negotiated_are_counted_and_dropped) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.advance(10ms);
  world.b.transport.rtp_out.clear();
  world.talk(world.a, 18, payload_of(1));
  EXPECT_TRUE(world.b.transport.rtp_out.empty());
  EXPECT_EQ(1u, world.counters.discarded[static_cast<size_t>(Discard::PayloadType)].get());
  EXPECT_EQ(1u, world.a.port.stats().discarded);
}

TEST(MediaPort, new_ssrc_continues_the_line_with_a_marker) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  for (int i = 0; i < 5; ++i) {
    world.talk(world.a, 0, payload_of(1));
    world.advance(20ms);
  }
  const auto last = world.b.transport.rtp_out.back();
  world.a.ssrc = 66;
  world.a.sequence = 40000;
  world.a.timestamp = 7;
  for (int i = 0; i < 3; ++i) {
    world.talk(world.a, 0, payload_of(2));
    world.advance(20ms);
  }
  const auto& out = world.b.transport.rtp_out;
  ASSERT_EQ(payload_of(2), out.back().payload);
  const auto first_new = std::find_if(out.begin(), out.end(),
                                      [](const auto& s) { return s.payload == payload_of(2); });
  EXPECT_TRUE(first_new->header.marker);
  EXPECT_EQ(2000u, first_new->header.ssrc);
  EXPECT_EQ(static_cast<uint16_t>(last.header.sequence + 1), first_new->header.sequence);
}

TEST(MediaPort, reports_go_out_and_measure_the_round_trip) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  for (int i = 0; i < 500; ++i) {
    world.talk(world.a, 0, payload_of(1));
    world.talk(world.b, 0, payload_of(2));
    world.advance(20ms);
  }
  const auto& sent = world.a.transport.rtcp_out;
  EXPECT_NEAR(2, static_cast<double>(sent.size()), 1.1);
  ASSERT_FALSE(sent.empty());
  const auto report = wire::RtcpCompound::parse(sent.back());
  ASSERT_TRUE(report);
  ASSERT_TRUE(report->sender);
  EXPECT_EQ(1000u, report->ssrc);
  ASSERT_EQ(1u, report->block_count);
  EXPECT_EQ(55u, report->blocks[0].ssrc);
  EXPECT_EQ(0, report->blocks[0].cumulative_lost);

  // The peer answers 200 ms later, 50 ms of which it held our report.
  const uint32_t lsr = wire::ntp_middle(wire::to_ntp(world.clock.wall()));
  world.advance(200ms);
  wire::ReportBlock block;
  block.ssrc = 1000;
  block.last_sr = lsr;
  block.delay_since_last_sr = wire::to_ntp_short(50ms);
  block.fraction_lost = 26;
  std::array<std::byte, 256> bytes;
  const size_t n = wire::write_rtcp(bytes, {55, std::nullopt, {&block, 1}, "peer", false});
  world.a.port.on_rtcp(std::span(bytes).first(n), world.clock.now());
  EXPECT_NEAR(150, world.a.port.stats().round_trip_ms, 2);
}

TEST(MediaPort, leaving_says_bye) {
  TwoPorts world;
  world.start(Codec::Pcmu, Codec::Pcmu);
  world.talk(world.b, 0, payload_of(1));
  world.a.port.leave(world.clock.now());
  ASSERT_FALSE(world.a.transport.rtcp_out.empty());
  const auto report = wire::RtcpCompound::parse(world.a.transport.rtcp_out.back());
  ASSERT_TRUE(report);
  ASSERT_EQ(1u, report->bye_count);
  EXPECT_EQ(1000u, report->byes[0]);
}

TEST(MediaPort, ptime_of_the_peer_is_met_when_transcoding) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.negotiate(world.a, TwoPorts::parameters(Codec::Opus));
  auto thirty = TwoPorts::parameters(Codec::Pcmu);
  thirty.ptime = 30ms;
  world.negotiate(world.b, thirty);
  world.wire_up();
  world.advance(5ms);
  world.b.transport.rtp_out.clear();
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  std::array<std::byte, kMaxEncodedFrame> opus;
  for (size_t i = 0; i < 30; ++i) {
    const size_t n = encoder->encode(test::tone(400, 5000, 160, i * 160), opus);
    world.talk(world.a, 111, std::span(opus).first(n), 960);
    world.advance(20ms);
  }
  const auto& out = world.b.transport.rtp_out;
  ASSERT_EQ(20u, out.size());
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(240u, out[i].payload.size());
    EXPECT_EQ(240u, out[i].header.timestamp - out[i - 1].header.timestamp);
  }
}

TEST(MediaPort, loss_on_the_way_in_is_concealed_on_the_way_out_without_a_gap) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::Pcmu);
  world.advance(5ms);
  world.b.transport.rtp_out.clear();
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  std::array<std::byte, kMaxEncodedFrame> opus;
  for (size_t i = 0; i < 100; ++i) {
    const size_t n = encoder->encode(test::tone(400, 5000, 160, i * 160), opus);
    if (i % 10 == 5) {
      ++world.a.sequence;
      world.a.timestamp += 960;
    } else {
      world.talk(world.a, 111, std::span(opus).first(n), 960);
    }
    world.advance(20ms);
  }
  const auto& out = world.b.transport.rtp_out;
  EXPECT_EQ(100u, out.size());
  EXPECT_EQ(10u, world.counters.concealed.get());
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_EQ(160u, out[i].header.timestamp - out[i - 1].header.timestamp);
  }
  EXPECT_EQ(10u, world.a.port.stats().packets_lost);
  EXPECT_LT(world.a.port.stats().mos, 4.2);
}

TEST(MediaPort, digital_silence_is_not_encoded_once_it_lasts) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::Pcma);
  const auto silence = payload_of(0xd5);
  for (int i = 0; i < 30; ++i) {
    world.talk(world.b, 8, silence);
    world.advance(20ms);
  }
  const auto& out = world.a.transport.rtp_out;
  ASSERT_GE(out.size(), 30u);
  EXPECT_EQ(3u, out.back().payload.size());
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  std::array<int16_t, kMaxFrameSamples> pcm;
  for (const auto& s : out) ASSERT_EQ(160u, decoder->decode(s.payload, pcm));
  EXPECT_LT(test::rms(std::span(pcm).first(160)), 20);
  std::vector<std::byte> loud(160);
  g711_encode(Law::A, test::tone(1000, 8000, 160), loud);
  world.talk(world.b, 8, loud);
  EXPECT_GT(out.back().payload.size(), 10u);
  EXPECT_EQ(960u, out.back().header.timestamp - out[out.size() - 2].header.timestamp);
}

TEST(MediaPort, nothing_is_played_to_a_transport_that_is_not_up) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::Pcmu);
  world.a.transport.up = false;
  for (int i = 0; i < 10; ++i) {
    world.talk(world.b, 0, payload_of(1));
    world.advance(20ms);
  }
  EXPECT_EQ(0u, world.counters.send_failed.get());
  EXPECT_EQ(0u, world.a.transport.rtp_count);
}

// What the listener of leg a reports to lose.
void report_loss(TwoPorts& world, TwoPorts::Leg& leg, uint8_t fraction) {
  wire::ReportBlock block;
  block.ssrc = 1000;
  block.fraction_lost = fraction;
  wire::RtcpReport report;
  report.ssrc = leg.ssrc;
  report.cname = "peer";
  report.blocks = std::span(&block, 1);
  std::array<std::byte, 256> bytes;
  const size_t size = wire::write_rtcp(bytes, report);
  leg.port.on_rtcp(std::span(bytes).first(size), world.clock.now());
}

TEST(MediaPort, redundancy_follows_the_loss_that_the_browser_reports) {
  TwoPorts world(Kind::Browser, Kind::Phone);
  world.start(Codec::Opus, Codec::Pcmu);
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  size_t said = 0;
  const auto redundant = [&] {
    world.a.transport.rtp_out.clear();
    for (int i = 0; i < 50; ++i) {
      const auto pcm = test::tone(200 + 30 * (i % 5), 9000, 160, said);
      said += 160;
      std::vector<std::byte> codes(160);
      g711_encode(Law::Mu, pcm, codes);
      world.talk(world.b, 0, codes);
      world.advance(20ms);
    }
    const auto& out = world.a.transport.rtp_out;
    return std::ranges::count_if(out,
                                 [&](const auto& sent) { return decoder->restores(sent.payload); });
  };
  EXPECT_EQ(0, redundant());
  report_loss(world, world.a, 10);  // 3.9 %
  EXPECT_EQ(0, redundant());
  report_loss(world, world.a, 12);  // 4.7 %: as near to 5 as a report can say.
  EXPECT_GT(redundant(), 25);
  report_loss(world, world.a, 9);  // 3.5 %: not on and off.
  EXPECT_GT(redundant(), 25);
  for (int i = 0; i < 6; ++i) report_loss(world, world.a, 0);
  EXPECT_LE(redundant(), 1);
}

TEST(MediaPort, jitter_buffer_stands_before_the_leg_that_wants_it) {
  for (const bool wanted : {false, true}) {
    TwoPorts world(Kind::Browser, Kind::Phone,
                   wanted ? Playout{Playout::Mode::Fixed, 60ms} : Playout{});
    world.start(Codec::Opus, Codec::Pcmu);
    const auto encoder = make_encoder(Codec::Opus, kNarrowband);
    std::array<std::byte, kMaxEncodedFrame> opus;
    for (size_t i = 0; i < 50; ++i) {
      const size_t n = encoder->encode(test::tone(400, 5000, 160, i * 160), opus);
      world.talk(world.a, 111, std::span(opus).first(n), 960);
      if (i % 2 == 1) world.advance(40ms);  // Two at a time.
    }
    const auto& out = world.b.transport.rtp_out;
    ASSERT_GT(out.size(), 45u);
    for (size_t i = out.size() - 20; i < out.size(); ++i) {
      const Duration step = out[i].at - out[i - 1].at;
      if (wanted) {
        EXPECT_EQ(20ms, step);
      } else {
        EXPECT_TRUE(step == 0ms || step == 40ms);
      }
    }
  }
}

}  // namespace
}  // namespace gw::media
