// The real engine on loopback sockets, with phones and browsers that speak the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>

#include "base/stall_watch.h"

#include "tests/unit/media/engine/engine_rig.h"

namespace gw::media {
namespace {

constexpr double kAmplitude = 8000;

class MediaEngineTest : public EngineRig {
 protected:
  // 20 ms of a 1 kHz tone, in turn.
  std::vector<int16_t> next_tone(size_t& position) {
    auto pcm = test::tone(1000, kAmplitude, kSamplesPer20Ms, position);
    position += kSamplesPer20Ms;
    return pcm;
  }
  static void expect_tone(const std::vector<int16_t>& heard) {
    ASSERT_GE(heard.size(), 8000u);
    const std::span<const int16_t> last = std::span(heard).last(4000);
    EXPECT_NEAR(20 * std::log10(test::peak_at(last, 1000) / kAmplitude), 0, 3);
  }
  static void append_mu(std::vector<int16_t>& heard, std::span<const std::byte> payload) {
    const size_t at = heard.size();
    heard.resize(at + payload.size());
    g711_decode(Law::Mu, payload, std::span(heard).subspan(at));
  }
};

TEST_F(MediaEngineTest, phone_to_phone_passes_pcmu_through_both_ways) {
  RtpPhone a(random_, {}), b(random_, {});
  phones_ = {&a, &b};
  const PortId pa = answer_phone(a), pb = answer_phone(b);
  engine_->connect(pa, pb);
  std::vector<int16_t> heard_a, heard_b;
  std::vector<uint16_t> sequences;
  a.on_audio = [&](const RtpPhone::Received& r) { append_mu(heard_a, r.rtp.payload); };
  b.on_audio = [&](const RtpPhone::Received& r) {
    append_mu(heard_b, r.rtp.payload);
    sequences.push_back(r.rtp.header.sequence);
  };
  size_t position = 0;
  run(
      2s, [&] { return heard_a.size() >= 12000 && heard_b.size() >= 12000; },
      [&] {
        const auto codes = pcmu(next_tone(position));
        a.send_audio(codes, 160);
        b.send_audio(codes, 160);
      });
  expect_tone(heard_a);
  expect_tone(heard_b);
  for (size_t i = 1; i < sequences.size(); ++i) {
    EXPECT_EQ(static_cast<uint16_t>(sequences[i - 1] + 1), sequences[i]);
  }
  EXPECT_EQ(2u, events<TransportConnected>().size());
}

class NetworksOfTheEngine : public MediaEngineTest {
 protected:
  void SetUp() override {
    config_.networks = {{"private", *SocketAddress::parse("127.0.0.2"), "198.51.100.2",
                         ports_.low(), static_cast<uint16_t>(ports_.low() + 3)},
                        {"edge", *SocketAddress::parse("127.0.0.3"), "", 0, 0}};
    config_.webrtc_network = "edge";
    MediaEngineTest::SetUp();
  }
  Result<PortId> port_on(const std::string& network) {
    PhonePortSpec spec;
    spec.codecs = {Codec::Pcmu};
    spec.network = network;
    return engine_->add_phone_port(session_, spec);
  }
  static std::string line_of(const std::string& sdp, const std::string& start) {
    const size_t at = sdp.find("\r\n" + start);
    return at == std::string::npos ? "" : sdp.substr(at + 2, sdp.find("\r\n", at + 2) - at - 2);
  }
};

TEST_F(NetworksOfTheEngine, a_leg_is_bound_to_its_network_and_says_what_that_advertises) {
  const auto inside = port_on("private");
  ASSERT_TRUE(inside) << inside.error().detail;
  std::string offer = *engine_->make_offer(*inside, Direction::SendRecv);
  EXPECT_EQ(line_of(offer, "c="), "c=IN IP4 198.51.100.2");
  const uint16_t port = static_cast<uint16_t>(std::stoi(line_of(offer, "m=audio").substr(8)));
  EXPECT_GE(port, ports_.low());
  EXPECT_LE(port, ports_.low() + 2);
  // What is sent to the address behind the NAT arrives, and what goes out comes from there.
  RtpPhone phone(random_, {});
  phones_ = {&phone};
  const size_t c_line = offer.find("198.51.100.2");
  ASSERT_NE(c_line, std::string::npos);
  for (size_t at; (at = offer.find("198.51.100.2")) != std::string::npos;)
    offer.replace(at, 12, "127.0.0.2");
  ASSERT_TRUE(phone.take_remote(offer));
  ASSERT_TRUE(engine_->accept_answer(*inside, phone.sdp()));
  const auto other = engine_->add_echo_port(session_, {});
  engine_->connect(*inside, *other);
  size_t position = 0, heard = 0;
  SocketAddress from;
  phone.on_audio = [&](const RtpPhone::Received& r) {
    ++heard;
    from = r.from;
  };
  EXPECT_TRUE(run(
      5s, [&] { return heard > 10; }, [&] { phone.send_audio(pcmu(next_tone(position)), 160); }));
  EXPECT_EQ(from.host(), "127.0.0.2");
}

TEST_F(NetworksOfTheEngine, a_network_without_ports_of_its_own_uses_those_of_all) {
  const auto outside = port_on("edge"), nowhere = port_on("");
  ASSERT_TRUE(outside && nowhere);
  EXPECT_EQ(line_of(*engine_->make_offer(*outside, Direction::SendRecv), "c="),
            "c=IN IP4 127.0.0.3");
  EXPECT_EQ(line_of(*engine_->make_offer(*nowhere, Direction::SendRecv), "c="),
            "c=IN IP4 127.0.0.1");
}

TEST_F(NetworksOfTheEngine, its_ports_are_given_back_to_it) {
  for (int call = 0; call < 4; ++call) {
    // The worker closes a leg's sockets when it comes to it.
    std::vector<PortId> legs;
    ASSERT_TRUE(run(5s, [&] {
      if (const auto port = port_on("private")) legs.push_back(*port);
      return legs.size() == 2;
    })) << call;
    const auto third = port_on("private");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::Exhausted);
    EXPECT_TRUE(port_on("edge"));
    for (const PortId leg : legs) engine_->remove_port(leg);
  }
}

TEST_F(NetworksOfTheEngine, one_that_came_with_a_reload_is_refused_by_name) {
  const auto port = port_on("later");
  ASSERT_FALSE(port);
  EXPECT_THAT(port.error().detail, testing::HasSubstr("network later"));
}

TEST_F(NetworksOfTheEngine, browsers_come_to_the_edges) {
  WebRtcClient browser(*dtls_, random_, {});
  browsers_ = {&browser};
  const auto port = engine_->add_browser_port(session_, {{Codec::Opus}});
  ASSERT_TRUE(engine_->accept_offer(*port, browser.offer()));
  const auto answer = engine_->make_answer(*port, Direction::SendRecv);
  ASSERT_TRUE(answer);
  EXPECT_THAT(*answer, testing::HasSubstr(" 127.0.0.3 "));
  EXPECT_THAT(*answer, testing::Not(testing::HasSubstr(" 127.0.0.1 ")));
  ASSERT_TRUE(browser.take_answer(*answer, clock_.now()));
  EXPECT_TRUE(run(5s, [&] { return browser.connected(); }));
}

TEST_F(MediaEngineTest, a_network_of_browsers_that_is_not_there_fails_the_start) {
  MediaConfig config = config_;
  config.webrtc_network = "edge";
  Metrics metrics;
  const auto started =
      MediaEngine::start(config, clock_, random_, metrics, Log(), [](MediaEvent) {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().detail, testing::HasSubstr("edge"));
}

// A browser that comes by IPv4, or by the engine's second address.
class BrowsersOfTheEngine : public MediaEngineTest,
                            public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    config_.address6 = SocketAddress::parse("::1");
    MediaEngineTest::SetUp();
  }
};
INSTANTIATE_TEST_SUITE_P(Addresses, BrowsersOfTheEngine, ::testing::Values("127.0.0.1", "::1"),
                         [](const auto& one) {
                           return std::string(one.param) == "::1" ? "v6" : "v4";
                         });

TEST_P(BrowsersOfTheEngine, phone_to_browser_transcodes_a_tone_both_ways_at_its_level) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {.bind = GetParam()});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser);
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  std::vector<int16_t> at_phone, at_browser;
  std::array<int16_t, kMaxFrameSamples> pcm;
  std::vector<uint32_t> timestamps;
  phone.on_audio = [&](const RtpPhone::Received& r) { append_mu(at_phone, r.rtp.payload); };
  browser.on_audio = [&](const WebRtcClient::Received& r) {
    const size_t n = decoder->decode(r.rtp.payload, pcm);
    at_browser.insert(at_browser.end(), pcm.begin(), pcm.begin() + static_cast<long>(n));
    timestamps.push_back(r.rtp.header.timestamp);
  };
  size_t position = 0;
  std::array<std::byte, kMaxEncodedFrame> opus;
  run(
      3s, [&] { return at_phone.size() >= 16000 && at_browser.size() >= 16000; },
      [&] {
        const auto tone = next_tone(position);
        phone.send_audio(pcmu(tone), 160);
        const size_t n = encoder->encode(tone, opus);
        browser.send_audio(std::span(opus).first(n), 960);
      });
  expect_tone(at_phone);
  expect_tone(at_browser);
  // RFC 7587: 48 kHz, whatever the sampling.
  size_t regular = 0;
  for (size_t i = 1; i < timestamps.size(); ++i) {
    regular += timestamps[i] - timestamps[i - 1] == 960u ? 1 : 0;
  }
  EXPECT_GE(regular, timestamps.size() * 9 / 10);  // A busy machine may stall the test's phone.
  const auto connected = events<TransportConnected>();
  EXPECT_THAT(connected,
              ::testing::Contains(::testing::Field(&TransportConnected::srtp, "AEAD_AES_128_GCM")));
}

TEST_F(MediaEngineTest, echo_user_prompts_at_most_two_seconds_and_then_echoes_at_once) {
  RtpPhone phone(random_, {});
  phones_ = {&phone};
  const PortId pp = answer_phone(phone);
  const auto echo = engine_->add_echo_port(session_, {});
  ASSERT_TRUE(echo.has_value());
  engine_->connect(pp, *echo);
  const TimePoint began = clock_.now();
  const auto codes = pcmu(test::tone(1000, kAmplitude, kSamplesPer20Ms));
  TimePoint echoed{};
  phone.on_audio = [&](const RtpPhone::Received& r) {
    const bool same = std::ranges::equal(r.rtp.payload, codes);
    if (same && echoed == TimePoint{}) echoed = r.at;
  };
  ASSERT_TRUE(run(
      3s, [&] { return echoed != TimePoint{}; }, [&] { phone.send_audio(codes, 160); }));
  EXPECT_LE(echoed - began, 2200ms);
  // Bit for bit, so at unity gain; and within 200 ms.
  std::vector<std::byte> mark(160, std::byte{0x11});
  TimePoint sent{}, back{};
  phone.on_audio = [&](const RtpPhone::Received& r) {
    if (std::ranges::equal(r.rtp.payload, mark)) back = r.at;
  };
  ASSERT_TRUE(run(
      1s, [&] { return back != TimePoint{}; },
      [&] {
        if (sent == TimePoint{}) sent = clock_.now();
        phone.send_audio(mark, 160);
      }));
  EXPECT_LT(back - sent, 200ms);
}

TEST_F(MediaEngineTest, browser_hears_the_echo_user) {
  WebRtcClient browser(*dtls_, random_, {});
  browsers_ = {&browser};
  const PortId pb = answer_browser(browser);
  const auto echo = engine_->add_echo_port(session_, {});
  engine_->connect(pb, *echo);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  const auto encoder = make_encoder(Codec::Opus, kNarrowband);
  const auto decoder = make_decoder(Codec::Opus, kNarrowband);
  std::vector<int16_t> heard;
  std::array<int16_t, kMaxFrameSamples> pcm;
  browser.on_audio = [&](const WebRtcClient::Received& r) {
    const size_t n = decoder->decode(r.rtp.payload, pcm);
    heard.insert(heard.end(), pcm.begin(), pcm.begin() + static_cast<long>(n));
  };
  size_t position = 0;
  std::array<std::byte, kMaxEncodedFrame> opus;
  run(
      4s, [&] { return heard.size() >= 28000; },
      [&] {
        const size_t n = encoder->encode(next_tone(position), opus);
        browser.send_audio(std::span(opus).first(n), 960);
      });
  expect_tone(heard);
}

TEST_F(MediaEngineTest, sdes_phone_reaches_a_plain_phone) {
  for (const auto suite : {wire::SrtpSuite::AeadAes128Gcm, wire::SrtpSuite::AesCm128HmacSha1_80}) {
    RtpPhone a(random_, {.srtp = suite}), b(random_, {});
    phones_ = {&a, &b};
    const PortId pa = answer_phone(a), pb = answer_phone(b);
    engine_->connect(pa, pb);
    std::vector<int16_t> heard_a, heard_b;
    a.on_audio = [&](const RtpPhone::Received& r) { append_mu(heard_a, r.rtp.payload); };
    b.on_audio = [&](const RtpPhone::Received& r) { append_mu(heard_b, r.rtp.payload); };
    size_t position = 0;
    run(
        3s, [&] { return heard_a.size() >= 9000 && heard_b.size() >= 9000; },
        [&] {
          const auto codes = pcmu(next_tone(position));
          a.send_audio(codes, 160);
          b.send_audio(codes, 160);
        });
    expect_tone(heard_a);
    expect_tone(heard_b);
    EXPECT_EQ(wire::to_string(suite), engine_->negotiated(pa)->srtp);
    engine_->remove_port(pa);
    engine_->remove_port(pb);
    phones_.clear();
  }
}

TEST_F(MediaEngineTest, browser_restarts_ice_on_the_same_port_and_goes_on) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser);
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  int heard = 0;
  browser.on_audio = [&](const WebRtcClient::Received&) { ++heard; };
  const auto codes = pcmu(test::tone(1000, kAmplitude, kSamplesPer20Ms));
  ASSERT_TRUE(run(
      2s, [&] { return heard > 10; }, [&] { phone.send_audio(codes, 160); }));
  browser.restart_ice();
  renegotiate(browser, pb);
  heard = 0;
  EXPECT_TRUE(run(
      2s, [&] { return heard > 20; }, [&] { phone.send_audio(codes, 160); }));
}

// Its network, and with TCP its connection.
class MovingBrowser : public MediaEngineTest, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(UdpAndTcp, MovingBrowser, ::testing::Bool());

TEST_P(MovingBrowser, is_heard_and_hears_within_a_second) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {.opus = false, .tcp = GetParam()});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser, {Codec::Pcmu});
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  int at_browser = 0, at_phone = 0;
  browser.on_audio = [&](const WebRtcClient::Received&) { ++at_browser; };
  const std::vector<std::byte> voice(160, std::byte{0x22});  // Not the silence that fills gaps.
  phone.on_audio = [&](const RtpPhone::Received& r) {
    at_phone += std::ranges::equal(r.rtp.payload, voice) ? 1 : 0;
  };
  const auto talk = [&] {
    phone.send_audio(voice, 160);
    browser.send_audio(voice, 160);
  };
  for (int move = 0; move < 3; ++move) {
    ASSERT_TRUE(run(
        2s, [&] { return at_browser > 10 && at_phone > 10; }, talk));
    browser.change_network(clock_.now());
    at_browser = at_phone = 0;
    EXPECT_TRUE(run(
        1s, [&] { return at_browser > 10 && at_phone > 10; }, talk));
  }
}

TEST_F(MediaEngineTest, another_page_load_takes_the_port_over) {
  RtpPhone phone(random_, {});
  const auto other_certificate = std::move(*DtlsContext::create());
  WebRtcClient first(*dtls_, random_, {}), second(*other_certificate, random_, {});
  phones_ = {&phone};
  browsers_ = {&first};
  const PortId pp = answer_phone(phone), pb = answer_browser(first);
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return first.connected(); }));
  browsers_ = {&second};
  renegotiate(second, pb);
  int heard = 0;
  second.on_audio = [&](const WebRtcClient::Received&) { ++heard; };
  const auto codes = pcmu(test::tone(1000, kAmplitude, kSamplesPer20Ms));
  EXPECT_TRUE(run(
      5s, [&] { return heard > 20; }, [&] { phone.send_audio(codes, 160); }));
}

TEST_F(MediaEngineTest, held_phone_hears_nothing_and_its_peer_hears_silence) {
  RtpPhone a(random_, {}), b(random_, {});
  phones_ = {&a, &b};
  const PortId pa = answer_phone(a), pb = answer_phone(b);
  engine_->connect(pa, pb);
  int at_a = 0;
  std::vector<int16_t> at_b;
  a.on_audio = [&](const RtpPhone::Received&) { ++at_a; };
  b.on_audio = [&](const RtpPhone::Received& r) { append_mu(at_b, r.rtp.payload); };
  const auto codes = pcmu(test::tone(1000, kAmplitude, kSamplesPer20Ms));
  const auto talk = [&] {
    a.send_audio(codes, 160);
    b.send_audio(codes, 160);
  };
  ASSERT_TRUE(run(
      2s, [&] { return at_a > 10; }, talk));
  engine_->set_held(pa, true);
  run(300ms, {}, talk);
  at_a = 0;
  at_b.clear();
  run(600ms, {}, talk);
  EXPECT_EQ(0, at_a);
  EXPECT_GT(at_b.size(), 3000u);  // Every ptime.
  EXPECT_LT(test::peak_at(at_b, 1000), 10);
  engine_->set_held(pa, false);
  ASSERT_TRUE(run(
      2s, [&] { return at_a > 10; }, talk));
  at_b.clear();
  run(400ms, {}, talk);
  EXPECT_GT(test::peak_at(at_b, 1000), 1000);
}

TEST_F(MediaEngineTest, digits_are_sent_as_events_and_reported_once_by_the_other_side) {
  RtpPhone a(random_, {}), b(random_, {});
  phones_ = {&a, &b};
  const PortId pa = answer_phone(a), pb = answer_phone(b);
  engine_->connect(pa, pb);
  // What is sent to phone b comes back as if b had pressed it.
  b.on_audio = [&](const RtpPhone::Received& r) {
    if (r.rtp.header.payload_type != 101) return;
    const std::vector<std::byte> payload(r.rtp.payload.begin(), r.rtp.payload.end());
    b.send_rtp(101, payload, r.rtp.header.timestamp, r.rtp.header.marker);
  };
  engine_->send_digits(pb, "1#A", 100ms, 60ms);
  ASSERT_TRUE(run(
      3s, [&] { return events<DigitReceived>().size() >= 3 && !events<DigitsSent>().empty(); }));
  run(100ms, {});
  const auto digits = events<DigitReceived>();
  ASSERT_EQ(3u, digits.size());
  EXPECT_EQ('1', digits[0].digit);
  EXPECT_EQ('#', digits[1].digit);
  EXPECT_EQ('A', digits[2].digit);
  for (const auto& d : digits) {
    EXPECT_EQ(pb, d.port);
    EXPECT_FALSE(d.in_band);
    EXPECT_NEAR(100, static_cast<double>(to_ms(d.duration)), 20);
  }
  EXPECT_EQ(1u, events<DigitsSent>().size());
}

// A sink that blocks holds the worker as any endless turn would.
TEST_F(MediaEngineTest, worker_that_stands_still_is_seen_and_so_is_its_return) {
  std::mutex gate;
  std::atomic<bool> inside{false};
  engine_.reset();
  auto started = MediaEngine::start(config_, clock_, random_, metrics_, Log(), [&](MediaEvent e) {
    if (!std::holds_alternative<PortClosed>(e)) return;
    inside = true;
    const std::lock_guard wait(gate);
  });
  ASSERT_TRUE(started.has_value());
  engine_ = std::move(*started);
  session_ = engine_->open_session();
  const PortId port = phone_port();
  // As often as it likes to be asked, a worker that turns is not stalled.
  for (int i = 0; i < 2; ++i) {
    run(600ms, {});  // Idle: its longest wait is 500 ms.
    ASSERT_EQ(0u, engine_->stalled_workers());
  }
  {
    const std::lock_guard closed(gate);
    engine_->remove_port(port);
    ASSERT_TRUE(run(2s, [&] { return inside.load(); }));
    unsigned looks = 1;
    while (engine_->stalled_workers() == 0 && looks < 10) ++looks;
    EXPECT_NEAR(StallWatch::kPatience, looks, 1);  // The turn may have begun before the last look.
    EXPECT_THAT(metrics_.expose(), ::testing::HasSubstr("gw_media_workers_stalled 1"));
    EXPECT_THAT(metrics_.expose(), ::testing::HasSubstr("gw_media_worker_stalls_total 1"));
  }
  EXPECT_TRUE(run(2s, [&] { return engine_->stalled_workers() == 0; }));
  EXPECT_THAT(metrics_.expose(), ::testing::HasSubstr("gw_media_workers_stalled 0"));
  engine_.reset();  // Its events end before what they look at.
}

TEST_F(MediaEngineTest, browser_without_udp_talks_over_tcp_both_ways) {
  RtpPhone phone(random_, {});
  WebRtcClient browser(*dtls_, random_, {.opus = false, .tcp = true});
  phones_ = {&phone};
  browsers_ = {&browser};
  const PortId pp = answer_phone(phone), pb = answer_browser(browser, {Codec::Pcmu});
  engine_->connect(pp, pb);
  ASSERT_TRUE(run(5s, [&] { return browser.connected(); }));
  EXPECT_THAT(metrics_.expose(), ::testing::HasSubstr("gw_media_tcp_connections 1"));
  std::vector<int16_t> at_browser, at_phone;
  browser.on_audio = [&](const WebRtcClient::Received& r) { append_mu(at_browser, r.rtp.payload); };
  phone.on_audio = [&](const RtpPhone::Received& r) { append_mu(at_phone, r.rtp.payload); };
  size_t position = 0;
  run(
      4s, [&] { return at_browser.size() >= 12000 && at_phone.size() >= 12000; },
      [&] {
        const auto codes = pcmu(next_tone(position));
        phone.send_audio(codes, 160);
        browser.send_audio(codes, 160);
      });
  expect_tone(at_browser);
  expect_tone(at_phone);
  engine_->remove_port(pb);
  EXPECT_TRUE(run(2s, [&] {
    return metrics_.expose().find("gw_media_tcp_connections 0") != std::string::npos;
  }));
}

TEST_F(MediaEngineTest, removed_port_reports_its_figures_last) {
  RtpPhone a(random_, {}), b(random_, {});
  phones_ = {&a, &b};
  const PortId pa = answer_phone(a), pb = answer_phone(b);
  engine_->connect(pa, pb);
  const auto codes = pcmu(test::tone(1000, kAmplitude, kSamplesPer20Ms));
  int heard = 0;
  b.on_audio = [&](const RtpPhone::Received&) { ++heard; };
  ASSERT_TRUE(run(
      2s, [&] { return heard >= 20; }, [&] { a.send_audio(codes, 160); }));
  engine_->close_session(session_);
  ASSERT_TRUE(run(2s, [&] { return events<PortClosed>().size() == 2; }));
  const auto closed = events<PortClosed>();
  EXPECT_GE(closed[0].stats.packets_in, 15u);
  EXPECT_EQ("PCMU", closed[0].stats.codec);
  EXPECT_GT(closed[0].stats.mos, 4.0);
  EXPECT_EQ(0u, engine_->open_sessions());
  EXPECT_EQ(std::nullopt, engine_->stats(pa));
}

}  // namespace
}  // namespace gw::media
