#pragma once

#include <string>
#include <vector>

#include "gateway/call/leg.h"

namespace gw::test {

// A call that only remembers what its leg tells it.
class LegWitness final : public LegObserver {
 public:
  void on_ringing(Leg&) override { told.push_back("ringing"); }
  void on_early_media(Leg&) override { told.push_back("early media"); }
  void on_delayed(Leg&, int status) override {
    told.push_back("delayed " + std::to_string(status));
  }
  void on_answered(Leg&) override { told.push_back("answered"); }
  void on_media_ready(Leg&) override { told.push_back("media ready"); }
  void on_hold(Leg&, bool on) override { told.push_back(on ? "hold" : "resume"); }
  void on_digits(Leg&, std::string_view digits, Duration, Duration) override {
    told.push_back("digits " + std::string(digits));
  }
  void on_transfer_wanted(Leg&, const TransferRequest& request) override {
    wanted = request;
    told.push_back("transfer to " + request.number);
  }
  void on_ended(Leg&, const policy::HangupCause& cause) override {
    told.push_back("ended " + std::string(policy::to_string(cause.cause)));
  }
  std::string last() const { return told.empty() ? "" : told.back(); }

  std::vector<std::string> told;
  TransferRequest wanted;
};

}  // namespace gw::test
