#pragma once

#include <map>
#include <string>
#include <vector>

#include "media/engine/media_engine.h"

namespace gw::test {

// A media engine without sound: hands out ids and remembers what it was told.
class FakeMediaEngine final : public media::MediaEngine {
 public:
  SessionId open_session() override { return SessionId{++last_session}; }
  void close_session(SessionId session) override { closed_sessions.push_back(session); }
  Result<PortId> add_phone_port(SessionId, const media::PhonePortSpec&) override {
    return PortId{++last_port};
  }
  Result<PortId> add_browser_port(SessionId, const media::BrowserPortSpec&) override {
    return PortId{++last_port};
  }
  Result<PortId> add_echo_port(SessionId, const media::EchoPortSpec&) override {
    return PortId{++last_port};
  }
  Result<PortId> add_stream_port(SessionId, const media::StreamPortSpec& spec,
                                 std::shared_ptr<media::PcmStream> stream) override {
    stream_specs.push_back(spec);
    streams.push_back(std::move(stream));
    return PortId{++last_port};
  }
  Result<PortId> add_clip_port(SessionId, const media::ClipPortSpec&) override {
    return PortId{++last_port};
  }
  void remove_port(PortId port) override { removed.push_back(port); }
  Result<std::string> make_offer(PortId, media::Direction direction,
                                 std::vector<media::Codec>) override {
    offers.push_back(direction);
    return std::string("offer");
  }
  Result<media::Negotiated> accept_answer(PortId, std::string_view) override {
    return media::Negotiated{};
  }
  Result<media::RemoteOffer> accept_offer(PortId, std::string_view) override {
    return remote_offer;
  }
  Result<std::string> make_answer(PortId, media::Direction,
                                  std::vector<media::Codec> codecs_first) override {
    answered_first.push_back(std::move(codecs_first));
    return std::string("answer");
  }
  void rollback(PortId) override {}
  void expect_other_leg(PortId port, media::Codec codec) override { other_legs[port] = codec; }
  std::optional<media::Negotiated> negotiated(PortId) const override { return agreed; }
  void connect(PortId a, PortId b) override { wires.emplace_back(a, b); }
  void join(PortId port) override { joined.push_back(port); }
  void disconnect(PortId port) override { disconnected.push_back(port); }
  void merge(SessionId into, SessionId from) override { merged.emplace_back(into, from); }
  void set_held(PortId port, bool on) override { held[port] = on; }
  void set_muted(PortId port, bool on) override { muted[port] = on; }
  void play_ringback(PortId port, bool on) override { ringback[port] = on; }
  void play_clip(PortId port, media::ClipOrder order) override {
    clips.push_back({port, std::move(order.clip), order.loop, order.serial, std::move(order.to)});
  }
  void send_digits(PortId port, std::string_view digits, Duration, Duration) override {
    digits_sent[port] += digits;
  }
  void receive_digit(PortId port, char digit, Duration length) override {
    digits_received[port] += digit;
    last_length = length;
  }
  std::optional<media::PortStats> stats(PortId) const override { return media::PortStats{}; }
  size_t stalled_workers() override { return 0; }
  void wake_workers() override {}
  unsigned workers() const override { return 1; }
  unsigned worker_of(SessionId) const override { return 0; }
  void move(SessionId, unsigned) override {}
  size_t open_sessions() const override { return last_session - closed_sessions.size(); }

  uint64_t last_session = 0, last_port = 0;
  media::RemoteOffer remote_offer;                        // Every peer's.
  std::optional<media::Negotiated> agreed;                // On every port.
  std::vector<std::vector<media::Codec>> answered_first;  // What each answer was to prefer.
  std::vector<SessionId> closed_sessions;
  std::vector<PortId> removed;
  std::vector<media::StreamPortSpec> stream_specs;
  std::vector<std::shared_ptr<media::PcmStream>> streams;
  std::vector<media::Direction> offers;
  std::vector<std::pair<PortId, PortId>> wires;
  std::vector<PortId> joined, disconnected;
  std::vector<std::pair<SessionId, SessionId>> merged;
  std::map<PortId, bool> held, muted, ringback;
  struct Played {
    PortId port;
    media::ClipPtr clip;
    bool loop = false;
    uint64_t serial = 0;
    std::vector<PortId> to{};
  };
  std::vector<Played> clips;
  std::map<PortId, media::Codec> other_legs;
  std::map<PortId, std::string> digits_sent, digits_received;
  Duration last_length{0};  // Of the digit received last.
};

}  // namespace gw::test
