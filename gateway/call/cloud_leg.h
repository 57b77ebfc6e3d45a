#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "acs/cloud/incoming_call.h"
#include "base/log.h"
#include "gateway/call/cloud_link.h"
#include "gateway/call/leg.h"
#include "gateway/call/services.h"

namespace gw {

// An ACS user in Azure, or a telephone number behind the ACS resource, in a call: Call Automation
// carries its signalling, a WebSocket its sound. Hold is not known there: who is held hears
// silence. Owned by its Call; signalling thread.
class CloudLeg final : public Leg, public CloudConnectionObserver, public CloudAudioObserver {
 public:
  // A party that we call.
  struct Outgoing {
    std::string target;  // Raw id: "8:acs:...", "4:+1425..."
    std::string source;  // The calling phone's identity; empty = none of its own.
    std::string source_display_name;
    std::string source_number;  // Toward numbers.
  };
  CloudLeg(Services& services, LegObserver& call, Log log, policy::Party party, Outgoing outgoing,
           SessionId session);
  // A party that called us; the port is opened by prepare().
  CloudLeg(Services& services, LegObserver& call, Log log, policy::Party party,
           acs::cloud::IncomingCall incoming, SessionId session);
  ~CloudLeg() override;

  Result<void> prepare();

  // The other end is given to another identity or number; the leg ends when ACS took it. `done`,
  // once: taken, refused, or nothing known yet after `wait`, which is no failure.
  static constexpr Duration kTransferWait = 5s;
  using TransferDone = std::function<void(Result<void>)>;
  void transfer(const std::string& target, const std::string& source_number, TransferDone done,
                Duration wait = kTransferWait);
  bool reaches_number() const;  // Its party is a telephone number: "4:".

  const policy::Party& party() const override { return party_; }
  std::string_view kind() const override { return "cloud"; }
  policy::Far far() const override { return policy::Far::User; }
  Result<void> start() override;
  void ring(bool, const std::vector<media::Codec>&) override {}  // ACS rings by itself.
  void early_media(const std::vector<media::Codec>&) override {}
  Result<void> answer(const std::vector<media::Codec>& codecs_first) override;
  void connected() override {}
  void set_remote_hold(bool on) override;
  void end(const policy::HangupCause& cause, bool by_remote) override;
  PortId port() const override { return audio_ ? audio_->port() : PortId{}; }
  std::vector<PortId> ports() const override;
  bool owns(PortId port) const override { return audio_ && port == audio_->port(); }
  // 16 kHz, so that nothing is lost.
  std::vector<media::Codec> codecs() const override { return {media::Codec::G722}; }
  void on_media(const media::MediaEvent& event) override;
  void move_to(LegObserver& call, SessionId session) override;
  bool locally_held() const override { return false; }
  bool media_ready() const override { return media_up_; }

 private:
  // CloudConnectionObserver
  void on_cloud_ringing() override;
  void on_cloud_connected() override;
  void on_cloud_media(bool up) override;
  void on_cloud_transfer(const Result<void>& taken) override;
  void on_cloud_ended(const policy::HangupCause& cause) override;

  // CloudAudioObserver
  void on_audio(bool up) override;
  void on_audio_failed(const Error& why) override;
  void on_audio_key(char key) override;

  Result<void> open(acs::cloud::CloudCall::Direction direction);
  void wait_for_media(policy::Cause otherwise, Duration at_most);
  void give_up(const policy::HangupCause& cause);
  void on_rang_out();
  void tell_transferor(const Result<void>& outcome);
  void on_transfer_wait() { tell_transferor({}); }
  void finish(const policy::HangupCause& cause);  // Tells the Call, once.
  void arm(TimerId& timer, Duration delay, void (CloudLeg::*then)());
  void on_no_media();

  // Given to us.
  Services& services_;
  LegObserver* call_;
  const Log log_;
  const policy::Party party_;
  const std::optional<Outgoing> outgoing_;
  const std::optional<acs::cloud::IncomingCall> incoming_;
  SessionId session_;

  // Owned by us.
  CloudLink::Line line_;
  std::unique_ptr<CloudAudio> audio_;
  TimerId ring_timer_, media_timer_, transfer_timer_;

  // State.
  TimePoint rings_until_{};
  bool answered_ = false;  // Either side has.
  bool media_up_ = false;
  bool ended_ = false;
  TransferDone transfer_done_;
  policy::Cause without_media_ = policy::Cause::MediaNeverConnected;
};

}  // namespace gw
