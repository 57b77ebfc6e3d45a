#include "bench/load_call.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "media/wire/rtp.h"
#include "media/wire/sdp.h"

namespace gw::bench {
namespace {

constexpr uint32_t kPcmuUnits = 160, kOpusUnits = 960;
constexpr size_t kFrame = 160;
constexpr int64_t kFramesPerTimer = 25;  // ICE asks for a check each few seconds.
constexpr uint8_t kPcmu = 0;

// When the kernel took the last datagram read from the socket: our own queueing is not the daemon's
// latency. The first question only switches the stamps on.
WallTime stamp_of_last(int fd, const Clock& clock) {
  timespec t{};
  if (::ioctl(fd, SIOCGSTAMPNS, &t) != 0) return clock.wall();
  return WallTime(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// Of rtcp-mux: RFC 5761 4.
bool is_rtcp(std::span<const std::byte> datagram) {
  const auto type = static_cast<unsigned>(datagram[1]);
  return type >= 192 && type <= 223;
}

}  // namespace

LoadCall::LoadCall(const media::DtlsContext& dtls, Random& random, const Setting& setting)
    : setting_(setting),
      user_(dtls, random, {.opus = setting.opus, .pcmu = !setting.opus}),
      phone_to_user_(setting.opus ? kOpusUnits : kPcmuUnits, StreamMeter::Anchor::First),
      user_to_phone_(kPcmuUnits, StreamMeter::Anchor::Marked),
      ssrc_(random.u32()),
      timestamp_(random.u32()),
      sequence_(static_cast<uint16_t>(random.u32())) {
  phone_fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto any = *SocketAddress::parse("127.0.0.1");
  if (::bind(phone_fd_, any.data(), any.size()) == 0) phone_port_ = port_of(phone_fd_);
  stamp_of_last(phone_fd_, clock_);
  stamp_of_last(user_.fd(), clock_);
  user_.on_audio = [this](const test::WebRtcClient::Received& in) {
    phone_to_user_.received(in.rtp.header.timestamp, stamp_of_last(user_.fd(), clock_));
  };
}

LoadCall::~LoadCall() {
  ::close(phone_fd_);
}

std::string LoadCall::phone_offer() const {
  return "v=0\r\no=bench 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " +
         std::to_string(phone_port_) +
         " RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
         "a=fmtp:101 0-16\r\na=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n";
}

bool LoadCall::take_phone_answer(std::string_view sdp) {
  const auto answer = media::wire::Sdp::parse(sdp);
  if (!answer || answer->media.empty() || answer->media.front().port == 0) return false;
  const auto peer = SocketAddress::parse("127.0.0.1", answer->media.front().port);
  phone_answered_ = ::connect(phone_fd_, peer->data(), peer->size()) == 0;
  return phone_answered_;
}

bool LoadCall::take_user_answer(std::string_view sdp, TimePoint now) {
  return user_.take_answer(sdp, now) && user_.sends_opus() == setting_.opus;
}

void LoadCall::send_from_phone() {
  const auto& words = setting_.speaker->pcmu;
  const auto frame = static_cast<size_t>(phone_to_user_.sent_frames());
  const Payload& payload = words[(setting_.position + frame) % words.size()];
  std::array<std::byte, media::wire::kRtpHeaderSize + kFrame> packet;
  media::wire::write_rtp_header(std::span(packet).first<media::wire::kRtpHeaderSize>(),
                                {kPcmu, frame == 0, sequence_++, timestamp_, ssrc_});
  std::ranges::copy(payload, packet.begin() + media::wire::kRtpHeaderSize);
  timestamp_ += kPcmuUnits;
  phone_to_user_.sent(clock_.wall());
  ::send(phone_fd_, packet.data(), packet.size(), MSG_DONTWAIT);
}

void LoadCall::send_from_user(TimePoint now) {
  const auto& words = setting_.opus ? setting_.speaker->opus : setting_.speaker->pcmu;
  const int64_t frame = user_to_phone_.sent_frames();
  const Payload& payload = words[(setting_.position + static_cast<size_t>(frame)) % words.size()];
  user_to_phone_.sent(clock_.wall());
  user_.send_audio(payload, setting_.opus ? kOpusUnits : kPcmuUnits, frame == 0);
  if (frame % kFramesPerTimer == 0) user_.poll(now);
}

void LoadCall::on_phone_readable() {
  std::array<std::byte, 1500> datagram;
  for (;;) {
    const ssize_t n = ::recv(phone_fd_, datagram.data(), datagram.size(), MSG_DONTWAIT);
    if (n <= 0) return;
    const auto packet = std::span(datagram).first(static_cast<size_t>(n));
    if (packet.size() < media::wire::kRtpHeaderSize || is_rtcp(packet)) continue;
    const auto rtp = media::wire::RtpPacket::parse(packet);
    if (rtp && rtp->header.payload_type == kPcmu) {
      user_to_phone_.received(rtp->header.timestamp, stamp_of_last(phone_fd_, clock_),
                              rtp->header.marker);
    }
  }
}

void LoadCall::prepare(double seconds) {
  phone_to_user_.prepare(seconds);
  user_to_phone_.prepare(seconds);
}
void LoadCall::open_window() {
  phone_to_user_.open_window();
  user_to_phone_.open_window();
}
void LoadCall::close_window() {
  phone_to_user_.close_window();
  user_to_phone_.close_window();
}

}  // namespace gw::bench
