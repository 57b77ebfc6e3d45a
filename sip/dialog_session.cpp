// The session timer of a dialog (RFC 4028): who is gone without a BYE is noticed.
#include "sip/invite_dialog.h"

namespace gw::sip {

void InviteDialog::session_asked(const sip_t& request) {
  session_ = session_timer_of(request);
}

void InviteDialog::session_refreshed() {
  if (session_due_) core_.loop.cancel(session_due_);
  session_due_ = {};
  if (!session_) return;
  session_due_ = core_.loop.after(session_->due(), [dialogs = &core_.dialogs, id = id_] {
    if (InviteDialog* dialog = dialogs->find(id)) dialog->on_session_timer();
  });
}

void InviteDialog::on_session_timer() {
  session_due_ = {};
  if (state_ != State::Confirmed || !session_) return;
  if (!session_->we_refresh) {
    core_.log.info("session expired without a refresh", {{"sip_call_id", sip_call_id_}});
    return lost();
  }
  // UPDATE without SDP: nothing about the media changes.
  refresh_ = request(
      SIP_METHOD_UPDATE,
      [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
        reinterpret_cast<InviteDialog*>(self)->on_refreshed(sip);
        return 0;
      },
      auth_.lines("UPDATE", remote_target()) + session_->request_lines());
}

void InviteDialog::on_refreshed(const sip_t* response) {
  const int status = response && response->sip_status ? response->sip_status->st_status : 408;
  if (status < 200) return;
  refresh_.reset();
  if (state_ != State::Confirmed) return;
  if (status == 408 || status == 481) return lost();
  session_refreshed();
}

}  // namespace gw::sip
