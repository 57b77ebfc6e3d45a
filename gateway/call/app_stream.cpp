#include "gateway/call/app_stream.h"

#include <utility>

#include "gateway/call/call.h"

namespace gw {

using acs::events::ResultInformation;

Result<void> AppStream::start(Call& call, const Tag& tag) {
  tag_ = tag;
  was_open_ = false;
  if (!needs_.services.websockets) {
    return fail(ErrorCode::Unavailable, "no WebSocket can be opened");
  }
  CallStream::Spec spec;
  spec.stream.subscription_id = facts_.subscription_id;
  spec.stream.rate = facts_.wanted.rate;
  spec.stream.hears = facts_.wanted.bidirectional;
  spec.stream.keys = facts_.wanted.dtmf;
  spec.unmixed = !facts_.wanted.mixed;
  CallStreamObserver& observer = *this;
  auto stream =
      std::make_unique<CallStream>(needs_.services, observer, call.log().with({{"leg", "app"}}),
                                   call.session(), std::move(spec));
  if (auto opened = stream->open(); !opened) return opened;
  stream_ = std::move(stream);
  call_ = &call;
  call.attach(stream_->port());
  stream_->dial(facts_.wanted.url, {{"x-ms-call-connection-id", facts_.connection_id},
                                    {"x-ms-call-correlation-id", facts_.correlation_id},
                                    {"Authorization", "Bearer " + needs_.token()}});
  return {};
}

void AppStream::start_with_call(Call& call, const Tag& tag) {
  if (!facts_.wanted.start) return;
  const auto started = start(call, tag);
  if (!started) on_stream_closed(started.error());
}

void AppStream::stop() {
  if (!stream_) return;
  call_->detach(stream_->port());
  stream_.reset();
  call_ = nullptr;
}

void AppStream::move_to(Call& call) {
  if (!stream_) return;
  call_ = &call;
  stream_->move_to(call.session());
}

void AppStream::tell_stopped(const Tag& tag) {
  tag_ = tag;
  tell("MediaStreamingStopped", "mediaStreamingStopped", "subscriptionStopped",
       {200, 0, "Action completed successfully."});
}

void AppStream::tell(std::string type, std::string status, std::string details,
                     ResultInformation result) {
  needs_.tell(std::move(type), tag_, std::move(result),
              {{"mediaStreamingUpdate",
                {{"contentType", "Audio"},
                 {"mediaStreamingStatus", std::move(status)},
                 {"mediaStreamingStatusDetails", std::move(details)}}}});
}

void AppStream::on_stream_open() {
  const bool again = std::exchange(was_open_, true);
  tell("MediaStreamingStarted", "mediaStreamingStarted",
       again ? "streamConnectionReestablished" : "subscriptionStarted",
       {200, 0, "Action completed successfully."});
}

void AppStream::on_stream_closed(const Error& why) {
  tell("MediaStreamingFailed", "mediaStreamingFailed",
       was_open_ ? "streamConnectionInterrupted" : "initialWebSocketConnectionFailed",
       {400, 8581,
        "Transport url is not valid or web socket server is not operational: " + why.detail});
  // Not from inside the stream that says so.
  needs_.services.loop.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) stop();
  });
}

}  // namespace gw
