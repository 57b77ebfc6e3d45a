#include "media/engine/media_worker.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/assert.h"
#include "base/heap.h"
#include "media/wire/demux.h"
#include "media/wire/stun.h"

namespace gw::media {
namespace {

constexpr int kEventsPerPoll = 64;
// Rounds of reading before anything else has its turn: some 25 ms of work at most.
constexpr int kPollsPerTurn = 8;
constexpr size_t kPhoneBatch = 8;  // A phone sends one packet at a time.
constexpr Duration kLateTurn = 20ms;

}  // namespace

MediaWorker::MediaWorker(Setup setup)
    : setup_(std::move(setup)),
      counters_(*setup_.counters),
      governor_(setup_.config.opus_complexity),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  GW_ASSERT(epoll_ >= 0);
  watch_input(epoll_, mailbox_.fd(), &mailbox_watch_);
  setup_.webrtc->count_in(&counters_);
  webrtc_watch_ = {.kind = Watch::Kind::WebRtc, .socket = setup_.webrtc.get()};
  watch_input(epoll_, setup_.webrtc->fd(), &webrtc_watch_);
  setup_.webrtc->leave_by(&sends_);
  if (setup_.webrtc6) {
    setup_.webrtc6->count_in(&counters_);
    webrtc6_watch_ = {.kind = Watch::Kind::WebRtc, .socket = setup_.webrtc6.get()};
    watch_input(epoll_, setup_.webrtc6->fd(), &webrtc6_watch_);
    setup_.webrtc6->leave_by(&sends_);
  }
  tcp_.listen(std::move(setup_.tcp));
  tcp_.listen(std::move(setup_.tcp6));
}

MediaWorker::~MediaWorker() {
  stop();
  sessions_.clear();
  ports_.clear();
  ::close(epoll_);
}

void MediaWorker::start() {
  thread_ = std::thread([this] {
    const std::string name = "media-" + std::to_string(setup_.index);
    ::pthread_setname_np(::pthread_self(), name.c_str());
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    heap::keep_no_cache();
    run();
  });
}

void MediaWorker::stop() {
  if (!thread_.joinable()) return;
  mailbox_.post(StopWorker{});
  thread_.join();
}

void MediaWorker::run() {
  while (running_) turn();
  const TimePoint now = setup_.clock.now();
  while (!ports_.empty()) remove(ports_.begin()->first, now);
  sends_.flush();
  mailbox_.close();
}

void MediaWorker::turn() {
  counters_.turns.add();
  gather();
  read_all(wait_ms(setup_.clock.now()));
  tcp_.bury();
  one_dtls_step();
  const TimePoint now = setup_.clock.now();
  if (now >= earliest_) run_timers(now);
  if (now >= next_publish_) publish(now);
  if (pace_.due(now)) look_at_load(now);
  sends_.flush();
}

// Until nothing is left that had come: a packet that waits in its socket must not be judged lost by
// a timer of the same turn.
void MediaWorker::read_all(int wait_ms) {
  std::array<epoll_event, kEventsPerPoll> events;
  for (int poll = 0; poll < kPollsPerTurn; ++poll) {
    more_ = false;
    const TimePoint before = setup_.clock.now();
    const int n = ::epoll_wait(epoll_, events.data(), kEventsPerPoll, poll == 0 ? wait_ms : 0);
    if (poll == 0) pace_.waited(setup_.clock.now() - before);
    const auto ready = std::span(events).first(static_cast<size_t>(std::max(n, 0)));
    if (std::ranges::any_of(
            ready, [this](const epoll_event& e) { return e.data.ptr == &mailbox_watch_; })) {
      // Commands first: what they negotiate, packets of the same turn may need already. Then we ask
      // again, for they may have removed what an event points to.
      mailbox_.drain([this](MediaCommand command) { take(std::move(command)); });
      if (!running_) return;
      continue;
    }
    for (const epoll_event& event : ready) read(*static_cast<const Watch*>(event.data.ptr));
    if (n < kEventsPerPoll && !more_) return;
  }
}

// Lets packets come together: TurnPace says how long.
void MediaWorker::gather() {
  const TimePoint now = setup_.clock.now();
  const Duration rest = turned_ + pace_.gather() - now;
  turned_ = now;
  if (rest <= Duration{0} || !dtls_queue_.empty()) return;
  const timespec wait{0, rest.count()};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, nullptr);
  turned_ = setup_.clock.now();
  pace_.waited(turned_ - now);
}

// Less complexity before the first packet is late, more when there is time again.
void MediaWorker::look_at_load(TimePoint now) {
  pace_.look(now, counters_.packets_in.get());
  const uint64_t late = counters_.late_turns.get();
  const bool was_late = std::exchange(late_turns_, late) != late;
  if (governor_.look(pace_.busy(), was_late)) {
    for (EnginePort* port : schedule_) {
      if (port->media() != nullptr) port->media()->set_complexity(governor_.complexity());
    }
  }
  counters_.busy_permille.set(static_cast<uint64_t>(pace_.busy() * 1000));
  counters_.complexity.set(static_cast<uint64_t>(governor_.complexity()));
}

int MediaWorker::wait_ms(TimePoint now) const {
  if (!dtls_queue_.empty()) return 0;
  if (ports_.empty()) return static_cast<int>(to_ms(kLongestWait));
  const TimePoint next = std::min({earliest_, next_publish_, pace_.next_look()});
  if (next <= now) return 0;
  const Duration wait = std::min<Duration>(next - now, kLongestWait);
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
}

void MediaWorker::read(const Watch& watch) {
  switch (watch.kind) {
    case Watch::Kind::Mailbox: return;  // Was drained.
    case Watch::Kind::WebRtc: read_webrtc(*watch.socket); return;
    case Watch::Kind::PhoneRtp:
    case Watch::Kind::PhoneRtcp: read_phone(watch); return;
    case Watch::Kind::TcpListener: tcp_.accept(*watch.listener, setup_.clock.now()); return;
    case Watch::Kind::TcpPeer: tcp_.read(*watch.tcp, setup_.clock.now()); return;
    case Watch::Kind::Ring: read_ring(*watch.abroad); return;
  }
}

// Packet path.
void MediaWorker::read_phone(const Watch& watch) {
  const std::span<PacketPtr> packets = batch_.receive(*watch.socket, kPhoneBatch, counters_);
  more_ |= packets.size() == kPhoneBatch;
  const TimePoint now = setup_.clock.now();
  RtpTransport& transport = watch.phone->transport();
  for (PacketPtr& packet : packets) {
    if (wire::kind_of(packet->data()) == wire::PacketKind::Dtls &&
        transport.takes_dtls(packet->from, *watch.socket, now)) {
      queue_dtls(transport, packet, *watch.socket);
    } else if (watch.kind == Watch::Kind::PhoneRtp) {
      transport.receive_on_rtp(packet, now);
    } else {
      transport.receive_on_rtcp(packet, now);
    }
  }
}

// Packet path.
void MediaWorker::read_webrtc(UdpSocket& socket) {
  const std::span<PacketPtr> packets = batch_.receive(socket, ReceiveBatch::kMost, counters_);
  more_ |= packets.size() == ReceiveBatch::kMost;
  const TimePoint now = setup_.clock.now();
  for (PacketPtr& packet : packets) dispatch(packet, socket, now);
}

// By the address that passed a check, or by the ufrag of the check; media of a browser whose
// address changed, by its source. Packet path.
void MediaWorker::dispatch(PacketPtr& packet, UdpSocket& via, TimePoint now) {
  const bool check = wire::kind_of(packet->data()) == wire::PacketKind::Stun;
  const WebRtcRoutes::Route* route = check ? named_by(*packet) : routes_.by_address(packet->from);
  if (route == nullptr) {
    if (check) {
      route = routes_.by_address(packet->from);  // An answer names nobody.
    } else if (const auto ssrc = wire::media_source(packet->data())) {
      route = routes_.by_ssrc(*ssrc);
    }
  }
  if (route == nullptr) {
    if (check) return counters_.stun_refused.add();
    return counters_.discard(Discard::Source);
  }
  if (route->transport != nullptr) return deliver(*route->transport, packet, via, now);
  if (!route->ring->push(route->port, *packet)) counters_.discard(Discard::Overload);
}

const WebRtcRoutes::Route* MediaWorker::named_by(const Packet& packet) {
  const auto message = wire::StunMessage::parse(packet.data());
  return message ? routes_.by_ufrag(local_ufrag(message->username)) : nullptr;
}

WebRtcTransport* MediaWorker::addressed_by(const Packet& packet) {
  const WebRtcRoutes::Route* route = named_by(packet);
  if (route == nullptr) counters_.stun_refused.add();
  return route == nullptr ? nullptr : route->transport;
}

// Packet path.
void MediaWorker::deliver(WebRtcTransport& transport, PacketPtr& packet, DatagramSink& via,
                          TimePoint now) {
  if (wire::kind_of(packet->data()) != wire::PacketKind::Dtls) {
    return transport.receive(packet, via, now);
  }
  queue_dtls(transport, packet, via);
}

void MediaWorker::queue_dtls(DtlsReceiver& receiver, PacketPtr& packet, DatagramSink& via) {
  if (dtls_queue_.size() >= kMaxDtlsQueue) return counters_.discard(Discard::Overload);
  dtls_queue_.push_back({&receiver, std::move(packet), &via});
}

void MediaWorker::on_gone(WebRtcTransport& transport, DatagramSink& via) {
  std::erase_if(dtls_queue_, [&](const PendingDtls& pending) { return pending.via == &via; });
  transport.on_gone(via);
}

void MediaWorker::one_dtls_step() {
  if (dtls_queue_.empty()) return;
  PendingDtls pending = std::move(dtls_queue_.front());
  dtls_queue_.pop_front();
  pending.receiver->receive_dtls(pending.packet, *pending.via, setup_.clock.now());
}

void MediaWorker::run_timers(TimePoint now) {
  if (now - earliest_ > kLateTurn) counters_.late_turns.add();
  earliest_ = kNever;
  TimePoint next = kNever;
  const auto run = [&](auto& timed) {
    if (timed.deadline().due() <= now) {
      timed.deadline().set(kNever);
      const TimePoint wanted = timed.on_timer(now);
      timed.deadline().at_latest(std::max(wanted, now + 1ms));
    }
    next = std::min(next, timed.deadline().due());
  };
  for (EnginePort* port : schedule_) run(*port);
  for (MediaSession* mixing : mixing_) run(*mixing);
  std::erase_if(mixing_, [](const MediaSession* session) { return !session->mixes(); });
  // on_timer() of one port may have woken another that stands earlier in the list.
  earliest_ = std::min(earliest_, next);
}

void MediaWorker::publish(TimePoint now) {
  next_publish_ = now + 1s;
  for (EnginePort* port : schedule_) publish(*port);
  tcp_.sweep(now);
  tcp_.bury();
}

void MediaWorker::publish(EnginePort& port) {
  const MediaSession* conversation = session_of(port);
  port.publish(conversation != nullptr && conversation->speaks(port.id()), counters_);
}

void MediaWorker::on_port_event(MediaEvent event) {
  // Who is told that keys are up may ask which.
  if (const auto* up = std::get_if<TransportConnected>(&event)) {
    if (EnginePort* port = find(up->port)) publish(*port);
  }
  setup_.events(std::move(event));
}

}  // namespace gw::media
