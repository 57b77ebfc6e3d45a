#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "bench/codec_load.h"
#include "bench/stream_meter.h"
#include "media/transport/dtls.h"
#include "tests/unit/support/webrtc_client.h"

namespace gw::bench {

// The sound of one call at both of its ends: a phone with plain RTP and a user with WebRTC, both
// talking all the time, both counting what they hear. Owned by the Load; its thread.
class LoadCall {
 public:
  struct Setting {
    bool opus = true;  // What the user talks; else PCMU.
    const Speaker* speaker = nullptr;
    size_t position = 0;  // Where in the speech it begins.
  };

  LoadCall(const media::DtlsContext& dtls, Random& random, const Setting& setting);
  ~LoadCall();
  LoadCall(const LoadCall&) = delete;
  LoadCall& operator=(const LoadCall&) = delete;

  std::string phone_offer() const;
  bool take_phone_answer(std::string_view sdp);  // False: no address in it.
  std::string user_offer() { return user_.offer(); }
  bool take_user_answer(std::string_view sdp, TimePoint now);

  // Both ends are answered and the user's DTLS is up.
  bool talking() const { return phone_answered_ && user_.connected(); }
  bool broken() const { return user_.failed(); }

  void send_from_phone();
  void send_from_user(TimePoint now);
  void on_phone_readable();
  void on_user_readable(TimePoint now) { user_.poll(now); }  // Also runs ICE's and DTLS's timers.

  int phone_fd() const { return phone_fd_; }
  int user_fd() const { return user_.fd(); }

  void prepare(double seconds);
  void open_window();
  void close_window();
  const StreamMeter& phone_to_user() const { return phone_to_user_; }
  const StreamMeter& user_to_phone() const { return user_to_phone_; }

 private:
  const Setting setting_;
  SystemClock clock_;
  test::WebRtcClient user_;
  StreamMeter phone_to_user_, user_to_phone_;

  int phone_fd_ = -1;
  uint16_t phone_port_ = 0;
  bool phone_answered_ = false;
  uint32_t ssrc_ = 0, timestamp_ = 0;
  uint16_t sequence_ = 0;
};

}  // namespace gw::bench
