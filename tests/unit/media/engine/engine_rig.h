#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "media/codec/g711.h"
#include "media/engine/media_engine.h"
#include "media/transport/dtls.h"
#include "tests/unit/support/port_slice.h"
#include "tests/unit/support/rtp_phone.h"
#include "tests/unit/support/tone.h"
#include "tests/unit/support/webrtc_client.h"

namespace gw::media {

using test::RtpPhone;
using test::WebRtcClient;

// The real engine with one worker on loopback, and the clients around it.
class EngineRig : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.address = *SocketAddress::parse("127.0.0.1");
    config_.webrtc_low = 0;
    config_.workers = 1;
    start();
  }
  void start() {
    engine_.reset();
    config_.port_low = ports_.low();
    config_.port_high = ports_.high();
    auto started =
        MediaEngine::start(config_, clock_, random_, metrics_, Log(), [this](MediaEvent e) {
          const std::lock_guard lock(mutex_);
          events_.push_back(std::move(e));
        });
    ASSERT_TRUE(started.has_value()) << started.error().detail;
    engine_ = std::move(*started);
    dtls_ = std::move(*DtlsContext::create());
    session_ = engine_->open_session();
  }

  PortId phone_port(std::vector<Codec> codecs = {Codec::Pcmu, Codec::Pcma}) {
    PhonePortSpec spec;
    spec.codecs = std::move(codecs);
    spec.srtp = SrtpPolicy::Offered;
    const auto port = engine_->add_phone_port(session_, spec);
    EXPECT_TRUE(port.has_value());
    return port.value_or(PortId{});
  }

  // The client offers, the engine answers.
  PortId answer_phone(RtpPhone& phone, std::vector<Codec> codecs = {Codec::Pcmu, Codec::Pcma}) {
    const PortId port = phone_port(std::move(codecs));
    renegotiate(phone, port);
    return port;
  }
  void renegotiate(RtpPhone& phone, PortId port) {
    const auto offer = engine_->accept_offer(port, phone.sdp());
    ASSERT_TRUE(offer.has_value()) << offer.error().detail;
    const auto answer = engine_->make_answer(port, Direction::SendRecv);
    ASSERT_TRUE(answer.has_value()) << answer.error().detail;
    ASSERT_TRUE(phone.take_remote(*answer)) << *answer;
  }
  PortId answer_browser(WebRtcClient& browser, std::vector<Codec> codecs = {Codec::Opus}) {
    const auto port = engine_->add_browser_port(session_, {std::move(codecs)});
    EXPECT_TRUE(port.has_value());
    renegotiate(browser, *port);
    return *port;
  }
  void renegotiate(WebRtcClient& browser, PortId port) {
    const auto offer = engine_->accept_offer(port, browser.offer());
    ASSERT_TRUE(offer.has_value()) << offer.error().detail;
    const auto answer = engine_->make_answer(port, Direction::SendRecv);
    ASSERT_TRUE(answer.has_value()) << answer.error().detail;
    ASSERT_TRUE(browser.take_answer(*answer, clock_.now())) << *answer;
  }

  // Runs until `done` or the time is over; `tick` every `step`.
  bool run(Duration limit, const std::function<bool()>& done,
           const std::function<void()>& tick = {}, Duration step = 20ms) {
    const TimePoint end = clock_.now() + limit;
    TimePoint next = clock_.now();
    while (clock_.now() < end) {
      if (done && done()) return true;
      if (clock_.now() >= next) {
        next += step;
        if (tick) tick();
      }
      ::poll(nullptr, 0, 1);
      for (RtpPhone* phone : phones_) phone->poll(clock_.now());
      for (WebRtcClient* browser : browsers_) browser->poll(clock_.now());
    }
    return done && done();
  }

  template <class E>
  std::vector<E> events() {
    const std::lock_guard lock(mutex_);
    std::vector<E> found;
    for (const MediaEvent& e : events_) {
      if (const E* match = std::get_if<E>(&e)) found.push_back(*match);
    }
    return found;
  }

  const test::PortSlice ports_ = test::PortSlice::take(400).value();
  MediaConfig config_;
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  std::mutex mutex_;
  std::vector<MediaEvent> events_;
  std::unique_ptr<MediaEngine> engine_;
  std::unique_ptr<DtlsContext> dtls_;
  SessionId session_;
  std::vector<RtpPhone*> phones_;
  std::vector<WebRtcClient*> browsers_;
};

inline std::vector<std::byte> pcmu(const std::vector<int16_t>& pcm) {
  std::vector<std::byte> codes(pcm.size());
  g711_encode(Law::Mu, pcm, codes);
  return codes;
}

}  // namespace gw::media
