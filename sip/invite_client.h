#pragma once

#include <memory>
#include <string>

#include "sip/early_dialogs.h"
#include "sip/invite_dialog.h"

namespace gw::sip {

// An INVITE of ours: forks, challenges, CANCEL in every race, late answers.
class InviteClient final : public InviteDialog {
 public:
  // nullptr: it cannot be built.
  static InviteClient* send(SipCore& core, const OutgoingInvite& invite, const NameAddr& from,
                            const NameAddr& to, const Listener& listener);
  ~InviteClient() override;

  bool acknowledge(const std::string& sdp) override;
  const std::string& local_tag() const { return local_tag_; }

 private:
  InviteClient(SipCore& core, std::string sip_call_id)
      : InviteDialog(core, std::move(sip_call_id), true) {}

  bool send_invite(const std::string& auth);
  void leave(const Reason& reason) override;
  void left_early(const Reason& reason) override;
  bool invite_pending() const override { return invite_ != nullptr; }

  void on_response(const sip_t* response);
  void on_silence();
  void on_progress(const sip_t& response, int status);
  void on_answer(const sip_t& response);
  void on_refusal(const sip_t* response, int status);
  bool acknowledge_answer(const std::string& sdp);
  void follow(const sip_t& response);
  LegPtr leg_to(const sip_t& response);  // A dialog of one fork.
  void send_prack(EarlyDialogs::Fork& fork, const sip_t& response);
  void await_final(Duration patience);  // Timer C; after a CANCEL 64*T1.
  void on_no_final();

  OutgoingPtr invite_;
  std::string local_tag_, request_uri_, first_route_;
  std::string header_lines_, sdp_;  // Sent again with credentials after a 401 or 407.
  std::string sent_auth_;
  EarlyDialogs forks_;
  std::string session_wish_;
  unsigned session_retries_ = 0;
  TimerId final_due_;
  uint32_t cseq_ = 0;  // Of the INVITE that was answered: its ACK has the same.
  std::string branch_;
  TimerId silence_;  // Until the first response.
};

}  // namespace gw::sip
