// How the workers' counts become /metrics.
#include "media/engine/media_engine_impl.h"

namespace gw::media {
namespace {

struct Source {
  const char* name;
  const char* help;
  Tally MediaCounters::*tally;
};
constexpr Source kSources[] = {
    {"gw_media_packets_in_total", "Datagrams received.", &MediaCounters::packets_in},
    {"gw_media_packets_out_total", "Datagrams sent.", &MediaCounters::packets_out},
    {"gw_media_octets_in_total", "Octets received.", &MediaCounters::octets_in},
    {"gw_media_octets_out_total", "Octets sent.", &MediaCounters::octets_out},
    {"gw_media_lost_total", "RTP packets that legs sent and we did not get.", &MediaCounters::lost},
    {"gw_media_concealed_total", "Frames concealed.", &MediaCounters::concealed},
    {"gw_media_recovered_total", "Of those, frames restored from the FEC of their successor.",
     &MediaCounters::recovered},
    {"gw_media_send_failed_total", "Datagrams the kernel or a transport refused.",
     &MediaCounters::send_failed},
    {"gw_media_socket_overflow_total", "Datagrams the kernel dropped (SO_RXQ_OVFL).",
     &MediaCounters::socket_overflow},
    {"gw_media_stun_checks_total", "ICE checks received.", &MediaCounters::stun_checks},
    {"gw_media_stun_refused_total", "ICE checks refused: unknown or not authentic.",
     &MediaCounters::stun_refused},
    {"gw_media_ice_moves_total", "Browsers whose network changed during a call.",
     &MediaCounters::ice_moves},
    {"gw_media_media_moves_total",
     "Of those, browsers that were followed because their sound came from there.",
     &MediaCounters::media_moves},
    {"gw_media_tcp_accepted_total", "TCP connections of browsers.", &MediaCounters::tcp_accepted},
    {"gw_media_tcp_refused_total", "TCP connections beyond the limits.",
     &MediaCounters::tcp_refused},
    {"gw_media_tcp_dropped_total", "Packets that a TCP connection had no room for.",
     &MediaCounters::tcp_dropped},
    {"gw_media_dtls_handshakes_total", "DTLS handshakes done.", &MediaCounters::dtls_handshakes},
    {"gw_media_dtls_failures_total", "DTLS handshakes failed.", &MediaCounters::dtls_failures},
    {"gw_media_srtp_failures_total", "SRTP packets that were not authentic.",
     &MediaCounters::srtp_failures},
    {"gw_media_srtp_resyncs_total", "SRTP senders whose rollover counter was ahead of ours.",
     &MediaCounters::srtp_resyncs},
    {"gw_media_digits_in_total", "DTMF keys received.", &MediaCounters::digits_in},
    {"gw_media_digits_out_total", "Runs of DTMF keys sent.", &MediaCounters::digits_out},
    {"gw_media_digits_undeliverable_total", "DTMF keys toward legs that take none.",
     &MediaCounters::digits_undeliverable},
    {"gw_media_rtcp_feedback_total", "RTCP feedback (NACK, congestion control) that was ignored.",
     &MediaCounters::feedback_ignored},
    {"gw_media_late_turns_total", "Timers that ran more than 20 ms late.",
     &MediaCounters::late_turns},
};

// A Prometheus counter that follows a plain count.
struct Followed {
  Counter& counter;
  uint64_t last = 0;
  void follow(uint64_t now) {
    counter.Increment(static_cast<double>(now - last));
    last = now;
  }
};

}  // namespace

void MediaEngineImpl::register_metrics(Metrics& metrics) {
  std::vector<Followed> followed, discards;
  for (const Source& s : kSources) followed.push_back({metrics.counter(s.name, s.help)});
  for (const char* reason : kDiscardNames) {
    discards.push_back({metrics.counter("gw_media_discarded_total", "Packets that were not used.",
                                        {{"reason", reason}})});
  }
  Gauge& sessions = metrics.gauge("gw_media_sessions", "Calls with sound.");
  Gauge& ports = metrics.gauge("gw_media_ports", "Legs with sound.");
  Gauge& in_use = metrics.gauge("gw_media_rtp_ports_in_use", "Pairs of RTP ports in use.");
  metrics.gauge("gw_media_rtp_ports", "Pairs of RTP ports there are.")
      .Set(static_cast<double>(ports_pool_.size()));
  Gauge& tcp = metrics.gauge("gw_media_tcp_connections", "TCP connections of browsers.");
  Gauge& stalled = metrics.gauge("gw_media_workers_stalled", "Media workers that stand still.");
  Followed stalls{metrics.counter("gw_media_worker_stalls_total",
                                  "Times that a media worker stood still for three seconds.")};
  struct WorkerGauges {
    Gauge &busy, &complexity;
  };
  std::vector<WorkerGauges> by_worker;
  for (size_t i = 0; i < counters_.size(); ++i) {
    const Labels worker{{"worker", std::to_string(i)}};
    by_worker.push_back(
        {metrics.gauge("gw_media_worker_busy", "Share of its time, 0 to 1.", worker),
         metrics.gauge("gw_media_opus_complexity",
                       "Of the encoders; under [media.opus] complexity = the governor "
                       "lowered it for want of time.",
                       worker)});
  }
  // Owns what it reads: an exposition may outlive the engine.
  metrics.on_collect([counters = counters_, gauges = gauges_, followed, discards, &sessions, &ports,
                      &in_use, &stalled, stalls, by_worker, &tcp]() mutable {
    for (size_t i = 0; i < followed.size(); ++i) {
      uint64_t sum = 0;
      for (const auto& c : counters) sum += ((*c).*(kSources[i].tally)).get();
      followed[i].follow(sum);
    }
    for (size_t i = 0; i < discards.size(); ++i) {
      uint64_t sum = 0;
      for (const auto& c : counters) sum += c->discarded[i].get();
      discards[i].follow(sum);
    }
    for (size_t i = 0; i < by_worker.size(); ++i) {
      by_worker[i].busy.Set(static_cast<double>(counters[i]->busy_permille.get()) / 1000);
      by_worker[i].complexity.Set(static_cast<double>(counters[i]->complexity.get()));
    }
    sessions.Set(static_cast<double>(gauges->sessions.get()));
    ports.Set(static_cast<double>(gauges->ports.get()));
    in_use.Set(static_cast<double>(gauges->ports_in_use.get()));
    uint64_t open = 0;
    for (const auto& c : counters) open += c->tcp_open.get();
    tcp.Set(static_cast<double>(open));
    stalled.Set(static_cast<double>(gauges->stalled.get()));
    stalls.follow(gauges->stalls.get());
  });
}

}  // namespace gw::media
