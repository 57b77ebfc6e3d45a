#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "media/media_types.h"

namespace gw::media::wire {

// Bounds of what we read (RFC 8866 sets none). A browser's offer has about 8 kB and 100 lines.
constexpr size_t kMaxSdpSize = 64 * 1024;
constexpr size_t kMaxSdpLines = 2000;
constexpr size_t kMaxSdpLine = 4096;
constexpr size_t kMaxSdpMedia = 32;
constexpr size_t kMaxSdpFormats = 64;     // On one m-line.
constexpr size_t kMaxSdpCandidates = 64;  // In one m-section; more are dropped.
constexpr size_t kMaxSdpCryptos = 32;

struct SdpOrigin {
  std::string username = "-";
  uint64_t session_id = 0;
  uint64_t version = 0;
  std::string address_type = "IP4";
  std::string address = "0.0.0.0";
};

struct SdpConnection {
  std::string address_type = "IP4";  // "IP4", "IP6"
  std::string address;               // As it is written: it may be a name. TTLs are cut off.
};

// A payload format with what a=rtpmap and a=fmtp say of it; static ones are filled in when a=rtpmap
// is missing.
struct SdpFormat {
  uint8_t payload_type = 0;
  std::string encoding;  // "PCMU", "opus", "telephone-event"; empty = unknown.
  uint32_t clock_rate = 0;
  uint8_t channels = 1;
  std::string fmtp;  // "minptime=10;useinbandfec=1"

  bool is(std::string_view name, uint32_t clock) const;  // Any letter case.
};

struct SdpCrypto {  // RFC 4568
  uint32_t tag = 1;
  std::string suite;       // "AES_CM_128_HMAC_SHA1_80"
  std::string key_params;  // "inline:..." with lifetime and MKI, as written.
  std::string session_params;
};

struct SdpFingerprint {  // RFC 8122
  std::string hash;      // "sha-256", lower case.
  std::string value;     // "AB:CD:...", upper case.
  bool operator==(const SdpFingerprint&) const = default;
};

struct SdpCandidate {  // RFC 8839
  std::string foundation;
  uint32_t component = 1;
  std::string transport = "udp";
  uint32_t priority = 0;
  std::string address;  // May be a ".local" name.
  uint16_t port = 0;
  std::string type = "host";
  std::string tcptype;  // RFC 6544: "active", "passive", "so"; empty with UDP.
};

struct SdpExtmap {  // RFC 8285
  uint16_t id = 0;
  std::string uri;
};

struct SdpSsrc {  // RFC 5576
  uint32_t ssrc = 0;
  std::string attribute;  // "cname:abc"
};

struct SdpRtcp {  // RFC 3605
  uint16_t port = 0;
  std::optional<SdpConnection> connection;
};

// The attributes that may stand at session level as a default for every stream.
struct SdpCommon {
  std::optional<SdpConnection> connection;
  std::optional<Direction> direction;
  std::vector<SdpFingerprint> fingerprints;
  std::string setup;  // "actpass", "active", "passive", "holdconn"; empty = absent.
  std::string ice_ufrag, ice_pwd;
  std::string ice_options;
  bool voip_metrics = false;  // a=rtcp-xr:voip-metrics (RFC 3611 5.1)
};

struct SdpMedia : SdpCommon {
  std::string type = "audio";        // "audio", "video", "image", "application"
  uint16_t port = 0;                 // 0 = rejected.
  std::string protocol;              // "RTP/AVP", upper case.
  std::vector<std::string> formats;  // As on the m-line.
  std::vector<SdpFormat>
      payloads;  // The numeric ones in the order of the m-line, when RTP is spoken.
  std::optional<uint32_t> ptime, maxptime;  // Milliseconds.
  std::vector<SdpCrypto> cryptos;
  std::vector<SdpCandidate> candidates;
  bool end_of_candidates = false;
  std::string mid;
  bool rtcp_mux = false;
  std::optional<SdpRtcp> rtcp;
  std::vector<SdpExtmap> extmaps;
  std::string msid;
  std::vector<SdpSsrc> ssrcs;
  bool bundle_only = false;

  bool rtp() const { return protocol.find("RTP/") != std::string::npos; }
  const SdpFormat* format(uint8_t payload_type) const;
};

// One session description (RFC 8866) as values. Unknown lines and attributes are dropped.
struct Sdp : SdpCommon {
  SdpOrigin origin;
  std::string session_name = "-";
  bool ice_lite = false;
  std::vector<std::vector<std::string>> bundles;  // The mids of each a=group:BUNDLE.
  std::string msid_semantic;
  std::vector<SdpMedia> media;

  // Tolerant where phones are sloppy (bare LF, blanks, missing s= or t=, unknown lines); strict on
  // bounds.
  static Result<Sdp> parse(std::string_view text);
  std::string to_string() const;  // CRLF lines.

  // What holds for a stream: its own line, else the session's.
  const SdpConnection* connection_of(const SdpMedia& m) const;
  Direction direction_of(const SdpMedia& m) const;  // As the writer of the SDP sees it.
};

// One parameter of a=fmtp: fmtp_value("minptime=10;stereo=1", "stereo") = "1".
std::optional<std::string_view> fmtp_value(std::string_view fmtp, std::string_view name);

}  // namespace gw::media::wire
