#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/net.h"
#include "media/media_types.h"
#include "media/transport/packet.h"
#include "media/transport/srtp_session.h"
#include "media/wire/rtp.h"
#include "media/wire/sdes.h"
#include "media/wire/sdp.h"

namespace gw::test {

// What a desk phone does on the wire, for tests and load generators: SDP, RTP, SDES SRTP. One
// socket; the owner polls. One thread.
class RtpPhone {
 public:
  struct Options {
    std::string formats = "0 101";  // Of the m-line.
    std::string direction = "sendrecv";
    std::optional<media::wire::SrtpSuite> srtp = std::nullopt;
    std::string shown_address = "127.0.0.1";  // In SDP: another one plays a phone behind NAT.
  };
  struct Received {
    media::wire::RtpPacket rtp;  // Points into a buffer that the next datagram overwrites.
    TimePoint at;
    SocketAddress from{};
  };

  RtpPhone(Random& random, Options options) : options_(std::move(options)), random_(random) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    auto any = *SocketAddress::parse("127.0.0.1");
    [[maybe_unused]] const int bound = ::bind(fd_, any.data(), any.size());
    sockaddr_storage local{};
    socklen_t size = sizeof local;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size);
    address_ = SocketAddress(reinterpret_cast<const sockaddr*>(&local), size);
    ssrc_ = random_.u32();
    sequence_ = static_cast<uint16_t>(random_.u32());
    timestamp_ = random_.u32();
    if (options_.srtp) send_key_ = media::wire::new_master(*options_.srtp, random_);
  }
  ~RtpPhone() { ::close(fd_); }
  RtpPhone(const RtpPhone&) = delete;
  RtpPhone& operator=(const RtpPhone&) = delete;

  // An offer, or the answer to one.
  std::string sdp() {
    std::string text = "v=0\r\no=phone 1 " + std::to_string(++versions_) + " IN IP4 " +
                       options_.shown_address + "\r\ns=-\r\nc=IN IP4 " + options_.shown_address +
                       "\r\nt=0 0\r\nm=audio " + std::to_string(address_.port()) +
                       (options_.srtp ? " RTP/SAVP " : " RTP/AVP ") + options_.formats +
                       "\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
                       "a=rtpmap:96 opus/48000/2\r\na=" +
                       options_.direction + "\r\n";
    if (options_.srtp) {
      const auto line = media::wire::crypto_line(1, *options_.srtp, *send_key_);
      text += "a=crypto:1 " + line.suite + " " + line.key_params + "\r\n";
    }
    return text;
  }
  void set_direction(std::string direction) { options_.direction = std::move(direction); }

  // Their offer or answer: where to send, and with what key. False when it is not usable.
  bool take_remote(std::string_view sdp) {
    const auto remote = media::wire::Sdp::parse(sdp);
    if (!remote || remote->media.empty() || remote->media.front().port == 0) return false;
    const media::wire::SdpMedia& audio = remote->media.front();
    const auto* connection = remote->connection_of(audio);
    if (connection == nullptr || audio.payloads.empty()) return false;
    peer_ = SocketAddress::parse(connection->address, audio.port).value_or(SocketAddress());
    payload_type_ = audio.payloads.front().payload_type;
    remote_direction_ = remote->direction_of(audio);
    if (options_.srtp) {
      for (const auto& line : audio.cryptos) {
        const auto usable = media::wire::usable(line);
        if (!usable || usable->suite != *options_.srtp) continue;
        srtp_ = media::SrtpSession::create({usable->suite, *send_key_, usable->master});
      }
      if (!srtp_) return false;
    }
    return !peer_.empty();
  }

  void poll(TimePoint now) {
    for (;;) {
      packet_.clear();
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t n = ::recvfrom(fd_, packet_.room().data(), media::Packet::kMaxDatagram,
                                   MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
      if (n <= 0) return;
      packet_.resize(static_cast<size_t>(n));
      if (srtp_ && !passed(srtp_->unprotect_rtp(packet_))) continue;
      const auto rtp = media::wire::RtpPacket::parse(packet_.data());
      if (rtp && on_audio)
        on_audio({*rtp, now, SocketAddress(reinterpret_cast<const sockaddr*>(&from), size)});
    }
  }

  void send_audio(std::span<const std::byte> payload, uint32_t units) {
    send_rtp(payload_type_, payload, timestamp_, false);
    timestamp_ += units;
  }
  void send_rtp(uint8_t payload_type, std::span<const std::byte> payload, uint32_t timestamp,
                bool marker) {
    send({payload_type, marker, sequence_++, timestamp, ssrc_}, payload);
  }
  // A packet out of turn, for networks that lose and reorder.
  void send_numbered(uint16_t sequence, std::span<const std::byte> payload, uint32_t timestamp) {
    send({payload_type_, false, sequence, timestamp, ssrc_}, payload);
  }

  std::function<void(const Received&)> on_audio;
  int fd() const { return fd_; }
  const SocketAddress& peer() const { return peer_; }
  uint32_t timestamp() const { return timestamp_; }
  void skip(uint32_t units, uint16_t packets = 0) {
    timestamp_ += units;
    sequence_ = static_cast<uint16_t>(sequence_ + packets);
  }
  uint8_t payload_type() const { return payload_type_; }
  media::Direction remote_direction() const { return remote_direction_; }

 private:
  void send(const media::wire::RtpHeader& header, std::span<const std::byte> payload) {
    out_.clear();
    media::wire::write_rtp_header(out_.room().first<media::wire::kRtpHeaderSize>(), header);
    std::copy(payload.begin(), payload.end(), out_.room().begin() + media::wire::kRtpHeaderSize);
    out_.resize(media::wire::kRtpHeaderSize + payload.size());
    if (srtp_ && !srtp_->protect_rtp(out_)) return;
    ::sendto(fd_, out_.data().data(), out_.size(), MSG_DONTWAIT, peer_.data(), peer_.size());
  }

  Options options_;
  Random& random_;
  int fd_ = -1;
  SocketAddress address_, peer_;
  int versions_ = 0;
  uint8_t payload_type_ = 0;
  media::Direction remote_direction_ = media::Direction::SendRecv;
  std::optional<media::wire::SrtpMaster> send_key_;
  std::unique_ptr<media::SrtpSession> srtp_;
  uint32_t ssrc_ = 0, timestamp_ = 0;
  uint16_t sequence_ = 0;
  media::Packet packet_, out_;
};

}  // namespace gw::test
