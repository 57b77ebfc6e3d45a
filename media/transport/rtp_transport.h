#pragma once

#include <array>
#include <memory>
#include <optional>

#include "media/transport/counters.h"
#include "media/transport/dtls_keying.h"
#include "media/transport/source_latch.h"
#include "media/transport/srtp_session.h"
#include "media/transport/transport.h"
#include "media/wire/offer_answer.h"

namespace gw::media {

// A phone's or trunk's network: a pair of sockets of its own for RTP and RTCP (or one with
// rtcp-mux), symmetric RTP, SRTP if negotiated: with keys of SDES, or of DTLS on the same ports.
// Owned by the worker's session; its thread.
class RtpTransport final : public Transport, public DtlsReceiver {
 public:
  struct Wiring {
    DatagramSink& rtp;
    DatagramSink& rtcp;
    MediaCounters& counters;
    TransportObserver& observer;
    const DtlsContext& dtls;
  };

  explicit RtpTransport(const Wiring& wiring);

  // After each negotiation.
  void set_remote(const wire::StreamParameters& parameters, TimePoint now);
  void reopen_latch(TimePoint now);

  void receive_on_rtp(PacketPtr& packet, TimePoint now);   // Packet path.
  void receive_on_rtcp(PacketPtr& packet, TimePoint now);  // Packet path.

  // Whether a DTLS datagram is worth a place in the worker's queue. Packet path.
  bool takes_dtls(const SocketAddress& from, const DatagramSink& via, TimePoint now) const;
  void receive_dtls(PacketPtr& packet, DatagramSink& via, TimePoint now) override;

  bool send_rtp(Packet& packet, TimePoint now) override;
  bool send_rtcp(Packet& packet, TimePoint now) override;
  bool ready() const override;
  TimePoint on_timer(TimePoint now) override;
  void close();  // close_notify, when DTLS is spoken.

  uint64_t refused_sources() const { return refused_sources_; }

 private:
  bool use_keys(const SrtpKeys& keys);
  void use_dtls(const wire::RemoteDtls& remote, TimePoint now);
  bool encrypted() const { return sdes_ || dtls_rtp_; }
  SrtpSession* rtp_keys() const;
  SrtpSession* rtcp_keys() const;
  void after_dtls(DtlsKeying& keying, DtlsKeying::Change change, TimePoint now);
  void receive_rtp(PacketPtr& packet, TimePoint now);
  void receive_rtcp(Packet& packet, SourceLatch& latch, SrtpSession* keys, TimePoint now);
  bool admit(const Packet& packet, const SourceLatch& latch, TimePoint now);
  bool from_peer(const Packet& packet) const;
  bool genuine(Packet& packet);
  bool decrypted(SrtpVerdict verdict);
  bool plausible(const Packet& packet) const;
  std::string_view suite_name() const;

  DatagramSink& rtp_;
  DatagramSink& rtcp_;
  MediaCounters& counters_;
  TransportObserver& observer_;
  const DtlsContext& context_;

  bool negotiated_ = false;
  bool mux_ = false;
  std::optional<wire::SdesPair> sdes_;
  // One a suite, kept as long as the leg lives, also while SRTP is off: our key of a suite is the
  // same in every offer, and its rollover counter must not begin again.
  std::array<std::unique_ptr<SrtpSession>, 4> sessions_;
  SrtpSession* srtp_ = nullptr;
  // RFC 5764 3: RTP and RTCP that do not share a pair of ports have an association each.
  std::unique_ptr<DtlsKeying> dtls_rtp_, dtls_rtcp_;
  std::array<bool, 128> payload_types_{};  // What may arrive.

  SourceLatch rtp_latch_, rtcp_latch_;
  bool connected_ = false;
  uint64_t refused_sources_ = 0;
};

}  // namespace gw::media
