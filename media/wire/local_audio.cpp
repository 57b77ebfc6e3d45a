#include "media/wire/local_audio.h"

#include <algorithm>

#include "media/codec/codec.h"
#include "media/codec/opus.h"

namespace gw::media::wire {
namespace {

constexpr uint8_t kFirstDynamic = 96;

// RFC 8839 5.1.2.1: host candidates; the first address is preferred.
constexpr uint32_t host_priority(size_t place) {
  return (126u << 24) | ((65535u - static_cast<uint32_t>(place)) << 8) | 255u;
}

// RFC 6544 4.2: below every UDP candidate; a passive host candidate has direction preference 4.
constexpr uint32_t tcp_priority(size_t place) {
  return (90u << 24) | (((4u << 13) - static_cast<uint32_t>(place)) << 8) | 255u;
}

// RFC 7587 6.1. The peer's encoder follows: narrowband costs our decoder a third, and a G.711 leg
// hears no more anyway. Where we decode we fill the gaps of its silences too (usedtx); where
// packets pass, its listener would have to, and has not said that it likes them.
std::string opus_fmtp(uint32_t rate) {
  std::string fmtp = "minptime=10;useinbandfec=1;";
  if (rate < descriptor(Codec::Opus).rtp_clock) {
    const std::string limit = std::to_string(rate);
    fmtp += "maxplaybackrate=" + limit + ";sprop-maxcapturerate=" + limit + ";";
    fmtp += "maxaveragebitrate=" + std::to_string(kWishedBitrate) + ";usedtx=1;";
  }
  return fmtp + "stereo=0";
}

void add_format(SdpMedia& m, SdpFormat format) {
  m.formats.push_back(std::to_string(format.payload_type));
  m.payloads.push_back(std::move(format));
}

void add_codec(SdpMedia& m, const LocalAudio::Format& format, uint32_t opus_rate) {
  const CodecDescriptor& known = descriptor(format.codec);
  const std::string fmtp = format.codec == Codec::Opus ? opus_fmtp(opus_rate) : "";
  add_format(m,
             {format.payload_type, std::string(known.name), known.rtp_clock, known.channels, fmtp});
}

SdpCandidate host_candidate(const SocketAddress& address, size_t place) {
  SdpCandidate c;
  c.foundation = std::to_string(place + 1);
  c.priority = host_priority(place);
  c.address = address.host();
  c.port = address.port();
  return c;
}

SdpCandidate tcp_candidate(const SocketAddress& address, size_t place) {
  SdpCandidate c = host_candidate(address, place);
  c.transport = "tcp";
  c.tcptype = "passive";  // RFC 6544 4.1: the browser connects.
  c.priority = tcp_priority(place);
  return c;
}

void add_browser_lines(SdpMedia& m, const LocalStream& local, const LocalAudio& audio) {
  m.ice_ufrag = local.ice.ufrag;
  m.ice_pwd = local.ice.pwd;
  m.fingerprints = {local.fingerprint};
  m.setup = "passive";  // The browser begins: it knows first when its check has succeeded.
  m.candidates.push_back(host_candidate(local.rtp, 0));
  for (const SocketAddress& other : local.candidates) {
    if (!other.empty()) m.candidates.push_back(host_candidate(other, m.candidates.size()));
  }
  for (const SocketAddress& tcp : local.tcp_candidates) {
    m.candidates.push_back(tcp_candidate(tcp, m.candidates.size()));
  }
  m.end_of_candidates = true;
  if (!sends(audio.direction)) return;
  m.msid = local.cname + " audio";  // RFC 8829 5.3.1: only while we send.
  m.ssrcs.push_back({local.ssrc, "cname:" + local.cname});
}

}  // namespace

uint8_t PayloadNumbers::of(size_t format) {
  if (numbers_[format]) return *numbers_[format];
  static constexpr std::array<uint8_t, kCodecs + 2> kUsual{0, 8, 9, 111, 101, 110};
  uint8_t number = kUsual[format];
  if (taken(number)) {
    number = kFirstDynamic;
    while (taken(number)) ++number;
  }
  numbers_[format] = number;
  return number;
}

bool PayloadNumbers::taken(uint8_t number) const {
  return std::ranges::find(numbers_, std::optional(number)) != numbers_.end();
}

void PayloadNumbers::set(size_t format, uint8_t number) {
  for (auto& other : numbers_) {
    if (other == number) other.reset();
  }
  numbers_[format] = number;
}

void PayloadNumbers::adopt(const RemoteAudio& offer) {
  for (const auto& f : offer.codecs) set(static_cast<size_t>(f.codec), f.payload_type);
  for (const auto& e : offer.events) set(events_at(e.clock_rate), e.payload_type);
}

SdpMedia section(const LocalStream& local, const LocalAudio& audio) {
  SdpMedia m;
  m.type = "audio";
  m.port = local.rtp.port();
  m.protocol = audio.protocol;
  m.mid = audio.mid;
  m.direction = audio.direction;
  m.ptime = audio.ptime_ms;
  m.rtcp_mux = audio.rtcp_mux;
  m.voip_metrics = audio.voip_metrics;
  for (const auto& format : audio.codecs) add_codec(m, format, local.opus_rate);
  if (audio.noise) add_format(m, {*audio.noise, "CN", 8000, 1, ""});
  for (const auto& e : audio.events) {
    add_format(m, {e.payload_type, "telephone-event", e.clock_rate, 1, "0-16"});
  }
  for (const LocalCrypto& c : audio.cryptos) {
    m.cryptos.push_back(crypto_line(c.tag, c.suite, c.master));
  }
  if (!audio.setup.empty()) {
    m.fingerprints = {local.fingerprint};
    m.setup = audio.setup;
  }
  if (local.kind == PeerKind::Browser) {
    add_browser_lines(m, local, audio);
  } else if (local.rtcp_port != 0 && local.rtcp_port != local.rtp.port() + 1 && !audio.rtcp_mux) {
    m.rtcp = SdpRtcp{local.rtcp_port, std::nullopt};
  }
  return m;
}

SdpConnection connection_to(const SocketAddress& address) {
  return {address.v6() ? "IP6" : "IP4", address.host()};
}

}  // namespace gw::media::wire
