#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sofia-sip/nta.h>

#include "sip/invite_dialog.h"

namespace gw::sip {

// An INVITE that came in: provisional answers, the 200 and its ACK, CANCEL in every race.
class InviteServer final : public InviteDialog {
 public:
  struct Arrival {
    const Listener* listener = nullptr;
    SocketAddress source;
    Transport transport = Transport::Udp;
    bool from_phone = false;
    std::string own_host;  // In Contact; empty = our address.
    bool refer = true;     // Allow names it.
  };

  // Takes the message, sends 100. nullptr: no dialog can be made of it, the message is still the
  // caller's.
  static InviteServer* accept(SipCore& core, MsgPtr& message, const Arrival& arrival);
  ~InviteServer() override;

  bool progress(int status, const std::optional<std::string>& sdp) override;
  bool answer(const std::string& sdp) override;
  bool refuse(int status, std::string_view phrase, const Reason& reason,
              const std::vector<std::pair<std::string, std::string>>& headers) override;

 private:
  InviteServer(SipCore& core, std::string sip_call_id)
      : InviteDialog(core, std::move(sip_call_id), false) {}

  void leave(const Reason& reason) override;
  void left_early(const Reason& reason) override;
  bool invite_pending() const override { return invite_ != nullptr; }
  void on_acknowledged(const sip_t* ack_or_cancel);
  bool progress_reliably(int status, const std::string& sdp);
  int on_prack(nta_reliable_t* response, nta_incoming_t* prack, const sip_t* sip);
  void forget_reliable();

  IncomingPtr invite_;
  bool late_offer_ = false;  // No SDP in the INVITE: our 200 carries the offer.
  // RFC 3262: sent reliably are all that the caller requires to be, and what carries SDP when it
  // can.
  bool reliable_wanted_ = false, reliable_possible_ = false;
  std::vector<nta_reliable_t*> unacknowledged_;  // Sofia's, which calls us until we destroy them.
  bool prack_missing_ = false;
  Reason leaving_;  // The owner left between 200 and ACK: said in the BYE.
};

}  // namespace gw::sip
