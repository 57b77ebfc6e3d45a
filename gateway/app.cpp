#include "gateway/app.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "acs/events/callback_signer.h"
#include "acs/events/http_web_client.h"
#include "base/heap.h"
#include "gateway/config/certificate_check.h"
#include "gateway/config/config_load.h"
#include "gateway/config/sip_routing.h"
#include "gateway/ops/hep_capture.h"
#include "gateway/ops/process_limits.h"
#include "gateway/ops/status_json.h"
#include "gateway/policy/caller_id_policy.h"
#include "sip/sofia_seam/sofia_seam.h"

namespace gw {
namespace {

namespace fs = std::filesystem;

constexpr Duration kEmergencyNotice = 10min;  // Tried for so long.
// 0.0.0.0 is where we listen, not where anybody connects to.
std::string reachable(SocketAddress address) {
  if (!address.any()) return address.to_string();
  return (address.v6() ? "[::1]:" : "127.0.0.1:") + std::to_string(address.port());
}

// The softphone and the browser library: beside the sources when run from the build tree, else
// where the package put them.
std::string web_folder() {
  const char* const places[] = {std::getenv("ACS_GATEWAY_WEB"), GW_WEB_BUILD, GW_WEB_INSTALLED};
  for (const char* folder : places) {
    if (folder && fs::exists(fs::path(folder) / "index.html")) return folder;
  }
  return GW_WEB_INSTALLED;
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

}  // namespace

// Read by handlers on the Asio thread only; replaced there, by a task.
struct App::UserBook {
  std::map<std::string, acs::edge::UserCard, std::less<>> by_identity;
  std::map<std::string, std::string, std::less<>> identity_of;  // By name.
};

Result<std::unique_ptr<App>> App::start(Source source, std::shared_ptr<config::Config> config,
                                        Log log) {
  if (const auto sound = sip::sofia_seam_check(); !sound) return tl::unexpected(sound.error());
  // Before the first socket.
  const ops::Descriptors descriptors = ops::raise_descriptors();
  log.info("file descriptors", {{"limit", descriptors.now}, {"was", descriptors.before}});
  for (const std::string& shortfall : ops::shortfalls(*config, descriptors.now))
    log.warn(shortfall);
  std::unique_ptr<App> app(new App(std::move(source), config, log));
  if (const auto opened = app->open_state(*config); !opened) return tl::unexpected(opened.error());
  for (const auto step :
       {&App::start_media, &App::start_edge, &App::start_sip, &App::start_admin}) {
    if (const auto done = (app.get()->*step)(); !done) return tl::unexpected(done.error());
  }
  app->publish_users();
  app->show_certificates();
  if (app->cloud_) app->cloud_->start(*app->config_, *app->services_);
  app->watch_loops();
  app->keep_house();
  app->started_ = app->clock_.now();
  return app;
}

App::App(Source source, std::shared_ptr<config::Config> config, Log log)
    : source_(std::move(source)),
      log_(log),
      config_(std::move(config)),
      users_(std::make_shared<UserBook>()) {
  Gauge& heap_bytes = metrics_.gauge("gw_heap_bytes", "Allocated and not freed");
  metrics_.on_collect([&heap_bytes] { heap_bytes.Set(static_cast<double>(heap::in_use())); });
  loop_ = std::make_unique<sip::SofiaLoop>(metrics_);
}

App::~App() {
  stop_watching_signals();
  // Asio first, so that nobody asks for what goes next; then the calls with their legs, the
  // workers, the agent, the loop.
  if (edge_) edge_->shut_down();
  if (admin_server_) admin_server_->stop();
  if (web_) web_->stop();
  if (state_) state_->store().flush();  // Its last answers still find the servers.
  rest_.reset();
  if (automation_) automation_->let_go();
  control_.reset();
  cloud_.reset();
  automation_.reset();
  registrations_.reset();
  trunks_.reset();
  media_.reset();
  agent_.reset();
  resolver_.reset();
  edge_.reset();
  admin_.reset();
  admin_server_.reset();
  events_.reset();  // What it could not deliver goes to the chores.
  chores_.reset();
  client_.reset();
  websockets_.reset();
  web_.reset();
  loop_.reset();
  recorder_.reset();
  history_.reset();
  cdr_.reset();
  state_.reset();
}

Result<void> App::open_state(config::Config& config) {
  auto state = State::open(config, clock_, random_, log_);
  if (!state) return tl::unexpected(state.error());
  state_ = std::move(*state);
  if (const auto completed = state_->complete(config); !completed) return completed;
  auto cdr = ops::CdrWriter::open(config.cdr_file, metrics_, log_);
  if (!cdr) return tl::unexpected(cdr.error());
  cdr_ = std::move(*cdr);
  history_ = std::make_unique<ops::CallHistory>(*cdr_, state_->store());
  recorder_ = std::make_unique<ops::Recorder>(*history_, metrics_);
  return {};
}

Result<void> App::start_media() {
  auto engine = media::MediaEngine::start(config_->media.engine, clock_, random_, metrics_, log_,
                                          [this](media::MediaEvent event) {
                                            loop_->post([this, event = std::move(event)] {
                                              if (control_) control_->on_media(event);
                                            });
                                          });
  if (!engine) return tl::unexpected(engine.error());
  media_ = std::move(*engine);
  // What one message of SIP means for the sound is told in one go.
  loop_->before_sleep([this] { media_->wake_workers(); });
  return {};
}

Result<void> App::start_sip() {
  registrar_ = std::make_unique<sip::Registrar>(
      clock_, metrics_,
      sip::Registrar::Limits{config_->sip.min_expires, config_->sip.max_expires,
                             config_->sip.default_expires});
  auto registrations = state_->store().registrations();
  for (sip::Binding& binding : registrations) {
    if (!config_->network(binding.network))
      binding.network.clear();  // It went with the last configuration.
  }
  registrar_->restore(std::move(registrations));
  registrar_->on_change = [this](const sip::Registrar::Change& change) {
    using Kind = sip::Registrar::Change::Kind;
    const bool gone = change.kind == Kind::Removed || change.kind == Kind::Expired;
    // A flow ends with us: its phone makes another when it sees that.
    const bool kept = change.binding.reg_id == 0 && change.binding.path.empty();
    if (gone)
      state_->store().forget(change.binding);
    else if (kept)
      state_->store().keep(change.binding);
    if (change.kind == Kind::Refreshed) return;
    log_.info(gone ? "phone went away" : "phone registered",
              {{"phone", change.binding.username},
               {"source", change.binding.source.to_string()},
               {"transport", sip::to_string(change.binding.transport)},
               {"expired", change.kind == Kind::Expired}});
  };
  resolver_ = std::make_unique<sip::Resolver>(
      *loop_, random_, metrics_, sip::Resolver::Options{.servers = config_->sip.name_servers});
  trunk_health_ = std::make_unique<TrunkHealth>(clock_, metrics_, log_);
  services_ = std::make_unique<Services>(Services{*loop_, *media_, nullptr, edge_.get(),
                                                  *registrar_, clock_, random_, metrics_,
                                                  state_->store(), web_.get(), websockets_.get()});
  services_->cloud = cloud_.get();
  services_->trunk_health = trunk_health_.get();
  take_hold_music();
  control_ = std::make_unique<CallControl>(*services_, *resolver_, *recorder_, config_, log_);
  control_->set_emergency_notice([this](const Call& call) { tell_of_emergency(call); });
  start_automation();
  auto agent = sip::SipAgent::start(*loop_, config_->sip, *control_, *control_, *registrar_, clock_,
                                    random_, metrics_, log_);
  if (!agent) return tl::unexpected(agent.error());
  agent_ = std::move(*agent);
  services_->agent = agent_.get();
  take_capture();
  trunks_ = std::make_unique<TrunkWatch>(*agent_, *resolver_, *trunk_health_, clock_);
  trunks_->set_config(config_);
  registrations_ =
      std::make_unique<TrunkRegistrations>(*agent_, *resolver_, clock_, random_, metrics_, log_);
  registrations_->set_config(config_);
  control_->set_registered_trunks([this](const SocketAddress& source) {
    return registrations_ ? registrations_->trunk_of(source) : std::nullopt;
  });
  return {};
}

Result<void> App::start_edge() {
  if (!config_->edge.listen && !config_->edge.local_http) return {};
  acs::http::HttpConfig http;
  if (config_->edge.listen) http.listeners.push_back({*config_->edge.listen, true});
  if (config_->edge.local_http) http.listeners.push_back({*config_->edge.local_http, false});
  http.certificate = config_->edge.certificate;
  http.key = config_->edge.key;
  http.allowed_origins = config_->edge.allowed_origins;
  web_ = acs::http::HttpServer::create(std::move(http), metrics_, log_);
  acs::http::HttpClientConfig streams;  // Of apps: trusted as their webhooks are.
  streams.authorities = config_->acs.app_ca;
  auto websockets = acs::http::WebSocketClient::create(streams, web_->loop(), metrics_, log_);
  if (!websockets) return tl::unexpected(websockets.error());
  websockets_ = std::move(*websockets);

  acs::edge::EdgeConfig edge;
  edge.allowed_origins = config_->edge.allowed_origins;
  edge.resume_window = config_->calls.resume_window;
  edge.turn = config_->edge.turn;
  edge_ = acs::edge::EdgeServer::create(
      *web_, state_->tokens(), std::move(edge),
      [users = users_](std::string_view identity) -> std::optional<acs::edge::UserCard> {
        const auto it = users->by_identity.find(identity);
        return it == users->by_identity.end() ? std::nullopt : std::optional(it->second);
      },
      clock_, random_, metrics_, log_,
      [this](acs::edge::EdgeEvent event) {
        loop_->post([this, event = std::move(event)] {
          if (control_) control_->on_edge(event);
        });
      });
  if (config_->edge.demo_tokens) {
    demo_tokens_ = std::make_unique<DemoTokens>(
        *web_, state_->tokens(), config_->edge.token_lifetime,
        [users = users_](const std::string& name) {
          const auto it = users->identity_of.find(name);
          return it == users->identity_of.end() ? std::string() : it->second;
        });
  }
  rest_ = std::make_unique<RestHost>(
      RestHost::Needs{
          *web_, *state_, clock_, random_, metrics_, log_,
          [this](const std::string& identity) { revoke(identity); },
          [this](acs::rest::SipRouting routing, std::function<void(Result<void>)> done) {
            loop_->post([this, routing = std::move(routing), done = std::move(done)] {
              adopt_routing(routing, done);
            });
          },
          [this](const std::string& connection, acs::call_automation::Command command,
                 std::function<void(acs::call_automation::Outcome)> answer) {
            loop_->post([this, connection, command = std::move(command),
                         answer = std::move(answer)]() mutable {
              answer(automation_->perform(connection, std::move(command)));
            });
          }},
      *config_);
  if (const auto started = start_events(); !started) return started;
  if (const auto made = start_cloud(); !made) return made;
  web_->files(web_folder());
  auto listeners = web_->start();
  if (!listeners) return tl::unexpected(listeners.error());
  web_listeners_ = std::move(*listeners);
  // The TLS listener comes first when there is one.
  state_->set_edge(*config_, web_listeners_.front().address, web_listeners_.front().tls);
  events_->set_base((web_listeners_.front().tls ? "https://" : "http://") +
                    reachable(web_listeners_.front().address));
  return {};
}

// What goes out to apps: callbacks, their webhooks, recordings that come in.
Result<void> App::start_events() {
  acs::http::HttpClientConfig settings;
  settings.authorities = config_->acs.app_ca;
  auto client = acs::http::HttpClient::create(std::move(settings), web_->loop(), metrics_, log_);
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  auto signer = acs::events::CallbackSigner::load(config_->state_dir + "/callback-key.pem",
                                                  config_->acs.resource_id, clock_, random_);
  if (!signer) return tl::unexpected(signer.error());
  chores_ = std::make_unique<ops::Chores>();
  EventHost::Needs needs{*web_,
                         acs::events::make_web_client(*client_),
                         std::move(*signer),
                         config_->acs.resource_id,
                         config_->state_dir,
                         *chores_,
                         clock_,
                         random_,
                         metrics_,
                         log_,
                         {}};
  needs.on_proven = [this](const std::string& app, bool proven) {
    loop_->post([this, app, proven] {
      if (proven)
        reachable_apps_.insert(app);
      else
        reachable_apps_.erase(app);
    });
  };
  events_ = std::make_unique<EventHost>(std::move(needs));
  return {};
}

// What apps do to calls. Without a web server nobody asks.
void App::start_automation() {
  if (!events_) return;
  AutomationHost::Needs needs{*services_, *control_, config_->acs.resource_id, {}, {}, {}, {},
                              {},         log_};
  needs.tell = [this](const std::string& uri, acs::events::CallEvent event) {
    events_->tell(uri, std::move(event));
  };
  needs.offer = [this](const config::App& app, acs::events::IncomingCall call) {
    events_->offer(app, std::move(call));
  };
  needs.reachable = [this](const std::string& app) { return reachable_apps_.contains(app); };
  needs.fetch = [this](const std::string& url, std::function<void(Result<media::ClipPtr>)> done) {
    events_->fetch(url, [this, done = std::move(done)](Result<media::ClipPtr> clip) {
      loop_->post([done, clip = std::move(clip)] { done(clip); });
    });
  };
  needs.stream_token = [this] { return events_->stream_token(); };
  automation_ = std::make_unique<AutomationHost>(std::move(needs));
}

Result<void> App::start_cloud() {
  if (!config_->acs.cloud()) return {};
  auto cloud = CloudHost::create({*web_, *loop_, state_->store(), clock_, random_, metrics_, log_,
                                  [this](const acs::cloud::IncomingCall& call) {
                                    if (control_) control_->on_cloud_call(call);
                                  },
                                  [this] { adopt(std::make_shared<config::Config>(*config_)); }},
                                 *config_);
  if (!cloud) return tl::unexpected(cloud.error());
  cloud_ = std::move(*cloud);
  return {};
}

Result<void> App::start_admin() {
  if (!config_->admin.listen) return {};
  acs::http::HttpConfig http;
  http.listeners.push_back({*config_->admin.listen, false});
  admin_server_ = acs::http::HttpServer::create(std::move(http), metrics_, log_);
  ops::AdminHttp::Hooks hooks;
  hooks.post = [this](Task task) { return loop_->post(std::move(task)); };
  hooks.status = [this] {
    return ops::status_json(*control_, *registrar_, edge_.get(), clock_.now() - started_,
                            loop_->lag(), agent_->bans().size());
  };
  hooks.bans = [this] { return ops::bans_json(agent_->bans()); };
  hooks.lift_ban = [this](const SocketAddress& source) { return agent_->lift_ban(source); };
  hooks.calls = [this] { return ops::calls_json(*control_, *media_); };
  hooks.phones = [this] { return ops::phones_json(*control_, *registrar_, clock_.wall()); };
  hooks.trunks = [this] { return ops::trunks_json(*control_, *trunk_health_, *registrations_); };
  hooks.users = [this] { return ops::users_json(*control_, edge_.get()); };
  hooks.hang_up = [this](const std::string& call) { return control_->hang_up(CallId{call}); };
  hooks.join = [this](const std::string& call, const std::string& other) {
    return control_->join(CallId{call}, CallId{other});
  };
  hooks.transfer = [this](const std::string& call, const std::string& to,
                          std::function<void(Result<void>)> done) {
    control_->transfer(CallId{call}, to, std::move(done));
  };
  hooks.reload = [this] { return reload(); };
  hooks.drain = [this] { drain(); };
  hooks.revoke = [this](const std::string& identity) {
    revoke(identity);
    log_.info("tokens were revoked", {{"by", "operator"}, {"identity", identity}});
  };
  admin_ = std::make_unique<ops::AdminHttp>(*admin_server_, config_->admin.token, metrics_,
                                            std::move(hooks));
  auto listeners = admin_server_->start();
  if (!listeners) return tl::unexpected(listeners.error());
  admin_listeners_ = std::move(*listeners);
  return {};
}

std::string App::ready_line() const {
  std::vector<std::string> sip;
  for (const auto& listener : agent_->listening()) {
    sip.push_back(std::string(sip::to_string(listener.transport)) + ":" +
                  reachable(listener.address));
  }
  std::string line = "ready sip=" + join(sip);
  for (const auto& listener : web_listeners_) {
    line += (listener.tls ? " edge=https://" : " local=http://") + reachable(listener.address);
  }
  for (const auto& listener : admin_listeners_)
    line += " admin=http://" + reachable(listener.address);
  return line;
}

// When certificates end, in seconds of Unix time: an alert needs a number.
void App::show_certificates() {
  const auto show = [this](const std::string& use, const std::string& file) {
    const auto end = file.empty() ? std::nullopt : config::certificate_end(file);
    if (!end) return;
    metrics_
        .gauge("gw_certificate_expiry_timestamp_seconds",
               "When the certificate ends, in Unix time.", {{"use", use}})
        .Set(static_cast<double>(unix_ms(*end)) / 1000);
  };
  show("sip", config_->sip.tls.certificate);
  show("edge", config_->edge.certificate);
  for (const config::Trunk& trunk : config_->trunks)
    show("trunk:" + trunk.name, trunk.tls.certificate);
}

// Somebody of the house goes to the door: who, where, called back how.
void App::tell_of_emergency(const Call& call) {
  const std::string& url = config_->emergency.webhook;
  if (url.empty() || !events_) return;
  const policy::Party& from = call.dialled().from;
  const config::Phone* phone =
      from.kind == policy::PartyKind::Phone ? config_->phone(from.name) : nullptr;
  const std::string location =
      phone && !phone->location.empty() ? phone->location : config_->emergency.location;
  const nlohmann::json notice = {
      {"event", "emergency-call"},
      {"call_id", call.id().value},
      {"at", iso8601(clock_.wall())},
      {"from", policy::to_string(from)},
      {"display_name", phone ? phone->display_name : call.decision().caller.display_name},
      {"extension", phone ? phone->extension : ""},
      {"number", call.dialled().number},
      {"callback", call.decision().caller.number},
      {"location", location}};
  events_->notify(url, "emergency-call", call.id().value,
                  notice.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                  kEmergencyNotice);
}

void App::revoke(const std::string& identity) {
  const WallTime now = clock_.wall();
  state_->store().revoke(identity, now);
  state_->tokens().revoke(identity, now);
  if (edge_) edge_->revoke(identity);
}

void App::publish_users() {
  if (!web_) return;
  if (rest_) rest_->publish(*config_);
  if (events_) events_->publish(*config_);
  auto fresh = std::make_shared<UserBook>();
  for (const config::User& user : config_->users) {
    fresh->by_identity[user.id] = {user.display_name.empty() ? user.name : user.display_name,
                                   policy::allowed_numbers(*config_, user.name)};
    fresh->identity_of[user.name] = user.id;
  }
  web_->post([users = users_, fresh] { *users = std::move(*fresh); });
}

}  // namespace gw
