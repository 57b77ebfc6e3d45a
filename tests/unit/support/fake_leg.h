#pragma once

#include <string>
#include <vector>

#include "gateway/call/leg.h"

namespace gw::test {

// A party that does what the test says, and remembers what the call told it.
class FakeLeg final : public Leg {
 public:
  FakeLeg(policy::Party party, PortId port, LegObserver& call)
      : party_(std::move(party)), port_(port), call_(&call) {}

  const policy::Party& party() const override { return party_; }
  std::string_view kind() const override { return "fake"; }
  policy::Far far() const override {
    return party_.kind == policy::PartyKind::User ? policy::Far::User : policy::Far::Phone;
  }
  Result<void> start() override {
    if (start_error) return tl::unexpected(*start_error);
    told.push_back("start");
    return {};
  }
  void ring(bool, const std::vector<media::Codec>&) override { told.push_back("ring"); }
  void early_media(const std::vector<media::Codec>&) override { told.push_back("early_media"); }
  void delay(int status) override { told.push_back("delay " + std::to_string(status)); }
  Result<void> answer(const std::vector<media::Codec>&) override {
    told.push_back("answer");
    return {};
  }
  void connected() override { told.push_back("connected"); }
  void set_remote_hold(bool on) override { told.push_back(on ? "held" : "resumed"); }
  void on_transfer(TransferStep step, const policy::HangupCause& cause) override {
    static constexpr const char* kNames[] = {"trying", "ringing", "done", "failed"};
    told.push_back(
        "transfer " + std::string(kNames[static_cast<int>(step)]) +
        (step == TransferStep::Failed ? " " + std::string(policy::to_string(cause.cause)) : ""));
  }
  void meet(const PartyName& other) override { told.push_back("meets " + other.raw_id); }
  void show_others(const std::vector<OtherParty>& all) override { others = all; }
  void end(const policy::HangupCause& cause, bool) override {
    if (ended) return;
    ended = true;
    told.push_back("end " + std::string(policy::to_string(cause.cause)));
  }
  PortId port() const override { return port_; }
  std::vector<PortId> ports() const override { return {port_}; }
  bool owns(PortId port) const override { return port == port_; }
  std::vector<media::Codec> codecs() const override { return {media::Codec::Pcmu}; }
  void on_media(const media::MediaEvent&) override {}
  void move_to(LegObserver& call, SessionId session) override {
    call_ = &call;
    told.push_back("moved to session " + std::to_string(session.value));
  }
  bool locally_held() const override { return held; }
  bool media_ready() const override { return ready; }
  bool wants_hold_music() const override { return wants_music; }
  bool brings_hold_music() const override { return brings_music; }

  // What the party does.
  void rings() { call_->on_ringing(*this); }
  void is_delayed(int status) { call_->on_delayed(*this, status); }
  void sends_early_media() { call_->on_early_media(*this); }
  void answers() { call_->on_answered(*this); }
  void media_comes_up() {
    ready = true;
    call_->on_media_ready(*this);
  }
  void holds(bool on) {
    held = on;
    call_->on_hold(*this, on);
  }
  void dials(std::string_view digits) { call_->on_digits(*this, digits, 100ms, 80ms); }
  void ends(policy::Cause cause, int status = 0) {
    ended = true;
    call_->on_ended(*this, {cause, status, 0, ""});
  }
  bool was_told(std::string_view what) const {
    for (const std::string& t : told) {
      if (t == what) return true;
    }
    return false;
  }

  std::vector<OtherParty> others;
  bool ready = true;
  bool ended = false;
  bool held = false;
  bool wants_music = true, brings_music = false;
  std::optional<Error> start_error;
  std::vector<std::string> told;

 private:
  const policy::Party party_;
  const PortId port_;
  LegObserver* call_;
};

}  // namespace gw::test
