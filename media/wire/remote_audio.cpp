#include "media/wire/remote_audio.h"

#include <algorithm>
#include <array>

#include "media/wire/text.h"

namespace gw::media::wire {
namespace {

std::optional<Codec> codec_of(const SdpFormat& format) {
  if (format.is("PCMU", 8000)) return Codec::Pcmu;
  if (format.is("PCMA", 8000)) return Codec::Pcma;
  if (format.is("G722", 8000))
    return Codec::G722;  // RFC 3551 4.5.2: 8000, though it samples 16 kHz.
  // RFC 7587: always opus/48000/2, whatever is sent; some forget the channels.
  if (format.is("opus", 48000)) return Codec::Opus;
  return std::nullopt;
}

RemoteAudio::Format opus_asked(RemoteAudio::Format format, std::string_view fmtp) {
  const auto rate = fmtp_value(fmtp, "maxplaybackrate");
  const auto parsed = rate ? number<uint32_t>(*rate) : std::nullopt;
  if (parsed && *parsed >= 8000 && *parsed <= 48000) format.max_playback_rate = *parsed;
  format.fec = fmtp_value(fmtp, "useinbandfec") == "1";
  format.dtx = fmtp_value(fmtp, "usedtx") == "1";
  return format;
}

void take_formats(RemoteAudio& audio, const SdpMedia& m) {
  for (const SdpFormat& format : m.payloads) {
    const auto codec = codec_of(format);
    if (codec && std::ranges::find(audio.codecs, *codec, &RemoteAudio::Format::codec) ==
                     audio.codecs.end()) {
      audio.codecs.push_back(opus_asked({*codec, format.payload_type}, format.fmtp));
    }
    if (format.is("CN", 8000) && !audio.noise) audio.noise = format.payload_type;
    for (const uint32_t clock : {8000u, 48000u}) {
      if (format.is("telephone-event", clock) &&
          std::ranges::find(audio.events, clock, &RemoteAudio::Events::clock_rate) ==
              audio.events.end()) {
        audio.events.push_back({clock, format.payload_type});
      }
    }
  }
}

// Literals only: resolving names for a peer would be a way to make us talk to anyone, and it
// blocks.
Result<SocketAddress> literal(const SdpConnection& connection, uint16_t port) {
  const auto address = SocketAddress::parse(connection.address);
  if (!address || address->port() != 0) {
    return fail(ErrorCode::NotAcceptable, "SDP: the address is a name; an IP address is needed");
  }
  if (address->v6() != (connection.address_type == "IP6")) {
    return fail(ErrorCode::Protocol, "SDP: c= mixes IPv4 and IPv6");
  }
  SocketAddress out = *address;
  out.set_port(port);
  return out;
}

Result<void> take_addresses(RemoteAudio& audio, const Sdp& sdp, const SdpMedia& m) {
  const SdpConnection* connection = sdp.connection_of(m);
  if (connection == nullptr) return fail(ErrorCode::Protocol, "SDP: no c= line for the audio");
  const auto rtp = literal(*connection, m.port);
  if (!rtp) return tl::unexpected(rtp.error());
  if (rtp->any()) {
    // RFC 3264 8.4, RFC 2543 B.5: on hold the old way. The peer may still send.
    audio.direction = restricted(audio.direction, Direction::SendOnly);
    return {};
  }
  audio.rtp = *rtp;
  audio.rtcp = *rtp;
  if (audio.rtcp_mux) return {};
  audio.rtcp.set_port(m.rtcp ? m.rtcp->port : static_cast<uint16_t>(m.port + 1));
  if (!m.rtcp || !m.rtcp->connection) return {};
  const auto rtcp = literal(*m.rtcp->connection, m.rtcp->port);
  // A broken a=rtcp costs reports, not the call.
  if (rtcp && !rtcp->any() && rtcp->v6() == rtp->v6()) audio.rtcp = *rtcp;
  return {};
}

void take_cryptos(RemoteAudio& audio, const SdpMedia& m) {
  for (const SdpCrypto& line : m.cryptos) {
    if (const auto crypto = usable(line)) audio.cryptos.push_back(*crypto);
  }
  std::ranges::stable_sort(audio.cryptos, {}, &UsableCrypto::suite);
}

// RFC 8839 5.4: 4 to 256 and 22 to 256 characters of letters, digits, + and /.
bool ice_chars(std::string_view text, size_t least) {
  return text.size() >= least && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
         });
}

Result<void> take_dtls(RemoteAudio& audio, const Sdp& sdp, const SdpMedia& m) {
  const SdpCommon& session = sdp;
  audio.fingerprints = m.fingerprints.empty() ? session.fingerprints : m.fingerprints;
  audio.setup = m.setup.empty() ? session.setup : m.setup;
  if (audio.fingerprints.empty()) return fail(ErrorCode::NotAcceptable, "SDP: no a=fingerprint");
  return {};
}

Result<void> take_browser(RemoteAudio& audio, const Sdp& sdp, const SdpMedia& m) {
  const SdpCommon& session = sdp;
  const std::string& ufrag = m.ice_ufrag.empty() ? session.ice_ufrag : m.ice_ufrag;
  const std::string& pwd = m.ice_pwd.empty() ? session.ice_pwd : m.ice_pwd;
  if (!ice_chars(ufrag, 4) || !ice_chars(pwd, 22)) {
    return fail(ErrorCode::NotAcceptable, "SDP: no usable a=ice-ufrag and a=ice-pwd");
  }
  if (!m.rtcp_mux) return fail(ErrorCode::NotAcceptable, "SDP: a browser must offer a=rtcp-mux");
  audio.ice = IceCredentials{ufrag, pwd};
  return {};
}

Result<void> take_profile(RemoteAudio& audio, std::string_view protocol, PeerKind kind) {
  audio.dtls = protocol == "UDP/TLS/RTP/SAVPF" || protocol == "UDP/TLS/RTP/SAVP";
  audio.secure = audio.dtls || protocol == "RTP/SAVP" || protocol == "RTP/SAVPF";
  if (audio.dtls) return {};
  if (kind == PeerKind::Browser) {
    return fail(ErrorCode::NotAcceptable, "SDP: a browser must offer UDP/TLS/RTP/SAVPF");
  }
  if (audio.secure || protocol == "RTP/AVP" || protocol == "RTP/AVPF") return {};
  return fail(ErrorCode::NotAcceptable,
              "SDP: the audio's transport is none of RTP/AVP, RTP/SAVP and UDP/TLS/RTP/SAVP");
}

}  // namespace

Result<RemoteAudio> understand(const Sdp& sdp, const SdpMedia& m, PeerKind kind) {
  RemoteAudio audio;
  if (auto taken = take_profile(audio, m.protocol, kind); !taken) {
    return tl::unexpected(taken.error());
  }
  audio.direction = sdp.direction_of(m);
  audio.rtcp_mux = m.rtcp_mux;
  audio.voip_metrics = m.voip_metrics || sdp.voip_metrics;
  audio.ptime = m.ptime;
  audio.maxptime = m.maxptime;
  take_formats(audio, m);
  for (const SdpSsrc& s : m.ssrcs) {
    if (std::ranges::find(audio.ssrcs, s.ssrc) == audio.ssrcs.end()) audio.ssrcs.push_back(s.ssrc);
  }
  if (audio.dtls) {
    if (auto taken = take_dtls(audio, sdp, m); !taken) return tl::unexpected(taken.error());
  }
  if (kind == PeerKind::Browser) {
    if (auto taken = take_browser(audio, sdp, m); !taken) return tl::unexpected(taken.error());
    return audio;
  }
  if (!audio.dtls) take_cryptos(audio, m);
  if (auto taken = take_addresses(audio, sdp, m); !taken) return tl::unexpected(taken.error());
  return audio;
}

uint32_t ptime_to_send(const RemoteAudio& remote, Codec codec, uint32_t preferred_ms) {
  // Opus has no frame of 30 ms (RFC 6716 2.1.4), and two in one packet need a repacketizer.
  static constexpr std::array<uint32_t, 5> kSteps{10, 20, 30, 40, 60};
  const uint32_t wished = remote.ptime.value_or(preferred_ms);
  const uint32_t limit = std::min(wished, remote.maxptime.value_or(wished));
  uint32_t chosen = kSteps.front();
  for (const uint32_t step : kSteps) {
    if (step <= limit && !(codec == Codec::Opus && step == 30)) chosen = step;
  }
  return chosen;
}

}  // namespace gw::media::wire
