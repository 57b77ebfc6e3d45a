#include "media/engine/media_engine.h"

#include <algorithm>
#include <thread>

#include "media/codec/codec.h"
#include "media/engine/media_engine_impl.h"
#include "media/tone/comfort_noise.h"

namespace gw::media {
namespace {

constexpr int kWebRtcBuffer = 4 * 1024 * 1024;   // The default holds 3 ms of 1,000 users.
constexpr unsigned kFreePortTries = 16;          // A port that is free for UDP may not be for TCP.
constexpr size_t kUfragSize = 8, kPwdSize = 24;  // RFC 8445 5.3 asks for 24 and 128 bits at least.

// What the other leg can hear. When it speaks Opus too nobody here decodes, so nothing is asked.
uint32_t opus_rate_toward(Codec other_leg) {
  return other_leg == Codec::Opus ? descriptor(Codec::Opus).rtp_clock : natural_rate(other_leg);
}

}  // namespace

Result<std::unique_ptr<MediaEngine>> MediaEngine::start(MediaConfig config, const Clock& clock,
                                                        Random& random, Metrics& metrics, Log log,
                                                        EventSink events) {
  auto engine = std::make_unique<MediaEngineImpl>(std::move(config), clock, random, log);
  if (auto started = engine->start_workers(metrics, events); !started) {
    return tl::unexpected(started.error());
  }
  return engine;
}

MediaEngineImpl::MediaEngineImpl(MediaConfig config, const Clock& clock, Random& random, Log log)
    : config_(std::move(config)),
      clock_(clock),
      random_(random),
      log_(std::move(log)),
      ports_pool_(config_.port_low, config_.port_high, {.dscp = config_.dscp}, clock, random),
      main_{config_.address, config_.advertise, &ports_pool_, nullptr} {
  for (const MediaNetwork& network : config_.networks) {
    Place& made = networks_[network.name];
    made = {network.address, network.advertise, &ports_pool_, nullptr};
    if (network.port_high == 0) continue;
    made.own = std::make_unique<PortPool>(network.port_low, network.port_high,
                                          UdpSocket::Options{.dscp = config_.dscp}, clock, random);
    made.pool = made.own.get();
  }
}

const MediaEngineImpl::Place* MediaEngineImpl::place(const std::string& network) const {
  if (network.empty()) return &main_;
  const auto found = networks_.find(network);
  return found == networks_.end() ? nullptr : &found->second;
}

MediaEngineImpl::~MediaEngineImpl() {
  // All, before the first is destroyed: they send by each other's sockets.
  for (const auto& worker : workers_) worker->stop();
}

Result<void> MediaEngineImpl::start_workers(Metrics& metrics, const EventSink& events) {
  if (config_.address.empty() || (config_.address.any() && config_.advertise.empty())) {
    return fail(ErrorCode::InvalidArgument,
                "media.address: SDP needs an address that peers reach; give one, or `advertise`");
  }
  const Place* browsers = place(config_.webrtc_network);
  if (browsers == nullptr) {
    return fail(ErrorCode::InvalidArgument, "there is no network " + config_.webrtc_network);
  }
  opus_noise(kNoNoise, 0);  // Encoded now, not in the middle of a call.
  auto dtls = DtlsContext::create();
  if (!dtls) return tl::unexpected(dtls.error());
  dtls_ = std::move(*dtls);
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const unsigned count = config_.workers > 0 ? config_.workers : cores;
  for (unsigned i = 0; i < count; ++i) {
    auto webrtc = bind_webrtc(browsers->address, i);
    if (!webrtc) return tl::unexpected(webrtc.error());
    WebRtcSockets webrtc6;
    if (config_.address6) {
      auto bound = bind_webrtc(*config_.address6, i);
      if (!bound) return tl::unexpected(bound.error());
      webrtc6 = std::move(*bound);
    }
    counters_.push_back(std::make_shared<MediaCounters>());
    workers_.push_back(std::make_unique<MediaWorker>(MediaWorker::Setup{
        i, config_, std::move(webrtc->udp), std::move(webrtc6.udp), std::move(webrtc->tcp),
        std::move(webrtc6.tcp), *dtls_, clock_, random_, log_, events, counters_.back()}));
    load_.push_back(0);
    pulses_.emplace_back();
  }
  register_metrics(metrics);
  std::vector<MediaWorker*> all;
  for (const auto& worker : workers_) all.push_back(worker.get());
  for (const auto& worker : workers_) worker->meet(all);
  for (const auto& worker : workers_) worker->start();
  return {};
}

Result<MediaEngineImpl::WebRtcSockets> MediaEngineImpl::bind_webrtc(const SocketAddress& address,
                                                                    unsigned index) {
  SocketAddress at = address;
  // A fixed port a worker; one that somebody else holds is stepped over.
  const unsigned low = config_.webrtc_low;
  const unsigned high = low == 0 ? kFreePortTries : std::max<unsigned>(low, config_.webrtc_high);
  Error last{ErrorCode::Exhausted, "media.webrtc_ports: fewer ports than workers"};
  for (unsigned port = low == 0 ? 0 : low + index; port <= high; ++port) {
    at.set_port(static_cast<uint16_t>(low == 0 ? 0 : port));
    auto sockets = bind_both(at);
    if (!sockets) {
      last = sockets.error();
      continue;
    }
    const UdpSocket& udp = *sockets->udp;
    if (udp.receive_buffer() < kWebRtcBuffer) {
      log_.warn("granted a small receive buffer", {{"socket", udp.address().to_string()},
                                                   {"bytes", udp.receive_buffer()},
                                                   {"asked", kWebRtcBuffer},
                                                   {"remedy", "sysctl net.core.rmem_max"}});
    }
    return sockets;
  }
  return tl::unexpected(last);
}

Result<MediaEngineImpl::WebRtcSockets> MediaEngineImpl::bind_both(SocketAddress address) {
  auto udp = UdpSocket::bind(address, {config_.dscp, kWebRtcBuffer, true});
  if (!udp) return tl::unexpected(udp.error());
  address.set_port((*udp)->address().port());
  auto tcp = TcpListener::bind(address, config_.dscp);
  if (!tcp) return tl::unexpected(tcp.error());
  return WebRtcSockets{std::move(*udp), std::move(*tcp)};
}

void MediaEngineImpl::tell(MediaWorker& worker, MediaCommand command) {
  if (!wakes_later_) {
    worker.post(std::move(command));
    return;
  }
  worker.post_quietly(std::move(command));
  to_wake_ = true;
}

void MediaEngineImpl::wake_workers() {
  wakes_later_ = true;
  if (!std::exchange(to_wake_, false)) return;
  for (const auto& worker : workers_) worker->wake();
}

MediaEngineImpl::Session* MediaEngineImpl::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

MediaEngineImpl::Port* MediaEngineImpl::find(PortId id) {
  const auto found = ports_.find(id);
  return found == ports_.end() ? nullptr : &found->second;
}

Result<MediaEngineImpl::Port*> MediaEngineImpl::negotiating(PortId id) {
  Port* port = find(id);
  if (port == nullptr) return fail(ErrorCode::NotFound, "no such media port");
  if (!port->negotiation)
    return fail(ErrorCode::Conflict, "a port without a network negotiates nothing");
  return port;
}

SessionId MediaEngineImpl::open_session() {
  const auto least = std::min_element(load_.begin(), load_.end());
  const SessionId id{next_session_++};
  sessions_[id].worker = static_cast<size_t>(least - load_.begin());
  ++*least;
  update_gauges();
  return id;
}

void MediaEngineImpl::close_session(SessionId id) {
  Session* session = find(id);
  if (session == nullptr) return;
  const std::vector<PortId> ports = session->ports;
  for (const PortId port : ports) remove_port(port);
  --load_[session->worker];
  sessions_.erase(id);
  update_gauges();
}

SocketAddress MediaEngineImpl::advertised(const SocketAddress& bound,
                                          const std::string& advertise) {
  if (advertise.empty()) return bound;
  const auto shown = SocketAddress::parse(advertise, bound.port());
  return shown && shown->v6() == bound.v6() ? *shown : bound;
}

PortId MediaEngineImpl::add(SessionId id, Session& session, Port port) {
  const PortId made{next_port_++};
  port.session = id;
  port.worker = session.worker;
  session.ports.push_back(made);
  ports_.emplace(made, std::move(port));
  update_gauges();
  return made;
}

Result<PortId> MediaEngineImpl::add_phone_port(SessionId id, const PhonePortSpec& spec) {
  Session* session = find(id);
  if (session == nullptr) return fail(ErrorCode::NotFound, "no such media session");
  const Place* at = place(spec.network);
  if (at == nullptr) {
    return fail(ErrorCode::InvalidArgument,
                "there is no network " + spec.network + " since the start");
  }
  const bool v6 = spec.network.empty() && spec.prefer_v6 && config_.address6.has_value();
  auto sockets = at->pool->take(v6 ? *config_.address6 : at->address);
  if (!sockets) return tl::unexpected(sockets.error());

  wire::LocalStream local;
  local.kind = wire::PeerKind::Phone;
  local.codecs = spec.codecs;
  local.rtp = advertised(sockets->rtp->address(), at->advertise);
  local.srtp = spec.srtp;
  local.fingerprint = dtls_->fingerprint();
  local.offer_crypto = spec.offer_crypto;
  local.events = spec.dtmf == DtmfMode::Auto || spec.dtmf == DtmfMode::Rfc4733;
  local.ssrc = random_.u32();
  local.cname = random_.alphanumeric(16);  // RFC 7022: says nothing of who or where.
  Port port;
  port.negotiation = std::make_unique<wire::OfferAnswer>(local, random_);
  port.board = std::make_shared<PortBoard>();
  port.rtp_port = sockets->rtp->address().port();
  port.pool = at->pool;
  const std::shared_ptr<PortBoard> board = port.board;
  const PortId made = add(id, *session, std::move(port));
  tell(*workers_[session->worker], AddPhonePort{made, id, std::move(*sockets), local.ssrc,
                                                local.cname, spec.dtmf, spec.playout, board});
  return made;
}

wire::IceCredentials MediaEngineImpl::new_ice() {
  return {random_.alphanumeric(kUfragSize), random_.alphanumeric(kPwdSize)};
}

Result<PortId> MediaEngineImpl::add_browser_port(SessionId id, const BrowserPortSpec& spec) {
  Session* session = find(id);
  if (session == nullptr) return fail(ErrorCode::NotFound, "no such media session");
  MediaWorker& carrier = *workers_[session->worker];
  wire::LocalStream local;
  local.kind = wire::PeerKind::Browser;
  local.codecs = spec.codecs;
  local.rtp = advertised(carrier.webrtc_address(), place(config_.webrtc_network)->advertise);
  local.tcp_candidates.push_back(local.rtp);
  if (carrier.webrtc6() != nullptr) {
    local.candidates.push_back(carrier.webrtc6()->address());
    local.tcp_candidates.push_back(carrier.webrtc6()->address());
  }
  local.ice = new_ice();
  local.fingerprint = dtls_->fingerprint();
  local.ssrc = random_.u32();
  local.cname = random_.alphanumeric(16);
  Port port;
  port.negotiation = std::make_unique<wire::OfferAnswer>(local, random_);
  port.board = std::make_shared<PortBoard>();
  const std::shared_ptr<PortBoard> board = port.board;
  const PortId made = add(id, *session, std::move(port));
  tell(carrier, AddBrowserPort{made, id, local.ice, local.ssrc, local.cname, board});
  return made;
}

// One that negotiates nothing: it is there as soon as its worker has it.
template <class Command>
Result<PortId> MediaEngineImpl::add_local_port(SessionId id, Command command) {
  Session* session = find(id);
  if (session == nullptr) return fail(ErrorCode::NotFound, "no such media session");
  Port port;
  port.board = std::make_shared<PortBoard>();
  command.board = port.board;
  command.session = id;
  const PortId made = add(id, *session, std::move(port));
  command.port = made;
  tell(*workers_[session->worker], std::move(command));
  return made;
}

Result<PortId> MediaEngineImpl::add_echo_port(SessionId id, const EchoPortSpec&) {
  return add_local_port(id, AddEchoPort{});
}

Result<PortId> MediaEngineImpl::add_stream_port(SessionId id, const StreamPortSpec& spec,
                                                std::shared_ptr<PcmStream> stream) {
  AddStreamPort command;
  command.spec = spec;
  command.stream = std::move(stream);
  return add_local_port(id, std::move(command));
}

Result<PortId> MediaEngineImpl::add_clip_port(SessionId id, const ClipPortSpec&) {
  return add_local_port(id, AddClipPort{});
}

void MediaEngineImpl::play_clip(PortId id, ClipOrder order) {
  if (Port* port = find(id)) tell(worker(*port), PlayClip{id, std::move(order)});
}

void MediaEngineImpl::remove_port(PortId id) {
  Port* port = find(id);
  if (port == nullptr) return;
  tell(worker(*port), RemovePort{id});
  if (port->pool != nullptr) port->pool->give_back(port->rtp_port);
  if (Session* session = find(port->session)) std::erase(session->ports, id);
  ports_.erase(id);
  update_gauges();
}

void MediaEngineImpl::apply(PortId id, Port& port) {
  tell(worker(port), ApplyNegotiation{id, *port.negotiation->negotiated()});
}

Result<std::string> MediaEngineImpl::make_offer(PortId id, Direction direction,
                                                std::vector<Codec> codecs_first) {
  auto port = negotiating(id);
  if (!port) return tl::unexpected(port.error());
  return (*port)->negotiation->make_offer(direction, codecs_first);
}

Result<Negotiated> MediaEngineImpl::accept_answer(PortId id, std::string_view sdp) {
  auto port = negotiating(id);
  if (!port) return tl::unexpected(port.error());
  const auto parameters = (*port)->negotiation->accept_answer(sdp);
  if (!parameters) return tl::unexpected(parameters.error());
  apply(id, **port);
  return describe(**port, *parameters);
}

Result<RemoteOffer> MediaEngineImpl::accept_offer(PortId id, std::string_view sdp) {
  auto port = negotiating(id);
  if (!port) return tl::unexpected(port.error());
  const auto summary = (*port)->negotiation->accept_offer(sdp);
  if (!summary) return tl::unexpected(summary.error());
  (*port)->ice_restart = summary->ice_restart;
  return RemoteOffer{summary->codecs, summary->direction, summary->held};
}

Result<std::string> MediaEngineImpl::make_answer(PortId id, Direction direction,
                                                 std::vector<Codec> codecs_first) {
  auto found = negotiating(id);
  if (!found) return tl::unexpected(found.error());
  Port& port = **found;
  wire::OfferAnswer& negotiation = *port.negotiation;
  // RFC 8445 9: a restart needs new credentials of both sides.
  const wire::IceCredentials before = negotiation.local().ice;
  if (port.ice_restart) negotiation.set_local_ice(new_ice());
  auto answer = negotiation.make_answer(direction, codecs_first);
  if (!answer) {
    negotiation.set_local_ice(before);
    return answer;
  }
  if (std::exchange(port.ice_restart, false)) {
    tell(worker(port), RestartIce{id, negotiation.local().ice});
  }
  apply(id, port);
  return answer;
}

void MediaEngineImpl::expect_other_leg(PortId id, Codec codec) {
  Port* port = find(id);
  if (port != nullptr && port->negotiation)
    port->negotiation->set_opus_rate(opus_rate_toward(codec));
}

void MediaEngineImpl::rollback(PortId id) {
  Port* port = find(id);
  if (port == nullptr || !port->negotiation) return;
  port->negotiation->rollback();
  port->ice_restart = false;
}

Negotiated MediaEngineImpl::describe(const Port& port,
                                     const wire::StreamParameters& parameters) const {
  Negotiated result;
  if (!parameters.codecs.empty()) result.codec = parameters.codecs.front().codec;
  result.direction = parameters.direction;
  result.remote_held = parameters.remote_held;
  result.telephone_event = !parameters.events.empty();
  result.ptime = parameters.ptime;
  if (parameters.sdes) result.srtp = wire::to_string(parameters.sdes->suite);
  if (parameters.dtls) result.srtp = port.board->read().srtp;
  return result;
}

std::optional<Negotiated> MediaEngineImpl::negotiated(PortId id) const {
  const auto found = ports_.find(id);
  if (found == ports_.end() || !found->second.negotiation) return std::nullopt;
  const wire::StreamParameters* parameters = found->second.negotiation->negotiated();
  if (parameters == nullptr) return std::nullopt;
  return describe(found->second, *parameters);
}

void MediaEngineImpl::connect(PortId a, PortId b) {
  Port* first = find(a);
  Port* second = find(b);
  if (first == nullptr || second == nullptr || first->session != second->session) return;
  tell(worker(*first), ConnectPorts{a, b});
}

void MediaEngineImpl::join(PortId id) {
  if (Port* port = find(id)) tell(worker(*port), JoinPort{id});
}

void MediaEngineImpl::merge(SessionId into_id, SessionId from_id) {
  Session* into = find(into_id);
  Session* from = find(from_id);
  if (into == nullptr || from == nullptr || into == from) return;
  // The call that has fewer ports moves.
  if (from->ports.size() <= into->ports.size()) {
    move(from_id, static_cast<unsigned>(into->worker));
  } else {
    move(into_id, static_cast<unsigned>(from->worker));
  }
  tell(*workers_[into->worker], MergeSessions{into_id, from_id});
  for (const PortId id : from->ports) {
    ports_.at(id).session = into_id;
    into->ports.push_back(id);
  }
  --load_[from->worker];
  sessions_.erase(from_id);
  update_gauges();
}

unsigned MediaEngineImpl::worker_of(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? 0 : static_cast<unsigned>(found->second.worker);
}

void MediaEngineImpl::move(SessionId id, unsigned to) {
  Session* session = find(id);
  if (session == nullptr || session->worker == to || to >= workers_.size()) return;
  tell(*workers_[to], ExpectPorts{id, session->ports});
  tell(*workers_[session->worker], MoveSession{id, to});
  --load_[session->worker];
  ++load_[to];
  session->worker = to;
  for (const PortId port : session->ports) ports_.at(port).worker = to;
  log_.debug("call's sound moved to another worker",
             {{"worker", to}, {"ports", session->ports.size()}});
}

void MediaEngineImpl::disconnect(PortId id) {
  if (Port* port = find(id)) tell(worker(*port), DisconnectPort{id});
}

void MediaEngineImpl::set_held(PortId id, bool held) {
  if (Port* port = find(id)) tell(worker(*port), SetHeld{id, held});
}

void MediaEngineImpl::set_muted(PortId id, bool muted) {
  if (Port* port = find(id)) tell(worker(*port), SetMuted{id, muted});
}

void MediaEngineImpl::play_ringback(PortId id, bool on) {
  if (Port* port = find(id)) tell(worker(*port), PlayRingback{id, on});
}

void MediaEngineImpl::send_digits(PortId id, std::string_view digits, Duration length,
                                  Duration gap) {
  if (Port* port = find(id)) {
    tell(worker(*port), SendDigits{id, std::string(digits), length, gap});
  }
}

void MediaEngineImpl::receive_digit(PortId id, char digit, Duration length) {
  if (Port* port = find(id)) tell(worker(*port), ReceiveDigit{id, {digit, length}});
}

std::optional<PortStats> MediaEngineImpl::stats(PortId id) const {
  const auto found = ports_.find(id);
  if (found == ports_.end()) return std::nullopt;
  return found->second.board->read();
}

size_t MediaEngineImpl::stalled_workers() {
  size_t stalled = 0;
  for (size_t i = 0; i < pulses_.size(); ++i) {
    switch (pulses_[i].look(counters_[i]->turns.get())) {
      case StallWatch::News::None: break;
      case StallWatch::News::Stalled:
        gauges_->stalls.add();
        log_.error("media worker stands still", {{"worker", i}, {"calls", load_[i]}});
        break;
      case StallWatch::News::Moving: log_.warn("media worker moves again", {{"worker", i}}); break;
    }
    if (pulses_[i].stalled()) ++stalled;
  }
  gauges_->stalled.set(stalled);
  return stalled;
}

void MediaEngineImpl::update_gauges() {
  gauges_->sessions.set(sessions_.size());
  gauges_->ports.set(ports_.size());
  size_t in_use = ports_pool_.in_use();
  for (const auto& [name, network] : networks_) in_use += network.own ? network.own->in_use() : 0;
  gauges_->ports_in_use.set(in_use);
}

}  // namespace gw::media
