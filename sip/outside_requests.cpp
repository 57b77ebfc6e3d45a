#include "sip/outside_requests.h"

#include <algorithm>
#include <utility>

#include "sip/sip_view.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr const char* kRegisterAllow = "Supported: path\r\n";

bool same_uri(const url_t& a, const std::string& b, su_home_t* home) {
  const url_t* other = url_make(home, b.c_str());
  return other && url_cmp(&a, other) == 0;
}

// What the registrar granted our Contact: its own parameter, else the Expires of the answer.
Duration granted(const sip_t& response, const std::string& contact, Duration asked) {
  const HomePtr home = make_home();
  const std::string uri = contact.substr(1, contact.size() - 2);
  for (const sip_contact_t* c = response.sip_contact; c; c = c->m_next) {
    if (!c->m_expires || !same_uri(c->m_url[0], uri, home.get())) continue;
    return std::chrono::seconds(std::strtoul(c->m_expires, nullptr, 10));
  }
  if (response.sip_expires) return std::chrono::seconds(response.sip_expires->ex_delta);
  return asked;
}

Enrolment enrolment_of(const sip_t* response, bool from_peer, const std::string& contact,
                       Duration asked) {
  Enrolment out;
  out.status = status_of(response, 0);
  if (!response || !from_peer) {
    out.status = out.status == 0 ? 503 : out.status;
    out.local = true;
    out.reason =
        out.status == 408 ? "the registrar did not answer" : "the registrar cannot be reached";
    return out;
  }
  if (response->sip_status->st_phrase) {
    out.reason = header_text(response->sip_status->st_phrase).substr(0, 128);
  }
  if (out.status < 300) out.expires = granted(*response, contact, asked);
  if (response->sip_min_expires) {
    out.min_expires = std::chrono::seconds(response->sip_min_expires->me_delta);
  }
  if (response->sip_retry_after) {
    out.retry_after =
        std::chrono::seconds(std::min<unsigned long>(response->sip_retry_after->af_delta, 86'400));
  }
  return out;
}

}  // namespace

bool OutsideRequests::open() {
  leg_.reset(nta_leg_tcreate(core_.agent.get(), nullptr, nullptr, NTATAG_NO_DIALOG(1), TAG_END()));
  return leg_ != nullptr;
}

void OutsideRequests::close() {
  for (auto& [id, request] : requests_) core_.loop.cancel(request.deadline);
  requests_.clear();
  leg_.reset();
}

OutsideRequests::Request& OutsideRequests::add() {
  const uint64_t id = ++last_id_;
  Request& request = requests_[id];
  request.owner = this;
  request.id = id;
  return request;
}

void OutsideRequests::options(const OutgoingOptions& options,
                              std::function<void(int status)> done) {
  const OwnerCall inside(core_);
  Request& request = add();
  const uint64_t id = request.id;
  request.read = [&request, done = std::move(done)](const sip_t* response) {
    const int none = request.silent ? 408 : 503;
    const int status = status_of(response, 0);
    return [done, status = status == 0 ? none : status] { done(status); };
  };
  const auto uri = request_uri(options.request_uri);
  const NextHop& hop = options.next_hop;
  const Listener* listener = core_.listeners.towards(hop.transport, hop.address, hop.network);
  if (!uri || !listener) return end(id, nullptr);
  const std::string host =
      options.own_host.empty() ? core_.listeners.host(*listener, hop.address) : options.own_host;
  const std::string from = "<sip:" + bracketed(host) + ">;tag=" + core_.random.hex(8);
  const std::string to = "<" + *uri + ">";
  const std::string contact = core_.listeners.contact(*listener, {}, hop.address, options.own_host);
  const std::string allow = allow_for(options.refer), call_id = core_.random.hex(16);
  request.transaction.reset(nta_outgoing_tcreate(
      leg_.get(),
      [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* response) {
        auto& waiting = *reinterpret_cast<Request*>(self);
        waiting.owner->on_response(waiting, response);
        return 0;
      },
      reinterpret_cast<nta_outgoing_magic_t*>(&request), URL_STRING_MAKE(route_of(hop).c_str()),
      SIP_METHOD_OPTIONS, URL_STRING_MAKE(uri->c_str()), TPTAG_IDENT(listener->ident.c_str()),
      SIPTAG_FROM_STR(from.c_str()), SIPTAG_TO_STR(to.c_str()), SIPTAG_CALL_ID_STR(call_id.c_str()),
      SIPTAG_CONTACT_STR(contact.c_str()), SIPTAG_ALLOW_STR(allow.c_str()),
      SIPTAG_ACCEPT_STR("application/sdp"), SIPTAG_USER_AGENT_STR(core_.user_agent.c_str()),
      TAG_END()));
  if (!request.transaction) return end(id, nullptr);
  request.deadline = core_.loop.after(options.deadline, [this, id, &request] {
    request.silent = true;
    end(id, nullptr);
  });
}

void OutsideRequests::enrol(const OutgoingRegister& enrolment,
                            std::function<void(const Enrolment&)> done) {
  const OwnerCall inside(core_);
  Request& request = add();
  const NextHop& hop = enrolment.next_hop;
  request.enrolment = enrolment;
  request.listener = core_.listeners.towards(hop.transport, hop.address, hop.network);
  const auto uri = request_uri(enrolment.request_uri);
  if (uri && request.listener) {
    request.uri = *uri;
    request.from = to_header(enrolment.address, core_.random.hex(8));
    request.to = to_header(enrolment.address);
    request.contact =
        core_.listeners.contact(*request.listener, enrolment.contact_user, hop.address);
    request.call_id = enrolment.call_id;
    request.auth.use(enrolment.credentials, core_.random);
    send_enrolment(request, {});
  }
  request.read = [&request, done = std::move(done),
                  asked = enrolment.expires](const sip_t* response) {
    const bool from_peer = came_from_peer(request.transaction.get());
    return [done, told = enrolment_of(response, from_peer, request.contact, asked)] { done(told); };
  };
  if (!request.transaction) end(request.id, nullptr);
}

// RFC 3261 10.2: one Call-ID for all REGISTERs of a registration; the CSeq is the leg's and rises.
void OutsideRequests::send_enrolment(Request& request, const std::string& auth) {
  const std::string lines = kRegisterAllow + auth;
  const std::string expires = std::to_string(to_ms(request.enrolment.expires) / 1000);
  request.transaction.reset(nta_outgoing_tcreate(
      leg_.get(),
      [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* response) {
        auto& waiting = *reinterpret_cast<Request*>(self);
        waiting.owner->on_response(waiting, response);
        return 0;
      },
      reinterpret_cast<nta_outgoing_magic_t*>(&request),
      URL_STRING_MAKE(route_of(request.enrolment.next_hop).c_str()), SIP_METHOD_REGISTER,
      URL_STRING_MAKE(request.uri.c_str()), TPTAG_IDENT(request.listener->ident.c_str()),
      SIPTAG_FROM_STR(request.from.c_str()), SIPTAG_TO_STR(request.to.c_str()),
      SIPTAG_CALL_ID_STR(request.call_id.c_str()), SIPTAG_CONTACT_STR(request.contact.c_str()),
      SIPTAG_EXPIRES_STR(expires.c_str()), SIPTAG_ALLOW_STR(kAllow),
      SIPTAG_USER_AGENT_STR(core_.user_agent.c_str()), SIPTAG_HEADER_STR(lines.c_str()),
      TAG_END()));
}

void OutsideRequests::on_response(Request& request, const sip_t* response) {
  const int status = status_of(response, 0);
  if (response && status < 200) return;
  if (status == 401 || status == 407) {
    if (const auto lines = request.auth.answer(*response, "REGISTER", request.uri)) {
      send_enrolment(request, *lines);
      if (request.transaction) return;
      return end(request.id, nullptr);
    }
  }
  if (status >= 200 && status < 300) keep_connection(request.transaction.get());
  end(request.id, response);
}

// The owner may ask again at once: it is told from the loop, when the transaction is gone.
void OutsideRequests::end(uint64_t id, const sip_t* response) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || !found->second.read) return;
  core_.loop.cancel(found->second.deadline);
  auto told = std::exchange(found->second.read, {})(response);
  core_.post([this, id, told = std::move(told)] {
    requests_.erase(id);
    told();
  });
}

}  // namespace gw::sip
