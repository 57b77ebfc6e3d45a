#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "bench/codec_load.h"
#include "bench/rtpengine_process.h"
#include "bench/stream_meter.h"
#include "media/engine/packet_pool.h"
#include "media/transport/srtp_session.h"

namespace gw::bench {

// One call through rtpengine: a phone with plain PCMU, a user with Opus (or PCMU) in SRTP, keys by
// SDES, AEAD_AES_128_GCM. Both talk all the time and count what they hear. One thread.
class RtpengineCall {
 public:
  struct Setting {
    size_t number = 0;
    bool opus = true;
    const Speaker* speaker = nullptr;
    size_t position = 0;
  };

  RtpengineCall(const Setting& setting, Random& random, media::PacketPool& pool);
  ~RtpengineCall();
  RtpengineCall(const RtpengineCall&) = delete;
  RtpengineCall& operator=(const RtpengineCall&) = delete;

  Result<void> set_up(RtpengineProcess& rtpengine);

  void send_from_phone();
  void send_from_user();
  void read();

  StreamMeter& phone_to_user() { return phone_to_user_; }
  StreamMeter& user_to_phone() { return user_to_phone_; }

 private:
  // One end's socket and numbering.
  struct End {
    int fd = -1;
    uint16_t port = 0;
    uint32_t ssrc = 0, timestamp = 0;
    uint16_t sequence = 0;
  };
  void open(End& end, Random& random);
  static Result<void> aim(End& end, const media::wire::Sdp& sdp);
  void send(End& end, const Payload& payload, uint8_t type, uint32_t units, bool first,
            bool secure);

  const Setting setting_;
  media::PacketPool& pool_;
  SystemClock clock_;
  End phone_, user_;
  uint8_t user_type_ = 96;
  media::wire::SrtpMaster ours_;
  std::unique_ptr<media::SrtpSession> srtp_;
  StreamMeter phone_to_user_, user_to_phone_;
};

}  // namespace gw::bench
