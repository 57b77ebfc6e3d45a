#include "gateway/call/call_stream.h"

#include <algorithm>
#include <utility>

#include "media/path/pcm_stream.h"

namespace gw {
namespace {

namespace streaming = acs::streaming;

// The call's sound as acs sees it: the frames of one library in the words of the other.
class PortSound final : public streaming::CallSound {
 public:
  explicit PortSound(std::shared_ptr<media::PcmStream> pcm) : pcm_(std::move(pcm)) {}

  int fd() const override { return pcm_->fd(); }
  bool next(Said& out) override {
    if (!pcm_->next_said(frame_)) return false;
    std::ranges::copy(frame_.pcm(), out.frame.samples.begin());
    out.frame.size = frame_.size;
    out.frame.silent = frame_.silent;
    out.participant = frame_.from.value;
    return true;
  }
  void play(std::span<const int16_t> pcm) override {
    frame_.size = std::min(pcm.size(), frame_.samples.size());
    std::ranges::copy(pcm.first(frame_.size), frame_.samples.begin());
    pcm_->hear(frame_);
  }
  void stop_playing() override { pcm_->flush(); }

 private:
  const std::shared_ptr<media::PcmStream> pcm_;
  media::PcmFrame frame_;
};

}  // namespace

struct CallStream::Door {
  CallStreamObserver* observer = nullptr;
};

CallStream::CallStream(Services& services, CallStreamObserver& observer, Log log, SessionId session,
                       Spec spec)
    : services_(services),
      observer_(observer),
      log_(std::move(log)),
      session_(session),
      spec_(std::move(spec)) {}

CallStream::~CallStream() {
  if (stream_) stream_->close();
  if (port_) services_.media.remove_port(port_);
}

Result<void> CallStream::open() {
  if (services_.web == nullptr)
    return fail(ErrorCode::Unavailable,
                "media streaming needs [edge] listen: nobody serves its WebSockets");
  auto pcm = std::make_shared<media::PcmStream>(spec_.stream.rate);
  auto port = services_.media.add_stream_port(
      session_, {spec_.stream.says, spec_.stream.hears, spec_.unmixed}, pcm);
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  door_ = std::make_shared<Door>(Door{&observer_});
  stream_ = streaming::MediaStream::create(
      spec_.stream, std::make_unique<PortSound>(std::move(pcm)), events(), services_.web->loop(),
      services_.clock, services_.metrics, log_);
  return {};
}

// Each event goes to the signalling thread, and finds us there or nobody.
streaming::StreamEvents CallStream::events() {
  const auto tell = [&loop = services_.loop, door = std::weak_ptr(door_)](auto what) {
    loop.post([door, what = std::move(what)] {
      if (const auto open = door.lock()) what(*open->observer);
    });
  };
  streaming::StreamEvents events;
  events.on_open = [tell] { tell([](CallStreamObserver& o) { o.on_stream_open(); }); };
  events.on_interrupted = [tell](uint16_t code) {
    tell([code](CallStreamObserver& o) { o.on_stream_interrupted(code); });
  };
  events.on_closed = [tell](const Result<void>& why) {
    if (why) return;  // As we wished.
    tell([error = why.error()](CallStreamObserver& o) { o.on_stream_closed(error); });
  };
  events.on_key = [tell](char key, std::string participant) {
    tell([key, participant = std::move(participant)](CallStreamObserver& o) {
      o.on_stream_key(key, participant);
    });
  };
  return events;
}

void CallStream::dial(std::string url, acs::http::Headers headers) {
  if (!stream_ || services_.websockets == nullptr) return;
  stream_->dial(*services_.websockets, std::move(url), std::move(headers));
}

void CallStream::press(char key, PortId from) {
  if (stream_) stream_->press(key, from.value);
}

void CallStream::receive_key(char key, Duration length) {
  if (port_) services_.media.receive_digit(port_, key, length);
}

void CallStream::name(PortId participant, std::string raw_id) {
  if (stream_) stream_->name(participant.value, std::move(raw_id));
}

void CallStream::hold(bool on) {
  if (port_) services_.media.set_held(port_, on);
}

streaming::StreamFigures CallStream::figures() const {
  return stream_ ? stream_->figures() : streaming::StreamFigures{};
}

}  // namespace gw
