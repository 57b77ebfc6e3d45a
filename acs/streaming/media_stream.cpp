#include "acs/streaming/media_stream.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "acs/streaming/participant_mix.h"
#include "acs/streaming/stream_frame.h"

namespace gw::acs::streaming {
namespace asio = boost::asio;
using boost::system::error_code;
namespace {

constexpr size_t kMaxParticipants = 64;
// A peer that does not read: this much is on its way, or stuck.
constexpr size_t kMostUnsent = 64 * 1024;
constexpr Duration kFirstRetry = 1s;

class Stream final : public MediaStream, public std::enable_shared_from_this<Stream> {
 public:
  Stream(StreamSettings settings, std::unique_ptr<CallSound> sound, StreamEvents events,
         http::Loop loop, const Clock& clock, Metrics& metrics, Log log)
      : settings_(std::move(settings)),
        sound_(std::move(sound)),
        events_(std::move(events)),
        inbox_(loop.inbox),
        clock_(clock),
        log_(std::move(log)),
        wires_(std::in_place, loop.io),
        to_call_(settings_.rate,
                 static_cast<size_t>(std::max<Duration>(settings_.most_waiting, 20ms) / 20ms)),
        frames_in_metric_(metrics.counter(
            "gw_stream_frames_total", "Frames of media streams, by direction", {{"dir", "in"}})),
        frames_out_metric_(metrics.counter(
            "gw_stream_frames_total", "Frames of media streams, by direction", {{"dir", "out"}})),
        refused_metric_(metrics.counter("gw_stream_refused_total",
                                        "Messages of media streams that are none")) {}

  void begin() {
    run([](Stream& s) {
      s.wires_->fd.assign(::dup(s.sound_->fd()));
      s.await_sound();
    });
  }

  void dial(http::WebSocketClient& client, std::string url, http::Headers headers) override {
    run([&client, url = std::move(url), headers = std::move(headers)](Stream& s) mutable {
      s.dialling_ = Dialling{&client, std::move(url), std::move(headers)};
      s.connect();
    });
  }

  http::WebSocketHandler attach(std::shared_ptr<http::WebSocket> socket) override {
    if (ended_) {
      socket->close(1000, "the call is over");
      return {};
    }
    if (socket_) socket_->close(1000, "another connection took its place");
    const uint64_t turn = ++turn_;
    opened(std::move(socket));
    return handler(turn);
  }

  void press(char key, uint64_t participant) override {
    run([key, participant](Stream& s) {
      if (!s.settings_.keys || s.settings_.role != StreamRole::Service || !s.socket_) return;
      s.socket_->send_text(write_dtmf(key, s.raw_id(participant), iso8601(s.clock_.wall())));
    });
  }
  void stop_audio() override {
    run([](Stream& s) {
      s.to_peer_.clear();
      if (s.settings_.role == StreamRole::Client && s.socket_) {
        s.socket_->send_text(write_stop_audio());
      }
    });
  }
  void name(uint64_t participant, std::string raw_id) override {
    run([participant, raw_id = std::move(raw_id)](Stream& s) mutable {
      if (s.names_.size() < kMaxParticipants) s.names_[participant] = std::move(raw_id);
    });
  }
  void pause(bool on) override {
    run([on](Stream& s) {
      s.paused_ = on;
      s.to_peer_.clear();
    });
  }
  void close() override {
    run([](Stream& s) { s.finish({}); });
  }

  StreamFigures figures() const override {
    return {frames_in_, frames_out_, refused_, lost_out_, lost_in_, left_out_};
  }

 private:
  struct Wires {
    explicit Wires(asio::io_context& io) : fd(io), pace(io), retry(io) {}
    asio::posix::stream_descriptor fd;  // A copy of the sound's.
    asio::steady_timer pace, retry;
  };
  struct Dialling {
    http::WebSocketClient* client = nullptr;
    std::string url;
    http::Headers headers;
  };

  template <class F>
  void run(F&& what) {
    inbox_->run([self = shared_from_this(), what = std::forward<F>(what)]() mutable {
      if (!self->ended_) what(*self);
    });
  }

  TimePoint now() const { return clock_.now(); }
  bool service() const { return settings_.role == StreamRole::Service; }
  std::string raw_id(uint64_t participant) const {
    const auto found = names_.find(participant);
    return found == names_.end() ? std::string{} : found->second;
  }

  // ---- The connection ----

  void connect() {
    http::WebSocketRequest request;
    request.url = dialling_->url;
    request.headers = dialling_->headers;
    request.text = true;
    request.max_message = kMaxStreamMessage;
    const uint64_t turn = ++turn_;
    const std::weak_ptr<Stream> weak = weak_from_this();
    dialling_->client->open(
        std::move(request),
        [weak, turn](Result<std::shared_ptr<http::WebSocket>> socket) {
          const auto self = weak.lock();
          if (!self || self->ended_ || turn != self->turn_) {
            if (socket) (*socket)->close(1000, "");
            return;
          }
          if (!socket) return self->broken(1006, socket.error());
          self->opened(std::move(*socket));
        },
        handler(turn));
  }

  void opened(std::shared_ptr<http::WebSocket> socket) {
    socket_ = std::move(socket);
    failures_ = 0;
    to_peer_.clear();
    mix_.clear();
    if (service()) {
      AudioMetadata metadata;
      metadata.subscription_id = settings_.subscription_id;
      metadata.sample_rate = settings_.rate;
      metadata.length = settings_.rate / 25;
      socket_->send_text(write_metadata(metadata));
    }
    if (events_.on_open) events_.on_open();
  }

  // What an earlier connection still says is not this one's.
  http::WebSocketHandler handler(uint64_t turn) {
    const std::weak_ptr<Stream> weak = weak_from_this();
    http::WebSocketHandler handler;
    handler.on_message = [weak, turn](std::string_view message) {
      const auto self = weak.lock();
      if (self && !self->ended_ && turn == self->turn_) self->receive(message);
    };
    handler.on_close = [weak, turn](uint16_t code) {
      const auto self = weak.lock();
      if (!self || self->ended_ || turn != self->turn_) return;
      self->broken(code, {ErrorCode::Unavailable,
                          "the media stream was closed with " + std::to_string(code)});
    };
    return handler;
  }

  void broken(uint16_t code, Error why) {
    socket_.reset();
    if (!dialling_) {
      // The peer connects again, or its owner ends us.
      if (events_.on_interrupted) events_.on_interrupted(code);
      return;
    }
    if (failures_ >= settings_.reconnections) return finish(tl::unexpected(std::move(why)));
    if (events_.on_interrupted) events_.on_interrupted(code);
    wires_->retry.expires_after(kFirstRetry * (1 << failures_++));
    wires_->retry.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!error && self && !self->ended_) self->connect();
    });
  }

  void finish(Result<void> why) {
    if (std::exchange(ended_, true)) return;
    if (socket_) socket_->close(1000, "");
    socket_.reset();
    wires_.reset();
    const StreamEvents events = std::exchange(events_, {});
    if (events.on_closed) events.on_closed(std::move(why));
  }

  // ---- From the peer ----

  void receive(std::string_view message) {
    auto frame = parse_frame(message);
    if (!frame) {
      ++refused_;
      refused_metric_.Increment();
      return;
    }
    std::visit([this](auto& f) { take(f); }, *frame);
  }

  void take(AudioMetadata& metadata) {
    if (metadata.sample_rate == settings_.rate && metadata.channels == 1) return;
    log_.warn("media stream has another format than was asked for",
              {{"rate", metadata.sample_rate}, {"channels", metadata.channels}});
    finish(fail(ErrorCode::Protocol, "the media stream's sample rate is another than asked for"));
  }
  void take(AudioData& audio) {
    ++frames_in_;
    frames_in_metric_.Increment();
    if (!settings_.hears || paused_) return;
    if (!service()) return hear(audio);
    to_call_.push(audio.pcm, now());
    lost_in_ = to_call_.lost();
    keep_pace();
  }
  void take(StopAudio&) {
    to_call_.clear();
    sound_->stop_playing();
  }
  void take(DtmfData& key) {
    if (events_.on_key) events_.on_key(key.key, std::move(key.participant));
  }
  void take(OtherFrame&) {}

  // Mixed there is one voice, unmixed there are several, and perhaps our own among them.
  void hear(const AudioData& audio) {
    if (audio.participant.empty()) return play(audio.pcm);
    if (audio.participant != settings_.own_id) mix_.hear(audio.participant, audio.pcm);
  }

  void play(std::span<const int16_t> pcm) {
    const size_t frame = settings_.rate / 50;
    while (!pcm.empty()) {
      const size_t take = std::min(pcm.size(), frame);
      sound_->play(pcm.first(take));
      pcm = pcm.subspan(take);
    }
  }

  // ---- To the peer ----

  void await_sound() {
    if (!wires_) return;
    wires_->fd.async_wait(asio::posix::stream_descriptor::wait_read,
                          [weak = weak_from_this()](error_code error) {
                            const auto self = weak.lock();
                            if (error || !self || self->ended_) return;
                            self->take_sound();
                            self->await_sound();
                          });
  }

  void take_sound() {
    CallSound::Said said;
    while (sound_->next(said)) {
      if (!settings_.says || paused_ || !socket_) continue;
      auto queue = to_peer_.find(said.participant);
      if (queue == to_peer_.end()) {
        if (to_peer_.size() >= kMaxParticipants) to_peer_.clear();
        queue = to_peer_.try_emplace(said.participant, queue_to_peer(settings_.rate)).first;
      }
      queue->second.push(said.frame.pcm(), now());
    }
    keep_pace();
  }

  // Everything that is due goes; the timer comes back for the rest.
  void keep_pace() {
    const TimePoint at = now();
    PcmFrame frame;
    std::optional<TimePoint> next;
    const auto later = [&](std::optional<TimePoint> due) {
      if (due) next = std::min(next.value_or(*due), *due);
    };
    while (to_call_.pull(frame, at)) sound_->play(frame.pcm());
    left_out_ = to_call_.left_out();
    later(to_call_.due());
    for (auto& [participant, queue] : to_peer_) {
      while (queue.pull(frame, at)) say(frame, participant);
      later(queue.due());
    }
    if (!next || !wires_) return;
    wires_->pace.expires_after(std::max<Duration>(*next - at, Duration{0}));
    wires_->pace.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!error && self && !self->ended_) self->keep_pace();
    });
  }

  void say(const PcmFrame& frame, uint64_t participant) {
    if (!socket_) return;
    if (socket_->unsent() > kMostUnsent) {
      ++lost_out_;
      return;
    }
    ++frames_out_;
    frames_out_metric_.Increment();
    if (!service()) return socket_->send_text(write_client_audio(frame.pcm(), frame.silent));
    const std::string who = raw_id(participant), when = iso8601(clock_.wall());
    socket_->send_text(write_service_audio({frame.pcm(), who, when, frame.silent}));
  }

  const StreamSettings settings_;
  const std::unique_ptr<CallSound> sound_;
  StreamEvents events_;
  const std::shared_ptr<http::Inbox> inbox_;
  const Clock& clock_;
  const Log log_;

  std::optional<Wires> wires_;  // Gone with the stream's end: they must not outlive the loop.
  std::optional<Dialling> dialling_;
  std::shared_ptr<http::WebSocket> socket_;
  uint64_t turn_ = 0;  // Of connections.
  unsigned failures_ = 0;
  bool paused_ = false, ended_ = false;

  PacedQueue to_call_;
  ParticipantMix mix_{[this](std::span<const int16_t> pcm) { play(pcm); }};
  std::map<uint64_t, PacedQueue> to_peer_;
  std::map<uint64_t, std::string> names_;

  Counter& frames_in_metric_;
  Counter& frames_out_metric_;
  Counter& refused_metric_;
  std::atomic<uint64_t> frames_in_{0}, frames_out_{0}, refused_{0}, lost_out_{0}, lost_in_{0},
      left_out_{0};
};

}  // namespace

std::shared_ptr<MediaStream> MediaStream::create(StreamSettings settings,
                                                 std::unique_ptr<CallSound> sound,
                                                 StreamEvents events, http::Loop loop,
                                                 const Clock& clock, Metrics& metrics, Log log) {
  auto stream = std::make_shared<Stream>(std::move(settings), std::move(sound), std::move(events),
                                         loop, clock, metrics, std::move(log));
  stream->begin();
  return stream;
}

}  // namespace gw::acs::streaming
