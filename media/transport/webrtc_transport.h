#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "media/transport/counters.h"
#include "media/transport/dtls.h"
#include "media/transport/ice_lite.h"
#include "media/transport/path_probe.h"
#include "media/transport/srtp_session.h"
#include "media/transport/transport.h"

namespace gw::media {

class WebRtcTransport;

// The worker's tables that lead from a datagram on a shared socket to the transport it is for.
class WebRtcDirectory {
 public:
  virtual ~WebRtcDirectory() = default;
  virtual void add_address(const SocketAddress& from, WebRtcTransport& transport) = 0;
  // Only if it still leads to this transport: another may have proven the address since.
  virtual void remove_address(const SocketAddress& from, WebRtcTransport& transport) = 0;
  virtual void add_ufrag(const std::string& ufrag, WebRtcTransport& transport) = 0;
  virtual void remove_ufrag(const std::string& ufrag) = 0;
  // Media of this source from an address that leads nowhere is this transport's to look at. The
  // first to claim an SSRC keeps it: they are random, and who claims another's gains nothing.
  virtual void add_ssrc(uint32_t ssrc, WebRtcTransport& transport) = 0;
  virtual void remove_ssrc(uint32_t ssrc, WebRtcTransport& transport) = 0;
};

// A browser's network: ICE-lite, DTLS-SRTP, RTP and RTCP on one 5-tuple of a socket that all
// browsers of the worker share, or on a TCP connection of its own. DTLS counts only from addresses
// that passed an ICE check. SRTP that is authentic and no replay is heard wherever it comes from,
// so that sound goes on when a NAT gives the browser another address; what we send follows only
// once that address has passed a check, theirs or ours (PathProbe). Owned by the worker's session;
// its thread.
class WebRtcTransport final : public Transport, public DtlsReceiver {
 public:
  // A browser with Wi-Fi, cable and VPN checks from six.
  static constexpr size_t kMaxAddresses = 8;

  struct Wiring {
    const DtlsContext& dtls;
    WebRtcDirectory& directory;
    MediaCounters& counters;
    TransportObserver& observer;
    Random& random;
  };

  WebRtcTransport(const Wiring& wiring, wire::IceCredentials local, TimePoint now);
  ~WebRtcTransport() override;

  // After each negotiation: the peer's certificate, our DTLS role. Another fingerprint is another
  // browser (a page that was loaded again): DTLS begins anew.
  void set_remote(const wire::RemoteDtls& remote, TimePoint now);
  void set_peer_ice(const wire::IceCredentials& peers) { peers_ice_ = peers; }
  // The peer restarted ICE and was given new credentials.
  void restart_ice(wire::IceCredentials local, TimePoint now);

  // `via` is the socket that the datagram came by: the answer leaves by it.
  void receive(PacketPtr& packet, DatagramSink& via, TimePoint now);  // Packet path.
  void receive_dtls(PacketPtr& packet, DatagramSink& via, TimePoint now) override;

  bool send_rtp(Packet& packet, TimePoint now) override;
  bool send_rtcp(Packet& packet, TimePoint now) override;
  bool ready() const override { return srtp_ != nullptr && !lost_ && !ice_.peer().empty(); }
  TimePoint on_timer(TimePoint now) override;

  // Its call goes to another worker. The socket stays where it is; `enter` says how the new worker
  // sends by it, and whom it tells of addresses.
  void leave_directory() { directory_ = nullptr; }
  void enter(WebRtcDirectory& directory, DatagramSink& v4, DatagramSink* v6);
  void enlist();  // Every address and ufrag again.

  void close();  // close_notify, so that the browser need not wait.
  // A connection ended: nothing leaves by it any more.
  void on_gone(DatagramSink& via);
  bool knows(DatagramSink& via, const SocketAddress& from) const;

 private:
  struct Path {
    DatagramSink* via = nullptr;
    SocketAddress peer;
    bool operator==(const Path&) const = default;
  };

  void receive_check(Packet& packet, DatagramSink& via, TimePoint now);
  void receive_rtp(PacketPtr& packet, DatagramSink& via, TimePoint now);
  void receive_rtcp(Packet& packet, DatagramSink& via, TimePoint now);
  void heard_from(const Path& path, uint32_t ssrc, TimePoint now);
  void stop_probing();
  void use(const Path& path);
  void remember(const Path& path);
  void forget(Path& path);
  void after_step(DtlsSession::State before, TimePoint now);
  bool decrypted(SrtpVerdict verdict);

  const DtlsContext& context_;
  WebRtcDirectory* directory_;  // Null on its way to another worker.
  MediaCounters& counters_;
  TransportObserver& observer_;

  IceLite ice_;
  wire::IceCredentials peers_ice_;
  PathProbe probe_;
  DatagramSink* sink_ = nullptr;  // The socket of the nominated pair.
  wire::RemoteDtls remote_;
  std::unique_ptr<DtlsSession> dtls_;
  std::unique_ptr<SrtpSession> srtp_;

  // Proven by ICE checks, the oldest overwritten first.
  std::array<Path, kMaxAddresses> paths_;
  size_t next_path_ = 0;
  std::optional<uint32_t> ssrc_;  // That the directory knows.
  bool lost_ = false;
};

}  // namespace gw::media
