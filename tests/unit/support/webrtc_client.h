#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/net.h"
#include "base/random.h"
#include "media/transport/dtls.h"
#include "media/transport/srtp_session.h"
#include "media/wire/demux.h"
#include "media/wire/framing.h"
#include "media/wire/rtp.h"
#include "media/wire/sdp.h"
#include "media/wire/stun.h"

namespace gw::test {

// What a browser does on the wire, for tests and load generators: offers, checks (ICE, full side,
// controlling), does DTLS as the active end, sends and receives SRTP. One socket; the owner polls.
// One thread.
class WebRtcClient final : public media::DatagramSink {
 public:
  struct Options {
    std::string bind = "127.0.0.1";
    bool opus = true;  // Offered before PCMU.
    bool pcmu = true;
    std::string direction = "sendrecv";
    bool tcp = false;  // Uses the answer's passive TCP candidate (RFC 6544).
  };
  struct Received {
    media::wire::RtpPacket rtp;  // Points into a buffer that the next datagram overwrites.
    TimePoint at;
  };

  WebRtcClient(const media::DtlsContext& dtls, Random& random, Options options)
      : dtls_context_(dtls), random_(random), options_(std::move(options)) {
    open();
    restart_ice();
    ssrc_ = random_.u32();
    sequence_ = static_cast<uint16_t>(random_.u32() & 0x7fff);
  }
  ~WebRtcClient() override { ::close(fd_); }
  WebRtcClient(const WebRtcClient&) = delete;
  WebRtcClient& operator=(const WebRtcClient&) = delete;

  // Another network: a new socket, and so a new source address; checks begin at once.
  void change_network(TimePoint now) {
    next_check_ = now;
    if (options_.tcp) {
      connect_to(peer_);
      send_check();  // The first thing on a connection.
      return;
    }
    ::close(fd_);
    open();
  }
  // New ICE credentials for the next offer.
  void restart_ice() {
    ufrag_ = random_.alphanumeric(4);
    pwd_ = random_.alphanumeric(24);
  }

  std::string offer() {
    std::string formats, lines;
    if (options_.opus) {
      formats += " 111";
      lines += "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";
    }
    if (options_.pcmu) {
      formats += " 0";
      lines += "a=rtpmap:0 PCMU/8000\r\n";
    }
    return "v=0\r\no=- 4611686018427387904 " + std::to_string(++offers_) +
           " IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
           "m=audio 9 UDP/TLS/RTP/SAVPF" +
           formats +
           " 126\r\nc=IN IP4 0.0.0.0\r\n"
           "a=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:" +
           ufrag_ + "\r\na=ice-pwd:" + pwd_ +
           "\r\na=ice-options:trickle\r\na=fingerprint:sha-256 " +
           dtls_context_.fingerprint().value +
           "\r\na=setup:actpass\r\na=mid:0\r\na=" + options_.direction + "\r\na=rtcp-mux\r\n" +
           lines + "a=rtpmap:126 telephone-event/8000\r\na=ssrc:" + std::to_string(ssrc_) +
           " cname:test\r\n";
  }
  void set_direction(std::string direction) { options_.direction = std::move(direction); }

  // False when the answer is not usable.
  bool take_answer(std::string_view sdp, TimePoint now) {
    const auto answer = media::wire::Sdp::parse(sdp);
    if (!answer || answer->media.empty()) return false;
    const media::wire::SdpMedia& audio = answer->media.front();
    if (audio.port == 0 || audio.candidates.empty() || audio.payloads.empty()) return false;
    const auto chosen = std::ranges::find_if(audio.candidates, [this](const auto& c) {
      const auto address = SocketAddress::parse(c.address);
      return (c.tcptype == "passive") == options_.tcp && address && address->v6() == v6();
    });
    if (chosen == audio.candidates.end()) return false;
    const auto& candidate = *chosen;
    const auto peer = SocketAddress::parse(candidate.address, candidate.port);
    if (!peer) return false;
    if (options_.tcp && peer_ != *peer && !connect_to(*peer)) return false;
    peer_ = *peer;
    payload_type_ = audio.payloads.front().payload_type;
    payload_is_opus_ = audio.payloads.front().is("opus", 48000);
    peer_ufrag_ = audio.ice_ufrag.empty() ? answer->ice_ufrag : audio.ice_ufrag;
    peer_pwd_ = audio.ice_pwd.empty() ? answer->ice_pwd : audio.ice_pwd;
    direction_ = answer->direction_of(audio);
    const auto& prints = audio.fingerprints.empty() ? answer->fingerprints : audio.fingerprints;
    if (!dtls_) {
      dtls_ = std::make_unique<media::DtlsSession>(dtls_context_, media::DtlsSession::Role::Active,
                                                   prints, now);
    }
    next_check_ = now;
    return true;
  }

  // Checks, DTLS timers, and everything that has arrived. Audio goes to on_audio.
  void poll(TimePoint now) {
    if (peer_.empty()) return;
    if (now >= next_check_) {
      send_check();
      next_check_ = now + (connected() ? Duration(2500ms) : Duration(50ms));
    }
    if (dtls_ && checked_) dtls_->on_timer(now);
    while (options_.tcp ? next_frame() : next_datagram()) receive(now);
  }

  bool connected() const { return srtp_ != nullptr; }
  bool failed() const { return dtls_ && dtls_->state() == media::DtlsSession::State::Failed; }
  int fd() const { return fd_; }
  bool sends_opus() const { return payload_is_opus_; }
  media::Direction direction() const { return direction_; }  // As the answer's writer sees it.

  // One packet of the negotiated codec; `units` is what it adds to the RTP clock.
  bool send_audio(std::span<const std::byte> payload, uint32_t units, bool marker = false) {
    const bool sent = send_rtp(payload_type_, payload, timestamp_, marker);
    timestamp_ += units;
    return sent;
  }
  bool send_rtp(uint8_t payload_type, std::span<const std::byte> payload, uint32_t timestamp,
                bool marker) {
    if (!srtp_) return false;
    out_.clear();
    media::wire::RtpHeader header{payload_type, marker, sequence_++, timestamp, ssrc_};
    media::wire::write_rtp_header(out_.room().first<media::wire::kRtpHeaderSize>(), header);
    std::copy(payload.begin(), payload.end(), out_.room().begin() + media::wire::kRtpHeaderSize);
    out_.resize(media::wire::kRtpHeaderSize + payload.size());
    if (!srtp_->protect_rtp(out_)) return false;
    send(out_.data(), peer_);
    return true;
  }
  void skip_audio(uint32_t units, uint16_t packets = 1) {
    timestamp_ += units;
    sequence_ = static_cast<uint16_t>(sequence_ + packets);
  }
  void check_at(TimePoint time) { next_check_ = time; }

  void send(std::span<const std::byte> datagram, const SocketAddress& to) override {
    if (options_.tcp) {
      std::array<std::byte, media::wire::kFrameHeader + 1600> frame;
      media::wire::write_frame_header(std::span(frame).first<media::wire::kFrameHeader>(),
                                      static_cast<uint16_t>(datagram.size()));
      std::ranges::copy(datagram, frame.begin() + media::wire::kFrameHeader);
      ::send(fd_, frame.data(), media::wire::kFrameHeader + datagram.size(), MSG_NOSIGNAL);
      return;
    }
    ::sendto(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT, to.data(), to.size());
  }

  std::function<void(const Received&)> on_audio;
  uint64_t rtcp_received = 0, checks_answered = 0;
  uint32_t timestamp() const { return timestamp_; }

 private:
  bool v6() const { return options_.bind.find(':') != std::string::npos; }
  void open() {
    fd_ = ::socket(v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    auto any = *SocketAddress::parse(options_.bind);
    [[maybe_unused]] const int bound = ::bind(fd_, any.data(), any.size());
  }
  bool connect_to(const SocketAddress& peer) {
    ::close(fd_);
    fd_ = ::socket(peer.v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    stream_.clear();
    return ::connect(fd_, peer.data(), peer.size()) == 0;
  }
  bool next_datagram() {
    packet_.clear();
    const ssize_t n = ::recv(fd_, packet_.room().data(), media::Packet::kMaxDatagram, MSG_DONTWAIT);
    if (n <= 0) return false;
    packet_.resize(static_cast<size_t>(n));
    return true;
  }
  bool next_frame() {
    std::array<std::byte, 4096> block;
    const ssize_t n = ::recv(fd_, block.data(), block.size(), MSG_DONTWAIT);
    if (n > 0) stream_.insert(stream_.end(), block.begin(), block.begin() + n);
    const auto size = media::wire::frame_size(stream_);
    if (!size || stream_.size() < media::wire::kFrameHeader + *size) return false;
    packet_.clear();
    const auto begin = stream_.begin() + media::wire::kFrameHeader;
    const auto end = begin + static_cast<ptrdiff_t>(*size);
    std::copy(begin, end, packet_.room().begin());
    packet_.resize(*size);
    stream_.erase(stream_.begin(), end);
    return true;
  }
  void send_check() {
    std::array<std::byte, 256> out;
    media::wire::StunRequest request;
    random_.fill(request.transaction);
    const std::string username = peer_ufrag_ + ":" + ufrag_;
    request.username = username;
    request.password = peer_pwd_;
    request.use_candidate = true;
    request.controlling = 1;
    const size_t size = media::wire::write_stun_request(out, request);
    send(std::span(out).first(size), peer_);
  }

  // Theirs: full agents check too, and we answer a lite one that asks.
  void answer_check(const media::wire::StunMessage& check) {
    if (!check.authentic(pwd_) || !check.username.starts_with(ufrag_ + ":")) return;
    std::array<std::byte, 256> out;
    const size_t size = media::wire::write_stun_success(out, check.transaction, peer_, pwd_);
    send(std::span(out).first(size), peer_);
  }

  void receive(TimePoint now) {
    switch (media::wire::kind_of(packet_.data())) {
      case media::wire::PacketKind::Stun: {
        const auto message = media::wire::StunMessage::parse(packet_.data());
        if (message && message->type == media::wire::StunType::BindingRequest) {
          answer_check(*message);
          return;
        }
        const bool ok = message && message->type == media::wire::StunType::BindingSuccess &&
                        message->authentic(peer_pwd_);
        if (!ok) return;
        ++checks_answered;
        if (checked_) return;
        checked_ = true;
        dtls_->set_path(this, peer_);
        dtls_->connect(now);
        return;
      }
      case media::wire::PacketKind::Dtls:
        if (!dtls_) return;
        dtls_->receive(packet_.data(), now);
        if (const auto keys = dtls_->take_keys()) srtp_ = media::SrtpSession::create(*keys);
        return;
      case media::wire::PacketKind::Rtp: {
        if (!srtp_ || !passed(srtp_->unprotect_rtp(packet_))) return;
        const auto rtp = media::wire::RtpPacket::parse(packet_.data());
        if (rtp && on_audio) on_audio({*rtp, now});
        return;
      }
      case media::wire::PacketKind::Rtcp:
        if (srtp_ && srtp_->unprotect_rtcp(packet_) == media::SrtpVerdict::Ok) ++rtcp_received;
        return;
      case media::wire::PacketKind::Unknown: return;
    }
  }

  const media::DtlsContext& dtls_context_;
  Random& random_;
  Options options_;
  int fd_ = -1;
  std::vector<std::byte> stream_;  // Of TCP: what is not a whole frame yet.
  std::string ufrag_, pwd_, peer_ufrag_, peer_pwd_;
  SocketAddress peer_;
  int offers_ = 0;
  bool checked_ = false;
  TimePoint next_check_ = TimePoint::max();
  std::unique_ptr<media::DtlsSession> dtls_;
  std::unique_ptr<media::SrtpSession> srtp_;
  media::Direction direction_ = media::Direction::SendRecv;
  uint8_t payload_type_ = 111;
  bool payload_is_opus_ = true;
  uint32_t ssrc_ = 0, timestamp_ = 0;
  uint16_t sequence_ = 0;
  media::Packet packet_, out_;
};

}  // namespace gw::test
