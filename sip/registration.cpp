#include "sip/registration.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/text.h"

namespace gw::sip {

namespace {

// RFC 3261 20.19: a value that cannot be read is as good as none.
std::optional<uint32_t> seconds(const char* text) {
  if (!text) return std::nullopt;
  uint32_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, value);
  if (error == std::errc::result_out_of_range) return UINT32_MAX;
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

constexpr size_t kMaxPath = 8;  // No honest edge has more proxies.
constexpr size_t kMaxPathUri = 512;
// RFC 5626 4.4: how often who keeps a flow open must be heard; NATs forget UDP sooner.
constexpr const char* kFlowTimer = "120";
constexpr const char* kFlowTimerUdp = "30";

// "+sip.instance=" -> its value, as it stands.
const char* param_of(const sip_contact_t& contact, std::string_view name) {
  for (auto param = contact.m_params; param && *param; ++param) {
    const std::string_view text = *param;
    if (!begins_with_letters(text, name)) continue;
    return *param + name.size();
  }
  return nullptr;
}

std::string instance_of(const sip_contact_t& contact) {
  const char* value = param_of(contact, "+sip.instance=");
  return value ? header_text(unquoted(value)) : std::string();
}

// RFC 3327 5.3: the proxies through which the phone is reached, in their order. False: not to be
// used.
bool read_path(const sip_t& sip, std::vector<std::string>& path) {
  for (const sip_path_t* p = sip.sip_path; p; p = p->r_next) {
    std::string uri = is_sip_uri(p->r_url[0]) ? uri_of(p->r_url[0]) : std::string();
    if (uri.empty() || uri.size() > kMaxPathUri || path.size() >= kMaxPath) return false;
    if (uri.find_first_of(" <>\"") != std::string::npos) return false;
    path.push_back(std::move(uri));
  }
  return true;
}

bool has_ob(const std::string& uri) {
  const size_t at = uri.find(";ob");
  return at != std::string::npos && (at + 3 == uri.size() || uri[at + 3] == ';');
}

std::string http_date(WallTime now) {
  const std::time_t seconds_now = unix_ms(now) / 1000;
  std::tm utc{};
  char text[64] = "";
  if (!gmtime_r(&seconds_now, &utc)) return {};
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text;
}

}  // namespace

RegisterParts register_parts_of(const sip_t& sip, const PhoneAccount& account,
                                const SocketAddress& source, Transport transport) {
  RegisterParts parts;
  Registrar::Request& request = parts.request;
  request.username = account.username;
  request.max_devices = account.max_devices;
  request.call_id = header_text(sip.sip_call_id->i_id);
  request.cseq = sip.sip_cseq->cs_seq;
  request.user_agent = user_agent_of(sip);
  request.source = source;
  request.transport = transport;
  if (sip.sip_expires) {
    request.expires =
        static_cast<uint32_t>(std::min<unsigned long>(sip.sip_expires->ex_delta, UINT32_MAX));
  }
  if (!read_path(sip, request.path)) {
    parts.rejection = Rejection{400, "Bad Path", "malformed", {}};
    return parts;
  }
  const bool flows = supports(sip, "outbound");
  bool outbound = false;
  for (const sip_contact_t* c = sip.sip_contact; c; c = c->m_next) {
    if (c->m_url[0].url_type == url_any) {
      request.remove_all = true;
      continue;
    }
    if (!is_sip_uri(c->m_url[0]) || request.contacts.size() >= kMaxContacts) {
      parts.rejection = Rejection{400, "Bad Contact", "malformed", {}};
      return parts;
    }
    // RFC 5626 6: reg-id counts only beside an instance, from who supports outbound.
    std::string instance = instance_of(*c);
    const uint32_t reg_id =
        flows && !instance.empty() ? seconds(param_of(*c, "reg-id=")).value_or(0) : 0;
    outbound |= reg_id != 0;
    request.contacts.push_back(
        {uri_of(c->m_url[0]), std::move(instance), seconds(c->m_expires), reg_id});
  }
  // A proxy between us that keeps no flows: nothing would come back by them.
  const bool proxied = sip.sip_via && sip.sip_via->v_next;
  if (outbound && proxied && (request.path.empty() || !has_ob(request.path.back()))) {
    parts.rejection = Rejection{439, "First Hop Lacks Outbound Support", "extension", {}};
    return parts;
  }
  if (outbound) {
    parts.answer += std::string("Require: outbound\r\nFlow-Timer: ") +
                    (transport == Transport::Udp ? kFlowTimerUdp : kFlowTimer) + "\r\n";
  }
  parts.answer += "Supported: path, outbound\r\n";
  // RFC 3327 5.3: told to who can make something of it; used all the same.
  if (supports(sip, "path")) {
    for (const std::string& uri : request.path) parts.answer += "Path: <" + uri + ">\r\n";
  }
  return parts;
}

std::string register_answer(const std::vector<Binding>& bindings, WallTime now) {
  std::string lines = "Date: " + http_date(now) + "\r\n";
  for (const Binding& binding : bindings) {
    const int64_t left =
        std::max<int64_t>(0, (unix_ms(binding.expires) - unix_ms(now) + 999) / 1000);
    lines += "Contact: <" + header_text(binding.contact_uri) + ">;expires=" + std::to_string(left);
    if (!binding.instance.empty()) {
      std::string quoted;
      for (const char c : binding.instance) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      lines += ";+sip.instance=\"" + header_text(quoted) + "\"";
    }
    if (binding.reg_id) lines += ";reg-id=" + std::to_string(binding.reg_id);
    lines += "\r\n";
  }
  return lines;
}

Rejection register_rejection(const Error& error, const Registrar::Limits& limits) {
  switch (error.code) {
    case ErrorCode::NotAcceptable:
      return {
          423, "Interval Too Brief", "expires",
          "Min-Expires: " +
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limits.min).count()) +
              "\r\n"};
    case ErrorCode::Exhausted: return {403, "Too Many Devices", "devices", {}};
    case ErrorCode::Conflict: return {500, "Old CSeq", "cseq", {}};
    default: return {400, "Bad Request", "malformed", {}};
  }
}

}  // namespace gw::sip
