// What the WebSocket path of media streaming adds to the way of a sound: a phone on one media
// engine, a stream from it to another over WebSocket on loopback, a phone there; every 200 ms a
// burst of tone, and when its onset is heard. Bursts near which the machine took a core away are
// counted apart: a packet sent late is heard late.
//   bench_stream [--seconds N] [--rate 16000|24000] [--most MS: fails when more than 1 % of the
//   bursts come later] [--again N: so often, when it fails and the machine stood still meanwhile]
#include <poll.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acs/http/http_server.h"
#include "acs/http/websocket_client.h"
#include "acs/streaming/media_stream.h"
#include "acs/streaming/stream_frame.h"
#include "base/random.h"
#include "bench/machine_stops.h"
#include "media/codec/g711.h"
#include "media/engine/media_engine.h"
#include "media/path/pcm_stream.h"
#include "tests/unit/support/rtp_phone.h"
#include "tests/unit/support/tone.h"

namespace {

using namespace gw;
namespace streaming = acs::streaming;

constexpr size_t kPacket = 160;
constexpr int kBurst = 10;       // Packets from one burst to the next: 200 ms.
constexpr int kLoud = 4;         // Of which so many are loud.
constexpr int kQuietBursts = 5;  // Silence before the first: what starts up is not measured.
constexpr int kHeard = 1500;

class PortSound final : public streaming::CallSound {
 public:
  explicit PortSound(std::shared_ptr<media::PcmStream> pcm) : pcm_(std::move(pcm)) {}
  int fd() const override { return pcm_->fd(); }
  bool next(Said& out) override {
    media::PcmFrame frame;
    if (!pcm_->next_said(frame)) return false;
    std::ranges::copy(frame.pcm(), out.frame.samples.begin());
    out.frame.size = frame.size;
    out.frame.silent = frame.silent;
    return true;
  }
  void play(std::span<const int16_t> pcm) override {
    media::PcmFrame frame;
    frame.size = pcm.size();
    std::ranges::copy(pcm, frame.samples.begin());
    pcm_->hear(frame);
  }
  void stop_playing() override { pcm_->flush(); }

 private:
  const std::shared_ptr<media::PcmStream> pcm_;
};

// A phone in a call with a stream, on an engine of its own; without a stream, with another phone.
struct Side {
  Side(const Clock& clock, Random& random, Metrics& metrics) {
    media::MediaConfig config;
    config.address = *SocketAddress::parse("127.0.0.1");
    config.webrtc_low = 0;
    config.workers = 1;
    auto started =
        media::MediaEngine::start(config, clock, random, metrics, Log{}, [](media::MediaEvent) {});
    if (!started) std::abort();
    engine = std::move(*started);
    session = engine->open_session();
  }
  PortId add(test::RtpPhone& phone) {
    media::PhonePortSpec spec;
    spec.codecs = {media::Codec::Pcmu};
    const PortId port = *engine->add_phone_port(session, spec);
    if (!engine->accept_offer(port, phone.sdp())) std::abort();
    if (!phone.take_remote(*engine->make_answer(port, media::Direction::SendRecv))) std::abort();
    return port;
  }
  std::unique_ptr<media::MediaEngine> engine;
  SessionId session;
};

struct Burst {
  TimePoint said, heard;
  double late = 0;  // Milliseconds from its first packet to its onset.
};

struct Measured {
  std::vector<double> late;  // Of the bursts that were heard, but for those that were
  size_t disturbed = 0;      // disturbed: a core was away meanwhile or just before.
  size_t said = 0;
  size_t stops = 0;  // Of the machine, in all that time.
};

Measured measure(test::RtpPhone& speaker, test::RtpPhone& listener, const Clock& clock,
                 const bench::MachineStops& stops, int seconds) {
  std::vector<std::byte> loud(kPacket), quiet(kPacket);
  media::g711_encode(media::Law::Mu, test::tone(1000, 12000, kPacket), loud);
  media::g711_encode(media::Law::Mu, std::vector<int16_t>(kPacket, 0), quiet);
  Measured out;
  std::vector<Burst> bursts;
  TimePoint burst{};
  bool waiting = false;
  listener.on_audio = [&](const test::RtpPhone::Received& received) {
    if (!waiting) return;
    std::array<int16_t, 4 * kPacket> pcm;
    const size_t size = std::min(received.rtp.payload.size(), pcm.size());
    media::g711_decode(media::Law::Mu, received.rtp.payload.first(size),
                       std::span(pcm).first(size));
    const auto* onset = std::find_if(pcm.begin(), pcm.begin() + size,
                                     [](int16_t s) { return std::abs(s) > kHeard; });
    if (onset == pcm.begin() + size) return;
    waiting = false;
    // Inside a packet a sample is said later, and heard later, than its first.
    const double inside = static_cast<double>(onset - pcm.begin()) / 8;
    const double late = static_cast<double>((received.at - burst).count()) / 1e6 + inside;
    bursts.push_back({burst, received.at, late});
  };
  const TimePoint begin = clock.now();
  TimePoint next = begin;
  for (int packet = 0; packet < seconds * 50; ++packet) {
    while (clock.now() < next) {
      ::poll(nullptr, 0, 1);
      const TimePoint now = clock.now();
      listener.poll(now);
      speaker.poll(now);
    }
    next += 20ms;
    const bool measured = packet >= kQuietBursts * kBurst;
    if (packet % kBurst == 0 && measured) {
      burst = clock.now();
      waiting = true;
      ++out.said;
    }
    speaker.send_audio(packet % kBurst < kLoud && measured ? loud : quiet, kPacket);
  }
  out.stops = stops.between(begin, clock.now());
  for (const Burst& heard : bursts) {
    if (stops.between(heard.said - kBurst * 20ms, heard.heard) > 0) {
      ++out.disturbed;
    } else {
      out.late.push_back(heard.late);
    }
  }
  return out;
}

double part(std::vector<double> all, double p) {
  if (all.empty()) return -1;
  std::sort(all.begin(), all.end());
  return all[std::min(all.size() - 1, static_cast<size_t>(p * static_cast<double>(all.size())))];
}

struct Options {
  int seconds = 30;
  uint32_t rate = 16000;
  double most = 0;
  int again = 0;
};

struct World {
  SystemClock clock;
  SystemRandom random;
  Metrics metrics;
  bench::MachineStops stops;
};

// Two phones on one engine: what the path has without a stream.
Measured measure_direct(World& world, const Options& options) {
  Side one(world.clock, world.random, world.metrics);
  test::RtpPhone a(world.random, {}), b(world.random, {});
  const PortId from = one.add(a), to = one.add(b);
  one.engine->connect(from, to);
  return measure(a, b, world.clock, world.stops, std::min(options.seconds, 10));
}

struct Streamed {
  Measured measured;
  streaming::StreamFigures figures;
};

std::optional<Streamed> measure_streamed(World& world, const Options& options) {
  acs::http::HttpConfig config;
  config.listeners = {{*SocketAddress::parse("127.0.0.1:0"), false}};
  auto web = acs::http::HttpServer::create(config, world.metrics, Log{});
  std::shared_ptr<streaming::MediaStream> client;
  acs::http::WebSocketRoute route;
  route.path = "/media";
  route.text = true;
  route.max_message = streaming::kMaxStreamMessage;
  route.accept = [&](std::shared_ptr<acs::http::WebSocket> socket, const acs::http::Request&) {
    return client->attach(std::move(socket));
  };
  web->websocket(route);
  auto bound = web->start();
  auto sockets = acs::http::WebSocketClient::create({}, web->loop(), world.metrics, Log{});
  if (!bound || !sockets) return std::nullopt;

  Side near(world.clock, world.random, world.metrics),
      far(world.clock, world.random, world.metrics);
  test::RtpPhone a(world.random, {}), b(world.random, {});
  const auto add_stream = [&](Side& side, PortId phone, streaming::StreamRole role) {
    auto pcm = std::make_shared<media::PcmStream>(options.rate);
    side.engine->connect(phone, *side.engine->add_stream_port(side.session, {}, pcm));
    streaming::StreamSettings settings;
    settings.role = role;
    settings.rate = options.rate;
    return streaming::MediaStream::create(settings, std::make_unique<PortSound>(pcm), {},
                                          web->loop(), world.clock, world.metrics, Log{});
  };
  client = add_stream(far, far.add(b), streaming::StreamRole::Client);
  const auto service = add_stream(near, near.add(a), streaming::StreamRole::Service);
  service->dial(**sockets, "ws://" + bound->front().address.to_string() + "/media", {});
  Streamed out{measure(a, b, world.clock, world.stops, options.seconds), service->figures()};
  service->close();
  client->close();
  web->stop();
  client.reset();
  return out;
}

// True when it is as it should be.
bool report(const Options& options, const Measured& direct, const Streamed& streamed) {
  const Measured& m = streamed.measured;
  const double base = part(direct.late, 0.5);
  const double p50 = part(m.late, 0.5), p99 = part(m.late, 0.99);
  std::printf(
      "{\"bench\":\"stream\",\"rate\":%u,\"bursts\":%zu,\"heard\":%zu,\"disturbed\":%zu,"
      "\"stops\":%zu,\"direct_p50_ms\":%.1f,\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"most_ms\":%.1f,"
      "\"added_p50_ms\":%.1f,\"added_p99_ms\":%.1f,\"frames\":%llu,\"lost\":%llu}\n",
      options.rate, m.said, m.late.size() + m.disturbed, m.disturbed, m.stops, base, p50, p99,
      part(m.late, 1), p50 - base, p99 - base,
      static_cast<unsigned long long>(streamed.figures.frames_out),
      static_cast<unsigned long long>(streamed.figures.lost_out));
  // The last burst may be cut off by the end, and a stop of the machine may take one with it.
  const bool all = m.late.size() + 2 * m.disturbed + 1 >= m.said && 2 * m.disturbed <= m.said;
  return all && (options.most == 0 || p99 - base <= options.most);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seconds") options.seconds = std::atoi(argv[i + 1]);
    if (name == "--most") options.most = std::atof(argv[i + 1]);
    if (name == "--rate") options.rate = static_cast<uint32_t>(std::atoi(argv[i + 1]));
    if (name == "--again") options.again = std::atoi(argv[i + 1]);
  }
  World world;
  const Measured direct = measure_direct(world, options);
  for (int again = 0;; ++again) {
    const auto streamed = measure_streamed(world, options);
    if (!streamed) return 1;
    if (report(options, direct, *streamed)) return 0;
    // After a stop the far side's buffer waits longer for some seconds, as it should.
    if (again == options.again || streamed->measured.stops == 0) return 1;
  }
}
