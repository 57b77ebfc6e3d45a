// Conferences on the real engine, and calls that go from one worker to another while they talk.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>

#include "media/engine/datagram_ring.h"
#include "tests/unit/media/engine/engine_rig.h"

namespace gw::media {
namespace {

constexpr double kAmplitude = 6000;

// Somebody at a phone or a browser who says a tone and writes down what is heard, all as PCM.
class Party {
 public:
  explicit Party(double hertz) : hertz_(hertz) {}
  virtual ~Party() = default;

  void speak() {
    const auto pcm = test::tone(hertz_, kAmplitude, kSamplesPer20Ms, said_);
    said_ += kSamplesPer20Ms;
    send(pcm);
  }
  double hertz() const { return hertz_; }
  // Of the last half second.
  double level(double hertz) const {
    if (heard.size() < 4000) return -200;
    return 20 * std::log10(test::peak_at(std::span(heard).last(4000), hertz) / kAmplitude + 1e-9);
  }

  std::vector<int16_t> heard;
  std::vector<uint16_t> sequences;

 protected:
  virtual void send(const std::vector<int16_t>& pcm) = 0;

 private:
  const double hertz_;
  size_t said_ = 0;
};

class PhoneParty final : public Party {
 public:
  PhoneParty(Random& random, double hertz) : Party(hertz), phone(random, {}) {
    phone.on_audio = [this](const RtpPhone::Received& r) {
      if (r.rtp.header.payload_type != 0) return;
      const size_t at = heard.size();
      heard.resize(at + r.rtp.payload.size());
      g711_decode(Law::Mu, r.rtp.payload, std::span(heard).subspan(at));
      sequences.push_back(r.rtp.header.sequence);
    };
  }
  RtpPhone phone;

 private:
  void send(const std::vector<int16_t>& pcm) override { phone.send_audio(pcmu(pcm), 160); }
};

class BrowserParty final : public Party {
 public:
  BrowserParty(const DtlsContext& dtls, Random& random, double hertz,
               const WebRtcClient::Options& options = {})
      : Party(hertz), browser(dtls, random, options) {
    browser.on_audio = [this](const WebRtcClient::Received& r) {
      std::array<int16_t, kMaxFrameSamples> pcm;
      const size_t n = decoder_->decode(r.rtp.payload, pcm);
      heard.insert(heard.end(), pcm.begin(), pcm.begin() + static_cast<long>(n));
      sequences.push_back(r.rtp.header.sequence);
    };
  }
  WebRtcClient browser;

 private:
  void send(const std::vector<int16_t>& pcm) override {
    std::array<std::byte, kMaxEncodedFrame> out;
    const size_t n = encoder_->encode(pcm, out);
    browser.send_audio(std::span(out).first(n), 960);
  }
  const std::unique_ptr<AudioEncoder> encoder_ = make_encoder(Codec::Opus, kNarrowband);
  const std::unique_ptr<AudioDecoder> decoder_ = make_decoder(Codec::Opus, kNarrowband);
};

class MediaMoveTest : public EngineRig {
 protected:
  void SetUp() override {
    config_.address = *SocketAddress::parse("127.0.0.1");
    config_.webrtc_low = 0;
    config_.workers = 3;
    start();
  }
  PhoneParty& phone(double hertz) {
    auto party = std::make_unique<PhoneParty>(random_, hertz);
    PhoneParty& made = *party;
    phones_.push_back(&made.phone);
    ports_.push_back(answer_phone(made.phone));
    parties_.push_back(std::move(party));
    return made;
  }
  BrowserParty& arriving_browser(double hertz, const WebRtcClient::Options& options = {}) {
    auto party = std::make_unique<BrowserParty>(*dtls_, random_, hertz, options);
    BrowserParty& made = *party;
    browsers_.push_back(&made.browser);
    ports_.push_back(answer_browser(made.browser));
    parties_.push_back(std::move(party));
    return made;
  }
  BrowserParty& browser(double hertz, const WebRtcClient::Options& options = {}) {
    BrowserParty& made = arriving_browser(hertz, options);
    EXPECT_TRUE(run(5s, [&] { return made.browser.connected(); }));
    return made;
  }
  void talk(Duration time) {
    run(time, {}, [this] {
      for (const auto& party : parties_) party->speak();
    });
  }
  void forget() {
    for (const auto& party : parties_) {
      party->heard.clear();
      party->sequences.clear();
    }
  }
  // Of those that talk; the machine may be busy, so they have a while.
  void expect_all_hear_all(const std::vector<const Party*>& all) {
    const auto right = [&] {
      for (const Party* listener : all) {
        for (const Party* speaker : all) {
          const double level = listener->level(speaker->hertz());
          if (listener == speaker ? level > -20 : std::abs(level) > 3) return false;
        }
      }
      return true;
    };
    const bool heard = run(5s, right, [this] {
      for (const auto& party : parties_) party->speak();
    });
    EXPECT_TRUE(heard);
    if (heard) return;
    for (const Party* listener : all) {
      for (const Party* speaker : all) {
        ADD_FAILURE() << listener->hertz() << " hears " << speaker->hertz() << " at "
                      << listener->level(speaker->hertz()) << " dB";
      }
    }
  }
  static void expect_no_gap(const Party& party) {
    for (size_t i = 1; i < party.sequences.size(); ++i) {
      ASSERT_EQ(static_cast<uint16_t>(party.sequences[i - 1] + 1), party.sequences[i]) << i;
    }
  }

  std::vector<std::unique_ptr<Party>> parties_;
  std::vector<PortId> ports_;
};

TEST_F(MediaMoveTest, two_phones_and_a_browser_hear_each_other) {
  const Party& a = phone(500);
  const Party& b = phone(800);
  const Party& c = browser(1100);
  for (const PortId port : ports_) engine_->join(port);
  expect_all_hear_all({&a, &b, &c});
  EXPECT_FALSE(events<SpeakingChanged>().empty());
  engine_->disconnect(ports_[0]);
  forget();
  expect_all_hear_all({&b, &c});
  EXPECT_LT(b.level(500), -40);
}

TEST_F(MediaMoveTest, phones_go_to_another_worker_and_lose_nothing) {
  Party& a = phone(500);
  Party& b = phone(800);
  engine_->connect(ports_[0], ports_[1]);
  talk(400ms);
  forget();
  for (const unsigned worker : {1u, 2u, 0u}) {
    engine_->move(session_, worker);
    EXPECT_EQ(worker, engine_->worker_of(session_));
    talk(300ms);
  }
  EXPECT_GT(a.sequences.size(), 30u);
  expect_no_gap(a);
  expect_no_gap(b);
  expect_all_hear_all({&a, &b});
}

TEST_F(MediaMoveTest, a_browser_goes_to_other_workers_and_home_again) {
  BrowserParty& a = browser(500);
  Party& b = phone(800);
  engine_->connect(ports_[0], ports_[1]);
  talk(300ms);
  for (const unsigned worker : {1u, 2u, 1u, 0u, 2u}) {
    engine_->move(session_, worker);
    forget();
    expect_all_hear_all({&a, &b});
  }
  // Checks are answered there too, or consent would end, and new credentials are known at home.
  a.browser.restart_ice();
  renegotiate(a.browser, ports_[0]);
  forget();
  expect_all_hear_all({&a, &b});
  EXPECT_TRUE(events<MediaTimedOut>().empty());
  EXPECT_TRUE(events<TransportFailed>().empty());
}

// The NAT before it forgets its binding: another source, and no check that tells.
TEST_F(MediaMoveTest, a_browser_is_followed_by_its_sound_at_home_and_away) {
  BrowserParty& a = browser(500);
  Party& b = phone(800);
  engine_->connect(ports_[0], ports_[1]);
  talk(300ms);
  for (const unsigned worker : {0u, 1u, 2u, 0u}) {
    engine_->move(session_, worker);
    talk(100ms);
    a.browser.change_network(clock_.now());
    a.browser.check_at(TimePoint::max());
    forget();
    expect_all_hear_all({&a, &b});
  }
}

TEST_F(MediaMoveTest, a_browser_that_comes_after_the_move_is_carried_too) {
  Party& b = phone(800);
  engine_->move(session_, 1);
  Party& a = browser(500);
  engine_->connect(ports_[0], ports_[1]);
  expect_all_hear_all({&a, &b});
}

TEST_F(MediaMoveTest, a_handshake_survives_the_move) {
  BrowserParty& a = arriving_browser(500);
  engine_->move(session_, 1);
  EXPECT_TRUE(run(8s, [&] { return a.browser.connected(); }));
  Party& b = phone(800);
  engine_->connect(ports_[0], ports_[1]);
  expect_all_hear_all({&a, &b});
}

TEST_F(MediaMoveTest, a_browser_without_udp_moves_and_connects_anew_where_its_call_is) {
  BrowserParty& a = browser(500, {.tcp = true});
  Party& b = phone(800);
  engine_->connect(ports_[0], ports_[1]);
  for (const unsigned worker : {1u, 2u, 0u}) {
    engine_->move(session_, worker);
    forget();
    expect_all_hear_all({&a, &b});
    a.browser.change_network(clock_.now());  // Home accepts the new connection.
    forget();
    expect_all_hear_all({&a, &b});
  }
  EXPECT_TRUE(events<MediaTimedOut>().empty());
}

TEST_F(MediaMoveTest, a_browser_without_udp_that_comes_after_the_move_is_carried_too) {
  Party& b = phone(800);
  BrowserParty& a = arriving_browser(500, {.tcp = true});
  engine_->move(session_, 1);
  EXPECT_TRUE(run(8s, [&] { return a.browser.connected(); }));
  engine_->connect(ports_[0], ports_[1]);
  expect_all_hear_all({&a, &b});
}

TEST_F(MediaMoveTest, calls_of_two_workers_become_one) {
  Party& a = phone(400);
  Party& b = browser(650);
  engine_->connect(ports_[0], ports_[1]);
  const SessionId first = session_;
  session_ = engine_->open_session();
  ASSERT_NE(engine_->worker_of(first), engine_->worker_of(session_));
  Party& c = phone(900);
  Party& d = browser(1150);
  engine_->connect(ports_[2], ports_[3]);
  talk(300ms);
  engine_->merge(first, session_);
  EXPECT_EQ(1u, engine_->open_sessions());
  expect_all_hear_all({&a, &b, &c, &d});
  engine_->remove_port(ports_[1]);
  engine_->remove_port(ports_[2]);
  forget();
  talk(3500ms);  // Two are relayed again.
  expect_all_hear_all({&a, &d});
  engine_->close_session(first);
  EXPECT_TRUE(run(2s, [&] { return events<PortClosed>().size() == 4; }));
}

TEST_F(MediaMoveTest, what_is_asked_of_a_port_on_its_way_is_done_when_it_is_there) {
  Party& a = phone(500);
  Party& b = phone(800);
  engine_->connect(ports_[0], ports_[1]);
  talk(200ms);
  engine_->move(session_, 1);
  engine_->set_muted(ports_[0], true);
  engine_->move(session_, 2);
  engine_->move(session_, 0);
  engine_->set_held(ports_[1], true);
  engine_->set_held(ports_[1], false);
  talk(300ms);
  forget();
  talk(700ms);
  EXPECT_LT(b.level(500), -40);
  EXPECT_NEAR(a.level(800), 0, 3);
  engine_->move(session_, 1);
  engine_->remove_port(ports_[0]);
  EXPECT_TRUE(run(2s, [&] { return events<PortClosed>().size() == 1; }));
  EXPECT_EQ(ports_[0], events<PortClosed>()[0].port);
}

TEST_F(MediaMoveTest, calls_that_cross_do_not_wait_for_each_other) {
  Party& a = phone(500);
  Party& b = browser(800);
  engine_->connect(ports_[0], ports_[1]);
  const SessionId first = session_;
  session_ = engine_->open_session();
  Party& c = phone(600);
  Party& d = browser(900);
  engine_->connect(ports_[2], ports_[3]);
  const unsigned one = engine_->worker_of(first), two = engine_->worker_of(session_);
  for (int i = 0; i < 20; ++i) {
    engine_->move(first, i % 2 == 0 ? two : one);
    engine_->move(session_, i % 2 == 0 ? one : two);
    talk(20ms);
  }
  forget();
  expect_all_hear_all({&a, &b});
  forget();
  expect_all_hear_all({&c, &d});
}

TEST(DatagramRing, keeps_order_and_refuses_what_has_no_room) {
  DatagramRing ring;
  PacketPool pool(300);
  Packet packet;
  for (size_t i = 0; i < DatagramRing::kSlots + 5; ++i) {
    packet.clear();
    packet.room()[0] = static_cast<std::byte>(i);
    packet.resize(1);
    EXPECT_EQ(i < DatagramRing::kSlots, ring.push(PortId{i}, packet)) << i;
  }
  uint64_t next = 0;
  ring.drain(pool, [&](PortId port, PacketPtr& taken) {
    EXPECT_EQ(next, port.value);
    EXPECT_EQ(static_cast<std::byte>(next), taken->data()[0]);
    ++next;
  });
  EXPECT_EQ(DatagramRing::kSlots, next);
  EXPECT_TRUE(ring.push(PortId{1}, packet));
}

}  // namespace
}  // namespace gw::media
