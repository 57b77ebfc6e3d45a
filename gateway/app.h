#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "acs/edge/edge_server.h"
#include "acs/http/http_client.h"
#include "acs/http/http_server.h"
#include "acs/identity/token_service.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "gateway/call/automation_host.h"
#include "gateway/call/call_control.h"
#include "gateway/call/services.h"
#include "gateway/call/trunk_health.h"
#include "gateway/call/trunk_registrations.h"
#include "gateway/call/trunk_watch.h"
#include "gateway/cloud_host.h"
#include "gateway/config/config.h"
#include "gateway/demo_tokens.h"
#include "gateway/event_host.h"
#include "gateway/ops/admin_http.h"
#include "gateway/ops/call_history.h"
#include "gateway/ops/cdr.h"
#include "gateway/ops/chores.h"
#include "gateway/ops/loop_watch.h"
#include "gateway/ops/recorder.h"
#include "gateway/rest_host.h"
#include "gateway/state.h"
#include "media/engine/media_engine.h"
#include "sip/registrar.h"
#include "sip/resolver.h"
#include "sip/sip_agent.h"
#include "sip/sofia_loop.h"

namespace gw {

// The daemon: owns the loops, the workers and the listeners, and the order in which they start and
// stop. Lives on the signalling thread, which is the process's first.
class App {
 public:
  struct Source {
    std::string path;                    // -c
    std::vector<std::string> overrides;  // --set
  };

  // Before the first thread of the process, the log's included: only the watcher may get SIGTERM,
  // SIGINT and SIGHUP.
  static void block_signals();
  static Result<std::unique_ptr<App>> start(Source source, std::shared_ptr<config::Config> config,
                                            Log log);
  ~App();

  std::string ready_line() const;  // "ready sip=udp:127.0.0.1:5060,... edge=https://...
                                   // local=http://... admin=http://..."

  // Until SIGTERM or SIGINT: then no new calls, live ones have drain_timeout, the rest are ended. A
  // second signal ends now.
  void run();

 private:
  App(Source source, std::shared_ptr<config::Config> config, Log log);

  Result<void> open_state(config::Config& config);
  Result<void> start_media();
  Result<void> start_edge();
  Result<void> start_events();  // Before the web server starts: it serves their documents.
  void start_automation();
  Result<void> start_cloud();
  Result<void> start_sip();
  Result<void> start_admin();
  void watch_signals();
  void stop_watching_signals();
  void on_signal(int signal);
  void drain();
  void wait_for_calls(TimePoint deadline);
  void wait_for_dialogs(TimePoint deadline);
  void watch_loops();
  void feed_watchdog();
  void keep_house();  // Every second: registrations expire, limits and loops are looked at.
  std::string reload();
  void adopt(const std::shared_ptr<config::Config>& config);
  void adopt_routing(const acs::rest::SipRouting& routing, std::function<void(Result<void>)> done);
  void revoke(const std::string& identity);  // Its tokens and its live sessions. Any thread.
  void publish_users();
  void tell_of_emergency(const Call& call);
  void show_certificates();
  void take_hold_music();
  void take_capture();

  // Given to us.
  const Source source_;
  const Log log_;

  // Owned by us, in the order they are made.
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  config::Snapshot config_;
  std::unique_ptr<State> state_;
  std::unique_ptr<ops::CdrWriter> cdr_;
  std::unique_ptr<ops::CallHistory> history_;
  std::unique_ptr<ops::Recorder> recorder_;
  std::unique_ptr<sip::SofiaLoop> loop_;
  std::unique_ptr<sip::Registrar> registrar_;
  std::unique_ptr<sip::Resolver> resolver_;
  std::unique_ptr<media::MediaEngine> media_;
  std::unique_ptr<TrunkHealth> trunk_health_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<CallControl> control_;
  std::unique_ptr<AutomationHost> automation_;  // Outlives the calls.
  std::unique_ptr<sip::SipAgent> agent_;
  std::unique_ptr<TrunkWatch> trunks_;
  std::unique_ptr<TrunkRegistrations> registrations_;
  std::unique_ptr<acs::http::HttpServer>
      web_;  // Edge, REST, softphone: TLS and, when asked for, plain on loopback.
  std::unique_ptr<acs::http::WebSocketClient> websockets_;
  std::unique_ptr<DemoTokens> demo_tokens_;
  std::unique_ptr<RestHost> rest_;
  std::unique_ptr<ops::Chores> chores_;
  std::unique_ptr<acs::http::HttpClient> client_;
  std::unique_ptr<EventHost> events_;
  std::unique_ptr<CloudHost> cloud_;  // Provider "cloud" alone.
  std::unique_ptr<acs::edge::EdgeServer> edge_;
  std::unique_ptr<acs::http::HttpServer> admin_server_;
  std::unique_ptr<ops::AdminHttp> admin_;
  std::unique_ptr<ops::LoopWatch> loops_watched_;
  std::thread signals_;

  // State.
  struct UserBook;
  std::shared_ptr<UserBook> users_;       // The Asio thread's view of the users.
  std::set<std::string> reachable_apps_;  // Their webhooks proved themselves.
  std::vector<acs::http::Listener> web_listeners_, admin_listeners_;
  TimePoint started_{};
  bool draining_ = false;
};

}  // namespace gw
