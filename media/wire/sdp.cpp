#include "media/wire/sdp.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "media/wire/text.h"

namespace gw::media::wire {
namespace {

// extmap, ssrc, fingerprint, group: enough for any browser.
constexpr size_t kMaxAttributeList = 64;

// What RFC 3551 gives a number without an a=rtpmap.
struct StaticFormat {
  uint8_t payload_type;
  std::string_view encoding;
  uint32_t clock_rate;
};
constexpr std::array<StaticFormat, 9> kStaticFormats{{{0, "PCMU", 8000},
                                                      {3, "GSM", 8000},
                                                      {4, "G723", 8000},
                                                      {8, "PCMA", 8000},
                                                      {9, "G722", 8000},
                                                      {13, "CN", 8000},
                                                      {15, "G728", 8000},
                                                      {18, "G729", 8000},
                                                      {10, "L16", 44100}}};

std::optional<Direction> direction_named(std::string_view name) {
  for (const Direction d :
       {Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive}) {
    if (name == to_string(d)) return d;
  }
  return std::nullopt;
}

// "IN IP4 192.0.2.1", "IN IP4 224.2.1.1/127/3"
std::optional<SdpConnection> read_connection(std::string_view value) {
  const std::string_view network = next_word(value);
  const std::string_view type = next_word(value);
  std::string_view address = next_word(value);
  address = address.substr(0, address.find('/'));
  if (network != "IN" || (type != "IP4" && type != "IP6") || address.empty()) return std::nullopt;
  return SdpConnection{std::string(type), std::string(address)};
}

SdpOrigin read_origin(std::string_view value) {
  SdpOrigin origin;
  if (const auto name = next_word(value); !name.empty()) origin.username = name;
  // RFC 8866 5.2 says numbers; some phones write more than 64 bits. Nothing of ours depends on
  // them.
  origin.session_id = number<uint64_t>(next_word(value)).value_or(0);
  origin.version = number<uint64_t>(next_word(value)).value_or(0);
  if (const auto connection = read_connection(value)) {
    origin.address_type = connection->address_type;
    origin.address = connection->address;
  }
  return origin;
}

std::optional<uint8_t> payload_type(std::string_view text) {
  const auto value = number<uint8_t>(text);
  if (!value || *value > 127) return std::nullopt;
  return value;
}

SdpFormat format_of(uint8_t payload_type) {
  SdpFormat format;
  format.payload_type = payload_type;
  for (const StaticFormat& known : kStaticFormats) {
    if (known.payload_type != payload_type) continue;
    format.encoding = known.encoding;
    format.clock_rate = known.clock_rate;
  }
  return format;
}

SdpFormat* find_format(SdpMedia& m, uint8_t payload_type) {
  const auto it = std::ranges::find(m.payloads, payload_type, &SdpFormat::payload_type);
  return it == m.payloads.end() ? nullptr : &*it;
}

// "audio 49170/1 RTP/AVP 0 8 101"
Result<SdpMedia> read_media(std::string_view value) {
  SdpMedia m;
  m.type = lower_case(next_word(value));
  std::string_view port = next_word(value);
  const auto number_of_port = number<uint16_t>(port.substr(0, port.find('/')));
  m.protocol = upper(next_word(value));
  if (m.type.empty() || !number_of_port || m.protocol.empty()) {
    return fail(ErrorCode::Protocol, "SDP: m-line without type, port or protocol");
  }
  m.port = *number_of_port;
  for (auto word = next_word(value); !word.empty(); word = next_word(value)) {
    if (m.formats.size() == kMaxSdpFormats)
      return fail(ErrorCode::Protocol, "SDP: too many formats");
    m.formats.emplace_back(word);
    const auto type = payload_type(word);
    if (m.rtp() && type && find_format(m, *type) == nullptr) m.payloads.push_back(format_of(*type));
  }
  return m;
}

// ---- Attributes of a stream. `value` is what follows the colon. ----

void read_rtpmap(SdpMedia& m, std::string_view value) {
  const auto type = payload_type(next_word(value));
  SdpFormat* format = type ? find_format(m, *type) : nullptr;
  if (format == nullptr) return;
  std::string_view map = next_word(value);
  const std::string_view encoding = until(map, '/');
  const auto clock = number<uint32_t>(until(map, '/'));
  if (encoding.empty() || !clock || *clock == 0) return;
  format->encoding = encoding;
  format->clock_rate = *clock;
  format->channels = number<uint8_t>(map).value_or(1);
}

void read_fmtp(SdpMedia& m, std::string_view value) {
  const auto type = payload_type(next_word(value));
  SdpFormat* format = type ? find_format(m, *type) : nullptr;
  if (format != nullptr && format->fmtp.empty()) format->fmtp = trimmed(value);
}

// "20", and "20.0" of some.
std::optional<uint32_t> milliseconds(std::string_view value) {
  const std::string_view word = next_word(value);
  const auto ms = number<uint32_t>(word.substr(0, word.find('.')));
  if (!ms || *ms == 0 || *ms > 1000) return std::nullopt;
  return ms;
}

void read_crypto(SdpMedia& m, std::string_view value) {
  const auto tag = number<uint32_t>(next_word(value));
  SdpCrypto crypto;
  crypto.suite = next_word(value);
  crypto.key_params = next_word(value);
  crypto.session_params = trimmed(value);
  if (!tag || crypto.key_params.empty() || m.cryptos.size() == kMaxSdpCryptos) return;
  crypto.tag = *tag;
  m.cryptos.push_back(std::move(crypto));
}

void read_candidate(SdpMedia& m, std::string_view value) {
  SdpCandidate c;
  c.foundation = next_word(value);
  const auto component = number<uint32_t>(next_word(value));
  c.transport = lower_case(next_word(value));
  const auto priority = number<uint32_t>(next_word(value));
  c.address = next_word(value);
  const auto port = number<uint16_t>(next_word(value));
  const std::string_view typ = next_word(value);
  c.type = next_word(value);
  // RFC 8839 5.1: pairs of a name and a value follow.
  for (auto name = next_word(value); !name.empty(); name = next_word(value)) {
    const std::string_view said = next_word(value);
    if (name == "tcptype") c.tcptype = said;
  }
  if (!component || !priority || !port || typ != "typ" || c.type.empty()) return;
  if (m.candidates.size() == kMaxSdpCandidates) return;
  c.component = *component;
  c.priority = *priority;
  c.port = *port;
  m.candidates.push_back(std::move(c));
}

void read_rtcp(SdpMedia& m, std::string_view value) {
  const auto port = number<uint16_t>(next_word(value));
  if (!port) return;
  m.rtcp = SdpRtcp{*port, read_connection(value)};
}

void read_extmap(SdpMedia& m, std::string_view value) {
  std::string_view id = next_word(value);
  const auto parsed = number<uint16_t>(until(id, '/'));
  const std::string_view uri = next_word(value);
  if (!parsed || uri.empty() || m.extmaps.size() == kMaxAttributeList) return;
  m.extmaps.push_back({*parsed, std::string(uri)});
}

void read_ssrc(SdpMedia& m, std::string_view value) {
  const auto ssrc = number<uint32_t>(next_word(value));
  if (!ssrc || m.ssrcs.size() == kMaxAttributeList) return;
  m.ssrcs.push_back({*ssrc, std::string(trimmed(value))});
}

struct MediaAttribute {
  std::string_view name;
  void (*read)(SdpMedia&, std::string_view);
};
constexpr MediaAttribute kMediaAttributes[] = {
    {"rtpmap", read_rtpmap},
    {"fmtp", read_fmtp},
    {"ptime", [](SdpMedia& m, std::string_view v) { m.ptime = milliseconds(v); }},
    {"maxptime", [](SdpMedia& m, std::string_view v) { m.maxptime = milliseconds(v); }},
    {"crypto", read_crypto},
    {"candidate", read_candidate},
    {"end-of-candidates", [](SdpMedia& m, std::string_view) { m.end_of_candidates = true; }},
    {"mid", [](SdpMedia& m, std::string_view v) { m.mid = next_word(v); }},
    {"rtcp-mux", [](SdpMedia& m, std::string_view) { m.rtcp_mux = true; }},
    {"rtcp", read_rtcp},
    {"extmap", read_extmap},
    {"msid", [](SdpMedia& m, std::string_view v) { m.msid = trimmed(v); }},
    {"ssrc", read_ssrc},
    {"bundle-only", [](SdpMedia& m, std::string_view) { m.bundle_only = true; }},
};

// Attributes of either level. True when `name` was one.
bool read_common(SdpCommon& at, std::string_view name, std::string_view value) {
  if (const auto direction = direction_named(name)) {
    at.direction = direction;
  } else if (name == "fingerprint") {
    SdpFingerprint print;
    print.hash = lower_case(next_word(value));
    print.value = upper(next_word(value));
    if (!print.value.empty() && at.fingerprints.size() < kMaxAttributeList) {
      at.fingerprints.push_back(std::move(print));
    }
  } else if (name == "setup") {
    at.setup = lower_case(next_word(value));
  } else if (name == "ice-ufrag") {
    at.ice_ufrag = next_word(value);
  } else if (name == "ice-pwd") {
    at.ice_pwd = next_word(value);
  } else if (name == "ice-options") {
    at.ice_options = trimmed(value);
  } else if (name == "rtcp-xr") {
    // RFC 3611 5.1: "rcvr-rtt=all:100 voip-metrics".
    for (auto word = next_word(value); !word.empty(); word = next_word(value)) {
      at.voip_metrics = at.voip_metrics || word == "voip-metrics";
    }
  } else {
    return false;
  }
  return true;
}

void read_group(Sdp& sdp, std::string_view value) {
  if (next_word(value) != "BUNDLE" || sdp.bundles.size() == kMaxAttributeList) return;
  std::vector<std::string> mids;
  for (auto mid = next_word(value); !mid.empty() && mids.size() < kMaxSdpMedia;
       mid = next_word(value)) {
    mids.emplace_back(mid);
  }
  sdp.bundles.push_back(std::move(mids));
}

void read_session_attribute(Sdp& sdp, std::string_view name, std::string_view value) {
  if (read_common(sdp, name, value)) return;
  if (name == "group") read_group(sdp, value);
  if (name == "ice-lite") sdp.ice_lite = true;
  if (name == "msid-semantic") sdp.msid_semantic = trimmed(value);
}

void read_media_attribute(SdpMedia& m, std::string_view name, std::string_view value) {
  if (read_common(m, name, value)) return;
  for (const MediaAttribute& known : kMediaAttributes) {
    if (name == known.name) return known.read(m, value);
  }
}

void read_attribute(Sdp& sdp, std::string_view line) {
  // "a=rtpmap:0 PCMU/8000"; some write a blank behind the colon.
  const std::string_view name = trimmed(until(line, ':'));
  const std::string_view value = trimmed(line);
  if (sdp.media.empty()) {
    read_session_attribute(sdp, name, value);
  } else {
    read_media_attribute(sdp.media.back(), name, value);
  }
}

// One line; an error only for what cannot be stepped over.
Result<void> read_line(Sdp& sdp, char type, std::string_view value) {
  switch (type) {
    case 'o': sdp.origin = read_origin(value); return {};
    case 's': sdp.session_name = value; return {};
    case 'c': {
      SdpCommon& at = sdp.media.empty() ? static_cast<SdpCommon&>(sdp) : sdp.media.back();
      if (!at.connection) at.connection = read_connection(value);
      return {};
    }
    case 'm': {
      if (sdp.media.size() == kMaxSdpMedia)
        return fail(ErrorCode::Protocol, "SDP: too many m-lines");
      auto m = read_media(value);
      if (!m) return tl::unexpected(m.error());
      sdp.media.push_back(std::move(*m));
      return {};
    }
    case 'a': read_attribute(sdp, value); return {};
    default: return {};  // t, b, k, z, i, u, e, p, r: nothing in them is for us.
  }
}

bool printable(std::string_view line) {
  return std::ranges::none_of(line, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

}  // namespace

bool SdpFormat::is(std::string_view name, uint32_t clock) const {
  return clock_rate == clock && same_letters(encoding, name);
}

const SdpFormat* SdpMedia::format(uint8_t payload_type) const {
  const auto it = std::ranges::find(payloads, payload_type, &SdpFormat::payload_type);
  return it == payloads.end() ? nullptr : &*it;
}

Result<Sdp> Sdp::parse(std::string_view text) {
  if (text.size() > kMaxSdpSize) return fail(ErrorCode::Protocol, "SDP: over 64 KiB");
  Sdp sdp;
  size_t lines = 0;
  bool begun = false;
  while (!text.empty()) {
    std::string_view line = until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trimmed(line);
    if (line.empty()) continue;
    if (++lines > kMaxSdpLines) return fail(ErrorCode::Protocol, "SDP: too many lines");
    if (line.size() > kMaxSdpLine) return fail(ErrorCode::Protocol, "SDP: line too long");
    // What we echo (mids, formats) must not be able to carry a line break.
    if (!printable(line)) return fail(ErrorCode::Protocol, "SDP: control character");
    if (!begun) {
      if (!line.starts_with("v=0"))
        return fail(ErrorCode::Protocol, "SDP: does not begin with v=0");
      begun = true;
      continue;
    }
    if (line.size() < 2 || line[1] != '=') continue;
    if (auto read = read_line(sdp, line[0], trimmed(line.substr(2))); !read) {
      return tl::unexpected(read.error());
    }
  }
  if (!begun) return fail(ErrorCode::Protocol, "SDP: empty");
  return sdp;
}

const SdpConnection* Sdp::connection_of(const SdpMedia& m) const {
  if (m.connection) return &*m.connection;
  return connection ? &*connection : nullptr;
}

Direction Sdp::direction_of(const SdpMedia& m) const {
  if (m.direction) return *m.direction;
  return direction.value_or(Direction::SendRecv);  // RFC 8866 6.7
}

std::optional<std::string_view> fmtp_value(std::string_view fmtp, std::string_view name) {
  while (!fmtp.empty()) {
    std::string_view parameter = trimmed(until(fmtp, ';'));
    const std::string_view key = trimmed(until(parameter, '='));
    if (same_letters(key, name)) return trimmed(parameter);
  }
  return std::nullopt;
}

}  // namespace gw::media::wire
