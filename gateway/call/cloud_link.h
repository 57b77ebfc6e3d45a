#pragma once

#include <memory>
#include <string>

#include "acs/cloud/call_requests.h"
#include "acs/cloud/cloud_call.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "gateway/call/cloud_connection.h"

namespace gw {

// What becomes of a cloud leg's WebSocket. Signalling thread; never from inside a call of the
// leg's.
class CloudAudioObserver {
 public:
  virtual ~CloudAudioObserver() = default;
  virtual void on_audio(bool up) = 0;                  // Connected, also after a break; broken.
  virtual void on_audio_failed(const Error& why) = 0;  // It cannot be used at all.
  virtual void on_audio_key(char key) = 0;             // Pressed at the other end.
};

// A cloud leg's sound: a port of its call's session whose far end is the WebSocket that ACS opens
// to us. Owned by its leg; signalling thread.
class CloudAudio {
 public:
  virtual ~CloudAudio() = default;
  virtual PortId port() const = 0;
  virtual void receive_key(char key) = 0;  // For the call.
  virtual void hold(bool on) = 0;          // Silence both ways.
  virtual void move_to(SessionId session) = 0;
};

// What cloud legs need of the ACS resource. Implemented by the CloudHost; signalling thread.
class CloudLink {
 public:
  // A call of ours at ACS with addresses of its own, which nobody guesses.
  struct Line {
    std::string token;
    std::string own_id;  // Raw id as whom the leg talks; "" = the service's choice.
    CloudConnection* connection = nullptr;  // Valid until the line is released.
    std::string callback_uri;
    acs::cloud::MediaStreaming media;
  };

  virtual ~CloudLink() = default;

  virtual Line open(acs::cloud::CloudCall::Direction direction, const Log& log) = 0;
  // Its leg is gone. The connection stays until nothing of it can be left at the service.
  virtual void release(const std::string& token) = 0;
  // Its sound: what ACS's WebSocket of this line brings and takes.
  virtual Result<std::unique_ptr<CloudAudio>> open_audio(const Line& line, SessionId session,
                                                         CloudAudioObserver& observer,
                                                         const Log& log) = 0;

  // Whether a number is one of the resource's; yes as long as they could not be listed.
  virtual bool may_present(const std::string& number) const = 0;

  // A call that came in and becomes none of ours.
  virtual void reject(const std::string& incoming_call_context,
                      acs::cloud::RejectReason reason) = 0;
};

}  // namespace gw
