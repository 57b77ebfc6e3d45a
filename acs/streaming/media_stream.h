#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "acs/http/loop.h"
#include "acs/http/websocket_client.h"
#include "acs/streaming/paced_queue.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"

namespace gw::acs::streaming {

// The call's end of a stream, as the stream sees it. Asio thread; what is behind it is another's.
class CallSound {
 public:
  struct Said {
    PcmFrame frame;
    uint64_t participant = 0;  // Whose it is; 0 = everybody's, mixed.
  };

  virtual ~CallSound() = default;
  virtual int fd() const = 0;        // Readable when next() has something.
  virtual bool next(Said& out) = 0;  // What the call says, 20 ms; false: nothing more yet.
  virtual void play(std::span<const int16_t> pcm) = 0;  // At most 20 ms, to be heard now.
  virtual void stop_playing() = 0;  // What was played and not heard yet is not heard.
};

// Which end of a media stream we are.
enum class StreamRole {
  Service,  // ACS's: an application listens to a call of ours, and may speak in it.
  Client,   // The application's: our phone speaks in a call of ACS.
};

struct StreamSettings {
  StreamRole role = StreamRole::Service;
  std::string subscription_id;  // Service: named in the metadata.
  std::string own_id;           // Client, unmixed: sound of this participant is what we said.
  uint32_t rate = 16000;        // Or 24000; both ways.
  bool says = true;             // What the call says goes to the peer ...
  bool hears = true;            // ... and what the peer says to the call (enableBidirectional).
  bool keys = false;            // Service: DtmfData of the call's keys (enableDtmfTones).
  // How much of what an application says ahead of time is kept; the cloud speaks in real time, and
  // what it says is played as it comes.
  Duration most_waiting = 120s;
  // Service: how often a connection that broke is tried again, a second apart and then two, four.
  unsigned reconnections = 4;
};

// What became of a stream. Asio thread.
struct StreamEvents {
  std::function<void()> on_open;                      // Each time it is connected.
  std::function<void(uint16_t code)> on_interrupted;  // It broke; it is tried again.
  std::function<void(Result<void> why)> on_closed;    // Once, last; no error = as wished.
  std::function<void(char key, std::string participant)> on_key;
};

struct StreamFigures {
  uint64_t frames_in = 0, frames_out = 0;
  uint64_t refused = 0;   // Messages that are none.
  uint64_t lost_out = 0;  // Not sent: the peer does not read.
  uint64_t lost_in = 0;   // No room for what the application said.
  uint64_t left_out = 0;  // Its clock is fast, or ours.
};

// What the call says, on its way to the peer. It comes in real time: nothing may stand there for
// good. After a stall what is old is not worth saying: ACS would play it late for the rest of the
// call.
constexpr size_t kMostToSay = 5;  // Frames.
inline PacedQueue queue_to_peer(uint32_t rate) {
  return {rate, kMostToSay, /*comfortable=*/0};
}

// One media stream over WebSocket, either end of it: frames, pace, StopAudio, metadata first.
// Shared by who holds it and by what waits on the Asio thread; methods may be called from any
// thread, all work is done there. (ACS Call Automation, audio streaming.)
class MediaStream {
 public:
  static std::shared_ptr<MediaStream> create(StreamSettings settings,
                                             std::unique_ptr<CallSound> sound, StreamEvents events,
                                             http::Loop loop, const Clock& clock, Metrics& metrics,
                                             Log log);
  virtual ~MediaStream() = default;

  // We connect: as the service does. `client` must outlive the stream.
  virtual void dial(http::WebSocketClient& client, std::string url, http::Headers headers) = 0;
  // The peer has connected: as the service does to us. Asio thread. A second connection replaces
  // the first.
  virtual http::WebSocketHandler attach(std::shared_ptr<http::WebSocket> socket) = 0;

  virtual void press(char key, uint64_t participant) = 0;  // A key of the call's, for the peer.
  virtual void stop_audio() = 0;                           // Client: what ACS still has to play.
  virtual void name(uint64_t participant, std::string raw_id) = 0;
  virtual void pause(bool on) = 0;  // stop and startMediaStreaming: nothing is said meanwhile.
  virtual void close() = 0;         // on_closed follows.

  virtual StreamFigures figures() const = 0;  // Any thread.
};

}  // namespace gw::acs::streaming
