#include "sip/sip_agent.h"

#include <sofia-sip/su_log.h>

#include <algorithm>
#include <map>

#include "sip/inbound.h"
#include "sip/invite_client.h"
#include "sip/outside_requests.h"
#include "sip/registrar.h"
#include "sip/sip_core.h"
#include "sip/sofia_seam/sofia_seam.h"
#include "sip/sofia_seam/tls_config.h"
#include "sip/sofia_seam/wire_tap.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

std::string_view to_string(Transport transport) {
  switch (transport) {
    case Transport::Udp: return "udp";
    case Transport::Tcp: return "tcp";
    case Transport::Tls: return "tls";
  }
  return "";
}

namespace {

constexpr size_t kMaxMessage = 64 * 1024;  // A UDP datagram; nothing honest is larger over TCP.
constexpr const char* kMethods[] = {"INVITE", "ACK",       "BYE",     "CANCEL",   "OPTIONS",
                                    "INFO",   "UPDATE",    "PRACK",   "REGISTER", "REFER",
                                    "NOTIFY", "SUBSCRIBE", "MESSAGE", "PUBLISH"};

// Sofia parses P-Asserted-Identity and its kind only with this; once for the process.
const msg_mclass_t* message_class() {
  static const msg_mclass_t* extended = [] {
    su_log_set_level(nullptr, 0);  // What happened is told by us.
    const msg_mclass_t* mclass = sip_extend_mclass(nullptr);
    sip_update_default_mclass(mclass);
    return mclass;
  }();
  return extended;
}

// Operators look here first when a trunk does not come up. Strangers can make handshakes fail as
// they like: one line a second.
TlsFailed log_tls_failures(Log log, const Clock& clock, Metrics& metrics) {
  Counter* counters[2];
  for (const bool outgoing : {false, true}) {
    counters[outgoing] = &metrics.counter("gw_sip_tls_failures_total", "TLS handshakes that failed",
                                          {{"direction", outgoing ? "out" : "in"}});
  }
  return [log = std::move(log), &clock, in = counters[false], out = counters[true],
          next = TimePoint{}](const TlsFailure& failure) mutable {
    (failure.outgoing ? out : in)->Increment();
    const TimePoint now = clock.now();
    if (now < next) return;
    next = now + 1s;
    log.warn(
        failure.outgoing ? "TLS connection refused by us or by the peer" : "TLS client turned away",
        {{"peer", failure.peer.to_string()}, {"host", failure.host}, {"error", failure.reason}});
  };
}

class NtaAgent final : public SipAgent {
 public:
  NtaAgent(SofiaLoop& loop, const SipConfig& config, SipDirectory& directory,
           InviteHandler& handler, Registrar& registrar, const Clock& clock, Random& random,
           Metrics& metrics, Log log);
  ~NtaAgent() override;

  Result<void> open(const SipConfig& config);
  Result<void> load_called(const SipConfig& config);

  std::vector<ListenAddress> listening() const override;
  std::unique_ptr<Dialog> invite(const OutgoingInvite& invite, DialogObserver& observer) override;
  void options(const OutgoingOptions& options, std::function<void(int)> done) override {
    outside_.options(options, std::move(done));
  }
  void enrol(const OutgoingRegister& request, std::function<void(const Enrolment&)> done) override {
    outside_.enrol(request, std::move(done));
  }
  void line_changed(std::string_view key) override { inbound_.line_changed(key); }
  void set_accepting(bool accepting) override { inbound_.set_accepting(accepting); }
  void set_config(const SipConfig& config) override;
  void set_capture(std::function<void(const CapturedMessage&)> capture) override;
  size_t open_dialogs() const override { return core_.dialogs.size(); }
  std::vector<BannedSource> bans() override { return inbound_.guard().bans(); }
  bool lift_ban(const SocketAddress& source) override {
    const bool lifted = inbound_.guard().lift(source);
    if (lifted) core_.log.info("ban lifted", {{"source", source.host()}});
    return lifted;
  }

 private:
  SipCore core_;
  SipDirectory& directory_;
  Registrar& registrar_;
  Inbound inbound_;
  std::string domain_;
  const std::string tls_identity_;
  bool tls_ = false;
  bool captured_ = false;
  std::map<std::string, Counter*, std::less<>> requests_;
  Counter& other_requests_;
  std::map<std::string, Counter*, std::less<>> refusals_;
  OutsideRequests outside_;
};

NtaAgent::NtaAgent(SofiaLoop& loop, const SipConfig& config, SipDirectory& directory,
                   InviteHandler& handler, Registrar& registrar, const Clock& clock, Random& random,
                   Metrics& metrics, Log log)
    : core_(loop, clock, random, metrics, std::move(log)),
      directory_(directory),
      registrar_(registrar),
      inbound_(core_, config, directory, handler, registrar),
      domain_(config.domain),
      tls_identity_("sip-" + random.hex(4)),
      other_requests_(
          metrics.counter("gw_sip_requests_total", "SIP requests received", {{"method", "other"}})),
      outside_(core_) {
  for (const char* method : kMethods) {
    requests_[method] =
        &metrics.counter("gw_sip_requests_total", "SIP requests received", {{"method", method}});
  }
  core_.user_agent = header_text(config.user_agent);
  core_.min_session = config.min_session;
  core_.session_expires = config.session_expires;
  core_.timer_c = config.timer_c;
  core_.count_request = [this](std::string_view method) {
    const auto it = requests_.find(method);
    (it == requests_.end() ? other_requests_ : *it->second).Increment();
  };
  core_.t1 = config.t1;
  core_.is_ours = [this](const url_t& uri) { return inbound_.is_ours(uri); };
  core_.count_refusal = [this](const char* reason) {
    Counter*& counter = refusals_[reason];
    if (!counter) {
      counter = &core_.metrics.counter(
          "gw_sip_refused_total", "SIP requests refused by the front end", {{"reason", reason}});
    }
    counter->Increment();
  };
}

NtaAgent::~NtaAgent() {
  turn_away({});
  ask_before_refusing({});
  set_handshake_timer({});
  if (captured_) seam::set_wire_tap({});
  forget_tls_identity(tls_identity_);
  outside_.close();
  core_.dialogs.clear();
}

Result<void> NtaAgent::open(const SipConfig& config) {
  const msg_mclass_t* mclass = message_class();
  const auto t1 = static_cast<unsigned>(std::max<int64_t>(1, to_ms(config.t1)));
  core_.agent.reset(nta_agent_create(
      core_.loop.root(), reinterpret_cast<url_string_t*>(-1), Inbound::on_message,
      reinterpret_cast<nta_agent_magic_t*>(&inbound_), NTATAG_MCLASS(mclass), NTATAG_STATELESS(1),
      NTATAG_UA(1), NTATAG_MERGE_482(1), NTATAG_UDP_MTU(65'535), NTATAG_MAXSIZE(kMaxMessage),
      NTATAG_USE_NAPTR(0), NTATAG_USE_SRV(0), NTATAG_SIP_T1(t1), NTATAG_SIP_T1X64(64 * t1),
      NTATAG_SIP_T2(8 * t1), NTATAG_SIP_T4(10 * t1), TAG_END()));
  if (!core_.agent) return fail(ErrorCode::Internal, "the SIP stack did not start");
  turn_away([this](const SocketAddress& source) {
    const SourceGuard& guard = inbound_.guard();
    return (guard.denied(source) || guard.banned(source)) && !directory_.trunk_host(source);
  });
  ask_before_refusing([this](const SocketAddress& to) {
    core_.count_refusal("unreadable");
    return directory_.trunk_host(to) || inbound_.guard().admit(to, {}) == Admission::Pass;
  });
  set_handshake_timer(
      [this](Duration delay, Task task) { core_.loop.after(delay, std::move(task)); });
  for (const ListenAddress& address : config.listen) tls_ |= address.transport == Transport::Tls;
  if (tls_) {
    if (auto loaded = set_tls_identity(tls_identity_, config.tls,
                                       log_tls_failures(core_.log, core_.clock, core_.metrics));
        !loaded)
      return loaded;
  }
  if (auto loaded = load_called(config); !loaded) return loaded;
  if (auto opened = core_.listeners.open(*core_.agent, config, tls_identity_); !opened) {
    return opened;
  }
  if (!outside_.open()) return fail(ErrorCode::Internal, "the SIP stack refused its default leg");
  registrar_.set_limits({config.min_expires, config.max_expires, config.default_expires});
  for (const Listener& listener : core_.listeners.all()) {
    core_.log.info("SIP listener opened", {{"transport", to_string(listener.bound.transport)},
                                           {"address", listener.bound.address.to_string()}});
  }
  return {};
}

// The certificates that some trunks want us to show them.
Result<void> NtaAgent::load_called(const SipConfig& config) {
  if (!tls_) return {};
  Result<void> outcome;
  std::vector<std::string> hosts;
  for (const CalledTls& called : config.called_tls) {
    hosts.push_back(called.host);
    const auto set = set_called_identity(tls_identity_, called.host, called.files,
                                         log_tls_failures(core_.log, core_.clock, core_.metrics));
    if (!set) outcome = set;
  }
  keep_called_identities(tls_identity_, hosts);
  return outcome;
}

std::vector<ListenAddress> NtaAgent::listening() const {
  std::vector<ListenAddress> addresses;
  for (const Listener& listener : core_.listeners.all()) addresses.push_back(listener.bound);
  return addresses;
}

void NtaAgent::set_config(const SipConfig& config) {
  inbound_.set_config(config);
  registrar_.set_limits({config.min_expires, config.max_expires, config.default_expires});
  domain_ = config.domain;
  core_.user_agent = header_text(config.user_agent);
  core_.min_session = config.min_session;
  core_.session_expires = config.session_expires;
  core_.timer_c = config.timer_c;
  if (!tls_) return;
  if (const auto loaded = load_called(config); !loaded) {
    core_.log.error("a trunk's TLS files were not reloaded, the old ones stay",
                    {{"error", loaded.error().detail}});
  }
  if (const auto loaded = set_tls_identity(tls_identity_, config.tls,
                                           log_tls_failures(core_.log, core_.clock, core_.metrics));
      !loaded) {
    core_.log.error("TLS files not reloaded, the old ones stay",
                    {{"error", loaded.error().detail}});
  }
}

void NtaAgent::set_capture(std::function<void(const CapturedMessage&)> capture) {
  captured_ = static_cast<bool>(capture);
  if (!captured_) return seam::set_wire_tap({});
  seam::set_wire_tap([this, capture = std::move(capture)](const seam::WireMessage& message) {
    const auto& all = core_.listeners.all();
    const auto listener = std::ranges::find(all, message.listener, &Listener::ident);
    if (listener == all.end() || message.peer.empty()) return;
    SocketAddress ours = listener->bound.address;
    if (ours.any()) {  // Which of them it was the kernel knows alone: the one that this peer is
                       // told.
      const auto known = SocketAddress::parse(core_.listeners.host(*listener, message.peer));
      if (known) ours = *known;
      ours.set_port(listener->bound.address.port());
    }
    const SocketAddress& from = message.received ? message.peer : ours;
    const SocketAddress& to = message.received ? ours : message.peer;
    capture({listener->bound.transport, from, to, message.text, message.call_id});
  });
}

std::unique_ptr<Dialog> NtaAgent::invite(const OutgoingInvite& invite, DialogObserver& observer) {
  const OwnerCall inside(core_);
  const NextHop& hop = invite.next_hop;
  const Listener* listener = core_.listeners.towards(hop.transport, hop.address, hop.network);
  if (!listener || hop.address.port() == 0) {
    core_.log.warn("INVITE not sent: no listener of that transport and address family",
                   {{"transport", to_string(hop.transport)},
                    {"to", hop.address.to_string()},
                    {"network", hop.network}});
    return nullptr;
  }
  const HomePtr home = make_home();
  const url_t* uri = url_make(home.get(), invite.request_uri.c_str());
  if (!uri) return nullptr;
  NameAddr from = invite.from, to = invite.to;
  if (from.host.empty())
    from.host = domain_.empty() ? core_.listeners.host(*listener, hop.address) : domain_;
  if (to.host.empty()) to.host = host_of(*uri);
  InviteClient* dialog = InviteClient::send(core_, invite, from, to, *listener);
  if (!dialog) return nullptr;
  dialog->set_observer(&observer);
  core_.log.debug("INVITE sent", {{"sip_call_id", dialog->sip_call_id()},
                                  {"for", invite.call_id_hint},
                                  {"to", hop.address.to_string()}});
  return std::make_unique<DialogHandle>(*dialog);
}

}  // namespace

Result<std::unique_ptr<SipAgent>> SipAgent::start(SofiaLoop& loop, SipConfig config,
                                                  SipDirectory& directory, InviteHandler& handler,
                                                  Registrar& registrar, const Clock& clock,
                                                  Random& random, Metrics& metrics, Log log) {
  auto agent = std::make_unique<NtaAgent>(loop, config, directory, handler, registrar, clock,
                                          random, metrics, std::move(log));
  if (auto opened = agent->open(config); !opened) return tl::unexpected<Error>(opened.error());
  return agent;
}

}  // namespace gw::sip
