#include "bench/rtpengine_call.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "media/wire/rtp.h"
#include "media/wire/sdes.h"
#include "media/wire/sdp.h"

namespace gw::bench {
namespace {

using media::wire::SrtpSuite;

constexpr uint32_t kPcmuUnits = 160, kOpusUnits = 960;
constexpr SrtpSuite kSuite = SrtpSuite::AeadAes128Gcm;

std::string description(uint16_t port, const std::string& media, const std::string& attributes) {
  return "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " +
         std::to_string(port) + " " + media + "\r\n" + attributes + "a=ptime:20\r\na=sendrecv\r\n";
}

}  // namespace

RtpengineCall::RtpengineCall(const Setting& setting, Random& random, media::PacketPool& pool)
    : setting_(setting),
      pool_(pool),
      phone_to_user_(setting.opus ? kOpusUnits : kPcmuUnits, StreamMeter::Anchor::Newest),
      user_to_phone_(kPcmuUnits, StreamMeter::Anchor::Newest) {
  open(phone_, random);
  open(user_, random);
  ours_ = media::wire::new_master(kSuite, random);
}

RtpengineCall::~RtpengineCall() {
  ::close(phone_.fd);
  ::close(user_.fd);
}

void RtpengineCall::open(End& end, Random& random) {
  end.fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto any = *SocketAddress::parse("127.0.0.1");
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::bind(end.fd, any.data(), any.size()) == 0) {
    ::getsockname(end.fd, reinterpret_cast<sockaddr*>(&address), &size);
  }
  end.port = ntohs(address.sin_port);
  end.ssrc = random.u32();
  end.timestamp = random.u32();
  end.sequence = static_cast<uint16_t>(random.u32() & 0x7fff);
}

Result<void> RtpengineCall::aim(End& end, const media::wire::Sdp& sdp) {
  const auto peer = SocketAddress::parse("127.0.0.1", sdp.media.front().port);
  if (!peer || ::connect(end.fd, peer->data(), peer->size()) != 0) {
    return fail(ErrorCode::Protocol, "no port to send to");
  }
  return {};
}

Result<void> RtpengineCall::set_up(RtpengineProcess& rtpengine) {
  const std::string id = "bench-" + std::to_string(setting_.number);
  NgRequest offer{{"command", "offer"},
                  {"call-id", id},
                  {"from-tag", "phone"},
                  {"ICE", "remove"},
                  {"DTLS", "off"},
                  {"rtcp-mux", std::vector<std::string>{"offer"}},
                  {"transport-protocol", "RTP/SAVP"},
                  {"SDES", std::vector<std::string>{"only-AEAD_AES_128_GCM"}},
                  {"sdp", description(phone_.port, "RTP/AVP 0", "a=rtpmap:0 PCMU/8000\r\n")}};
  if (setting_.opus) {
    offer["flags"] = std::vector<std::string>{"codec-mask-PCMU", "codec-transcode-opus"};
  }
  auto to_user = rtpengine.ask(offer);
  if (!to_user) return tl::unexpected(to_user.error());
  const auto offered = media::wire::Sdp::parse(*to_user);
  if (!offered || offered->media.empty()) return fail(ErrorCode::Protocol, "no offer: " + *to_user);
  const media::wire::SdpMedia& audio = offered->media.front();

  std::optional<media::wire::UsableCrypto> theirs;
  for (const auto& line : audio.cryptos) {
    if (const auto usable = media::wire::usable(line); usable && usable->suite == kSuite) {
      theirs = usable;
      break;
    }
  }
  if (!theirs) return fail(ErrorCode::Protocol, "no GCM key offered: " + *to_user);
  user_type_ = setting_.opus ? 96 : 0;
  for (const auto& format : audio.payloads) {
    if (setting_.opus && format.is("opus", 48000)) user_type_ = format.payload_type;
  }
  srtp_ = media::SrtpSession::create({kSuite, ours_, theirs->master});
  if (auto aimed = aim(user_, *offered); !aimed) return aimed;

  const auto line = media::wire::crypto_line(theirs->tag, kSuite, ours_);
  const std::string type = std::to_string(user_type_);
  const std::string map =
      setting_.opus ? "a=rtpmap:" + type + " opus/48000/2\r\n" : "a=rtpmap:0 PCMU/8000\r\n";
  auto to_phone = rtpengine.ask(
      {{"command", "answer"},
       {"call-id", id},
       {"from-tag", "phone"},
       {"to-tag", "user"},
       {"ICE", "remove"},
       {"sdp", description(user_.port, "RTP/SAVP " + type,
                           map + "a=rtcp-mux\r\na=crypto:" + std::to_string(line.tag) + " " +
                               line.suite + " " + line.key_params + "\r\n")}});
  if (!to_phone) return tl::unexpected(to_phone.error());
  const auto answered = media::wire::Sdp::parse(*to_phone);
  if (!answered || answered->media.empty()) {
    return fail(ErrorCode::Protocol, "no answer: " + *to_phone);
  }
  return aim(phone_, *answered);
}

void RtpengineCall::send(End& end, const Payload& payload, uint8_t type, uint32_t units, bool first,
                         bool secure) {
  const media::PacketPtr packet = pool_.take();
  packet->clear();
  media::wire::write_rtp_header(packet->room().first<media::wire::kRtpHeaderSize>(),
                                {type, first, end.sequence++, end.timestamp, end.ssrc});
  std::ranges::copy(payload, packet->room().begin() + media::wire::kRtpHeaderSize);
  packet->resize(media::wire::kRtpHeaderSize + payload.size());
  end.timestamp += units;
  if (secure && !srtp_->protect_rtp(*packet)) return;
  ::send(end.fd, packet->data().data(), packet->size(), MSG_DONTWAIT);
}

void RtpengineCall::send_from_phone() {
  const auto& words = setting_.speaker->pcmu;
  const auto frame = static_cast<size_t>(phone_to_user_.sent_frames());
  phone_to_user_.sent(clock_.wall());
  send(phone_, words[(setting_.position + frame) % words.size()], 0, kPcmuUnits, frame == 0, false);
}

void RtpengineCall::send_from_user() {
  const auto& words = setting_.opus ? setting_.speaker->opus : setting_.speaker->pcmu;
  const auto frame = static_cast<size_t>(user_to_phone_.sent_frames());
  user_to_phone_.sent(clock_.wall());
  send(user_, words[(setting_.position + frame) % words.size()], user_type_,
       setting_.opus ? kOpusUnits : kPcmuUnits, frame == 0, true);
}

void RtpengineCall::read() {
  for (End* end : {&phone_, &user_}) {
    for (;;) {
      const media::PacketPtr packet = pool_.take();
      packet->clear();
      const ssize_t n =
          ::recv(end->fd, packet->room().data(), media::Packet::kMaxDatagram, MSG_DONTWAIT);
      if (n < static_cast<ssize_t>(media::wire::kRtpHeaderSize)) break;
      packet->resize(static_cast<size_t>(n));
      if (end == &user_ && srtp_->unprotect_rtp(*packet) != media::SrtpVerdict::Ok) continue;
      const auto rtp = media::wire::RtpPacket::parse(packet->data());
      if (!rtp || rtp->header.payload_type != (end == &user_ ? user_type_ : 0)) continue;
      (end == &user_ ? phone_to_user_ : user_to_phone_)
          .received(rtp->header.timestamp, clock_.wall());
    }
  }
}

}  // namespace gw::bench
