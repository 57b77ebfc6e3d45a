#include "sip/registration.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

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

std::string instance_of(const sip_contact_t& contact) {
  static constexpr std::string_view kName = "+sip.instance=";
  for (auto param = contact.m_params; param && *param; ++param) {
    const std::string_view text = *param;
    if (text.size() < kName.size() || strncasecmp(text.data(), kName.data(), kName.size()) != 0)
      continue;
    return header_text(unquoted(*param + kName.size()));
  }
  return {};
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
  for (const sip_contact_t* c = sip.sip_contact; c; c = c->m_next) {
    if (c->m_url[0].url_type == url_any) {
      request.remove_all = true;
      continue;
    }
    if (!is_sip_uri(c->m_url[0]) || request.contacts.size() >= kMaxContacts) {
      parts.rejection = Rejection{400, "Bad Contact", "malformed", {}};
      return parts;
    }
    request.contacts.push_back({uri_of(c->m_url[0]), instance_of(*c), seconds(c->m_expires)});
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
