#include "sip/identity_headers.h"

#include <strings.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "sip/sip_view.h"
#include "sip/sofia_ptr.h"

namespace gw::sip {

namespace {

constexpr size_t kMaxEntries = 2 * kMaxDiverted;

// RFC 4458 2: why a call was sent on, as the cause of a History-Info entry.
struct ReasonCause {
  const char* reason;
  const char* cause;
};
constexpr ReasonCause kReasons[] = {{"unconditional", "302"}, {"user-busy", "486"},
                                    {"no-answer", "408"},     {"deflection", "480"},
                                    {"unavailable", "503"},   {"unknown", "404"}};

std::string cause_of(const std::string& reason) {
  const auto found = std::ranges::find_if(
      kReasons, [&](const ReasonCause& r) { return same_letters(r.reason, reason); });
  return found == std::end(kReasons) ? "302" : found->cause;
}

std::string reason_of_cause(std::string_view cause) {
  const auto found =
      std::ranges::find_if(kReasons, [&](const ReasonCause& r) { return cause == r.cause; });
  return found == std::end(kReasons) ? "unknown" : found->reason;
}

std::string uri_of_diverted(const Diverted& diverted, const std::string& parameters) {
  return "<sip:" + escaped_user(diverted.user) + "@" + bracketed(header_text(diverted.host)) +
         parameters + ">";
}

std::string diversion_lines(const std::vector<Diverted>& all) {
  std::string lines;
  for (const Diverted& diverted : all) {
    lines += "Diversion: " + uri_of_diverted(diverted, "") +
             ";reason=" + header_text(diverted.reason) +
             ";privacy=" + (diverted.hidden ? "full" : "off") + ";counter=1\r\n";
  }
  return lines;
}

// Oldest first, each below the one before; the last is where this INVITE goes.
std::string history_line(const std::vector<Diverted>& all, const std::string& target) {
  std::string value, index, cause;
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    const std::string above = index;
    index += index.empty() ? "1" : ".1";
    const std::string why = cause.empty() ? "" : ";cause=" + cause;
    value += (value.empty() ? "" : ", ") +
             uri_of_diverted(*it, why + (it->hidden ? "?Privacy=history" : "")) +
             ";index=" + index + (above.empty() ? "" : ";mp=" + above);
    cause = cause_of(it->reason);
  }
  const std::string above = index;
  return "History-Info: " + value + ", <" + target + ";cause=" + cause + ">;index=" + index +
         ".1;mp=" + above + "\r\n";
}

// Entries of a header of which there may be several lines, each with commas between entries.
std::vector<std::string> entries_of(const sip_t& request, std::string_view name) {
  std::vector<std::string> entries;
  for (const sip_unknown_t* h = request.sip_unknown; h; h = h->un_next) {
    if (!h->un_name || !h->un_value || !same_letters(h->un_name, name)) continue;
    if (std::strlen(h->un_value) > 2 * kMaxHeaderValue) continue;
    std::string entry;
    bool quoted = false, inside = false;
    for (const char* at = h->un_value; *at; ++at) {
      if (*at == '"') quoted = !quoted;
      if (!quoted && *at == '<') inside = true;
      if (!quoted && *at == '>') inside = false;
      if (*at == ',' && !quoted && !inside) {
        entries.push_back(std::exchange(entry, {}));
        if (entries.size() >= kMaxEntries) return entries;
        continue;
      }
      entry += *at;
    }
    entries.push_back(std::move(entry));
    if (entries.size() >= kMaxEntries) return entries;
  }
  return entries;
}

std::string parameter_of(const sip_from_t& address, std::string_view name) {
  for (auto p = address.a_params; p && *p; ++p) {
    const std::string_view one = *p;
    const auto equal = one.find('=');
    if (equal != std::string_view::npos && same_letters(one.substr(0, equal), name)) {
      return header_text(unquoted(std::string(one.substr(equal + 1)).c_str())).substr(0, 64);
    }
  }
  return {};
}

std::string cause_parameter(const url_t& url) {
  char value[8] = "";
  if (url_param(url.url_params, "cause", value, sizeof value) > 0) return value;
  // Microsoft's: "?Reason=SIP%3Bcause%3D302".
  const std::string_view headers = url.url_headers ? url.url_headers : "";
  const auto at = headers.find("cause%3D");
  const auto digits = at == std::string_view::npos ? std::string_view() : headers.substr(at + 8, 3);
  return std::string(digits);
}

}  // namespace

std::string identity_lines(const OutgoingInvite& invite) {
  std::string lines;
  if (invite.p_asserted_identity) {
    lines += "P-Asserted-Identity: " + to_header(*invite.p_asserted_identity) + "\r\n";
  }
  if (invite.p_preferred_identity) {
    lines += "P-Preferred-Identity: " + to_header(*invite.p_preferred_identity) + "\r\n";
  }
  if (invite.remote_party) {
    lines += "Remote-Party-ID: " + to_header(*invite.remote_party) +
             ";party=calling;screen=yes;privacy=" + (invite.privacy_id ? "full" : "off") + "\r\n";
  }
  if (invite.privacy_id) lines += "Privacy: id\r\n";
  if (!invite.diverted.empty() && invite.say_diversion) lines += diversion_lines(invite.diverted);
  if (!invite.diverted.empty() && invite.say_history) {
    lines += history_line(invite.diverted, request_uri(invite.request_uri).value_or("sip:unknown"));
  }
  return lines;
}

std::vector<Diverted> diverted_of(const sip_t& request) {
  const HomePtr home = make_home();
  std::vector<Diverted> found;
  for (const std::string& entry : entries_of(request, "Diversion")) {
    const sip_from_t* address = sip_from_make(home.get(), entry.c_str());
    if (!address || !is_sip_uri(address->a_url[0]) || found.size() >= kMaxDiverted) continue;
    const std::string privacy = parameter_of(*address, "privacy");
    const std::string reason = parameter_of(*address, "reason");
    found.push_back({user_of(address->a_url[0]), host_of(address->a_url[0]),
                     reason.empty() ? "unknown" : reason,
                     !privacy.empty() && !same_letters(privacy, "off")});
  }
  if (!found.empty()) return found;
  // All but the last sent the call on; why, the entry after each says.
  std::vector<std::pair<Diverted, std::string>> history;
  for (const std::string& entry : entries_of(request, "History-Info")) {
    const sip_from_t* address = sip_from_make(home.get(), entry.c_str());
    if (!address || !is_sip_uri(address->a_url[0])) continue;
    const url_t& url = address->a_url[0];
    const std::string_view headers = url.url_headers ? url.url_headers : "";
    const bool hidden = strcasestr(std::string(headers).c_str(), "privacy=") != nullptr;
    history.push_back({{user_of(url), host_of(url), {}, hidden}, cause_parameter(url)});
  }
  for (size_t i = history.size(); i >= 2 && found.size() < kMaxDiverted; --i) {
    Diverted diverted = history[i - 2].first;
    const std::string& own = history[i - 2].second;
    diverted.reason = reason_of_cause(history[i - 1].second.empty() ? own : history[i - 1].second);
    found.push_back(std::move(diverted));
  }
  return found;
}

std::optional<RemoteParty> remote_party_of(const sip_t& request) {
  const HomePtr home = make_home();
  for (const sip_remote_party_id_t* id = sip_remote_party_id(&request); id; id = id->rpid_next) {
    if (id->rpid_party && !same_letters(id->rpid_party, "calling")) continue;
    RemoteParty party{name_addr_of(id->rpid_display, id->rpid_url[0]), false};
    party.hidden = id->rpid_privacy && !same_letters(id->rpid_privacy, "off");
    return party;
  }
  return std::nullopt;
}

}  // namespace gw::sip
