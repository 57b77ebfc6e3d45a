#include <concepts>
#include <string>
#include <string_view>

#include "media/wire/sdp.h"

namespace gw::media::wire {
namespace {

// Builds the text line by line.
class Lines {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    (append(parts), ...);
    text_ += "\r\n";
  }
  std::string take() {
    text_.shrink_to_fit();  // Dialogs keep it as long as the call.
    return std::move(text_);
  }

 private:
  void append(std::string_view text) { text_ += text; }
  void append(char c) { text_ += c; }
  template <std::unsigned_integral Number>
  void append(Number value) {
    text_ += std::to_string(value);
  }

  std::string text_;
};

void write_connection(Lines& out, const SdpCommon& at) {
  if (!at.connection) return;
  out.add("c=IN ", at.connection->address_type, " ", at.connection->address);
}

// ICE and DTLS (RFC 8839, 8122, 4145), then the direction.
void write_common(Lines& out, const SdpCommon& at) {
  if (!at.ice_ufrag.empty()) out.add("a=ice-ufrag:", at.ice_ufrag);
  if (!at.ice_pwd.empty()) out.add("a=ice-pwd:", at.ice_pwd);
  if (!at.ice_options.empty()) out.add("a=ice-options:", at.ice_options);
  for (const SdpFingerprint& f : at.fingerprints) out.add("a=fingerprint:", f.hash, " ", f.value);
  if (!at.setup.empty()) out.add("a=setup:", at.setup);
  if (at.voip_metrics) out.add("a=rtcp-xr:voip-metrics");
  if (at.direction) out.add("a=", media::to_string(*at.direction));
}

void write_format(Lines& out, const SdpFormat& f) {
  if (!f.encoding.empty()) {
    const std::string channels = f.channels > 1 ? "/" + std::to_string(f.channels) : "";
    out.add("a=rtpmap:", f.payload_type, " ", f.encoding, "/", f.clock_rate, channels);
  }
  if (!f.fmtp.empty()) out.add("a=fmtp:", f.payload_type, " ", f.fmtp);
}

void write_crypto(Lines& out, const SdpCrypto& c) {
  const std::string parameters = c.session_params.empty() ? "" : " " + c.session_params;
  out.add("a=crypto:", c.tag, " ", c.suite, " ", c.key_params, parameters);
}

void write_candidate(Lines& out, const SdpCandidate& c) {
  const std::string tcp = c.tcptype.empty() ? "" : " tcptype " + c.tcptype;
  out.add("a=candidate:", c.foundation, " ", c.component, " ", c.transport, " ", c.priority, " ",
          c.address, " ", c.port, " typ ", c.type, tcp);
}

void write_rtcp(Lines& out, const SdpRtcp& rtcp) {
  if (!rtcp.connection) return out.add("a=rtcp:", rtcp.port);
  out.add("a=rtcp:", rtcp.port, " IN ", rtcp.connection->address_type, " ",
          rtcp.connection->address);
}

void write_media(Lines& out, const SdpMedia& m) {
  std::string formats;
  for (const std::string& format : m.formats) formats += " " + format;
  out.add("m=", m.type, " ", m.port, " ", m.protocol, formats);
  write_connection(out, m);
  if (!m.mid.empty()) out.add("a=mid:", m.mid);
  if (m.bundle_only) out.add("a=bundle-only");
  for (const SdpFormat& format : m.payloads) write_format(out, format);
  if (m.ptime) out.add("a=ptime:", *m.ptime);
  if (m.maxptime) out.add("a=maxptime:", *m.maxptime);
  for (const SdpCrypto& crypto : m.cryptos) write_crypto(out, crypto);
  if (m.rtcp) write_rtcp(out, *m.rtcp);
  if (m.rtcp_mux) out.add("a=rtcp-mux");
  for (const SdpExtmap& e : m.extmaps) out.add("a=extmap:", e.id, " ", e.uri);
  write_common(out, m);
  if (!m.msid.empty()) out.add("a=msid:", m.msid);
  for (const SdpSsrc& s : m.ssrcs) out.add("a=ssrc:", s.ssrc, " ", s.attribute);
  for (const SdpCandidate& candidate : m.candidates) write_candidate(out, candidate);
  if (m.end_of_candidates) out.add("a=end-of-candidates");
}

}  // namespace

std::string Sdp::to_string() const {
  Lines out;
  out.add("v=0");
  out.add("o=", origin.username, " ", origin.session_id, " ", origin.version, " IN ",
          origin.address_type, " ", origin.address);
  out.add("s=", session_name);
  write_connection(out, *this);
  out.add("t=0 0");
  if (ice_lite) out.add("a=ice-lite");
  for (const auto& mids : bundles) {
    std::string group;
    for (const std::string& mid : mids) group += " " + mid;
    out.add("a=group:BUNDLE", group);
  }
  if (!msid_semantic.empty()) out.add("a=msid-semantic:", msid_semantic);
  write_common(out, *this);
  for (const SdpMedia& m : media) write_media(out, m);
  return out.take();
}

}  // namespace gw::media::wire
