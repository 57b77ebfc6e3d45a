// REFER in a dialog, and what its sender is told of it (RFC 3515, RFC 3891, RFC 4488).
#include <strings.h>

#include "base/text.h"
#include "sip/invite_dialog.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr const char* kSipfrag = "message/sipfrag;version=2.0";

// RFC 3891 3: "?Replaces=call-id%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs" in the URI of Refer-To.
const sip_replaces_t* replaces_of(su_home_t* home, const url_t& url) {
  if (!url.url_headers) return nullptr;
  const char* headers = url_query_as_header_string(home, url.url_headers);
  static constexpr std::string_view kName = "replaces:";
  for (std::string_view rest = headers ? headers : ""; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (begins_with_letters(line, kName))
      return sip_replaces_make(home, line.c_str() + kName.size());
  }
  return nullptr;
}

}  // namespace

int InviteDialog::on_refer(nta_incoming_t* transaction, const sip_t& sip) {
  const sip_refer_to_t* to = sip.sip_refer_to;
  // One referral at a time (RFC 3515 2.4.2 has one Refer-To); before the answer there is no call to
  // hand on.
  if (!to || to->r_next) return reply(transaction, SIP_400_BAD_REQUEST);
  if (!is_sip_uri(to->r_url[0]) && to->r_url->url_type != url_tel)
    return reply(transaction, SIP_416_UNSUPPORTED_URI);
  if (state_ != State::Confirmed || refer_ || (referral_ && !referral_->told_all()))
    return reply(transaction, SIP_491_REQUEST_PENDING);
  if (!observer_) return reply(transaction, SIP_603_DECLINE);
  refer_.reset(transaction);
  tell([referral = referral_of(sip)](DialogObserver& o) { o.on_referred(referral); });
  return 0;
}

std::optional<uint64_t> InviteDialog::named_by(const SipCore& core,
                                               const sip_replaces_t& replaces) {
  const nta_leg_t* leg = nta_leg_by_replaces(core.agent.get(), &replaces);
  const nta_leg_magic_t* dialog = leg ? nta_leg_magic(leg, on_leg_request) : nullptr;
  if (!dialog) return std::nullopt;
  return reinterpret_cast<const InviteDialog*>(dialog)->id();
}

Referral InviteDialog::referral_of(const sip_t& refer) const {
  Referral referral;
  const url_t& url = refer.sip_refer_to->r_url[0];
  if (url.url_type == url_tel) {
    referral.target = user_of(url);
    referral.ours = true;
  } else {
    referral.target = user_of(url);
    referral.ours = !core_.is_ours || core_.is_ours(url);
  }
  const HomePtr home = make_home();
  if (const sip_replaces_t* replaces = replaces_of(home.get(), url)) {
    referral.replaces = true;
    referral.dialog = named_by(core_, *replaces).value_or(0);
  } else if (url.url_headers && strcasestr(url.url_headers, "replaces=")) {
    referral.replaces = true;  // One that cannot be read names no dialog.
  }
  if (refer.sip_referred_by && is_sip_uri(refer.sip_referred_by->b_url[0])) {
    referral.referred_by = "<" + uri_of(refer.sip_referred_by->b_url[0]) + ">";
  }
  return referral;
}

bool InviteDialog::accept_referral() {
  if (!refer_) return false;
  const MsgPtr message(nta_incoming_getrequest(refer_.get()));
  const sip_t* sip = sip_object(message.get());
  const sip_refer_sub_t* sub = sip ? sip_refer_sub(sip) : nullptr;
  const bool wanted = !sub || !sub->rs_value || strcasecmp(sub->rs_value, "false") != 0;
  nta_incoming_treply(refer_.get(), SIP_202_ACCEPTED, SIPTAG_CONTACT_STR(contact_.c_str()),
                      TAG_IF(!wanted, SIPTAG_HEADER_STR("Refer-Sub: false\r\n")), TAG_END());
  std::optional<uint32_t> id;
  if (++referrals_ > 1 && sip) id = sip->sip_cseq->cs_seq;
  refer_.reset();
  referral_.emplace(id, wanted);
  return notify_referral(100);
}

bool InviteDialog::refuse_referral(int status) {
  if (!refer_ || status < 400 || status > 699) return false;
  nta_incoming_treply(refer_.get(), status, nullptr, TAG_END());
  refer_.reset();
  return true;
}

bool InviteDialog::notify_referral(int status) {
  if (!referral_ || !referral_->tell(status)) return false;
  send_next_notify();
  finish_if_idle();
  return true;
}

void InviteDialog::owner_left() {
  if (referral_ && referral_->tell(503)) send_next_notify();
  finish_if_idle();
}

void InviteDialog::send_next_notify() {
  if (!referral_) return;
  const auto notify = referral_->next();
  if (!notify) return;
  notify_ =
      request(SIP_METHOD_NOTIFY,
              [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
                reinterpret_cast<InviteDialog*>(self)->on_notify_response(sip);
                return 0;
              },
              auth_.lines("NOTIFY", remote_target()) + notify->headers, {kSipfrag, notify->body});
  if (!notify_) referral_->answered(503);
}

void InviteDialog::on_notify_response(const sip_t* response) {
  const int status = response && response->sip_status ? response->sip_status->st_status : 408;
  if (status < 200) return;
  notify_.reset();
  referral_->answered(status);
  send_next_notify();
  if (!notify_ && bye_waits_ && state_ == State::Ending) send_bye();
  finish_if_idle();
}

}  // namespace gw::sip
