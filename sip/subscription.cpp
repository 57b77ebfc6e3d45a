#include "sip/subscription.h"

#include <sofia-sip/nta_stateless.h>
#include <strings.h>

#include <algorithm>
#include <utility>

#include "sip/event_documents.h"
#include "sip/sofia_sip.h"

namespace gw::sip {

namespace {

constexpr size_t kMaxOfPhone = 200;   // Five devices with a panel of forty keys each.
constexpr size_t kMaxInAll = 20'000;  // Some 10 kB each.
constexpr size_t kMaxEventId = 64;
constexpr unsigned kNotifiesATurn = 8;  // 0.1 ms each: a line that thousands watch delays no call.

bool same(const char* a, const char* b) {
  return a && strcasecmp(a, b) == 0;
}

std::optional<Subscription::Package> package_of(const sip_t& sip) {
  const char* name = sip.sip_event ? sip.sip_event->o_type : nullptr;
  if (same(name, "dialog")) return Subscription::Package::Dialog;
  if (same(name, "message-summary")) return Subscription::Package::MessageSummary;
  return std::nullopt;
}

const char* name_of(Subscription::Package package) {
  return package == Subscription::Package::Dialog ? "dialog" : "message-summary";
}

const char* type_of(Subscription::Package package) {
  return package == Subscription::Package::Dialog ? kDialogInfoType : kMessageSummaryType;
}

// RFC 6665 4.1.2.1: without Accept it is the package's default type, and that is ours.
bool accepts(const sip_t& sip, const char* type) {
  if (!sip.sip_accept) return true;
  for (const sip_accept_t* a = sip.sip_accept; a; a = a->ac_next) {
    if (same(a->ac_type, type) || same(a->ac_type, "*/*") || same(a->ac_type, "application/*"))
      return true;
  }
  return false;
}

const Rejection kBadEvent{489, "Bad Event", "event", kAllowEvents};

int64_t seconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}

}  // namespace

// --- One

Subscription::Subscription(Subscriptions& all, uint64_t id, Watch watch, TimePoint until)
    : all_(all), core_(all.core_), id_(id), watch_(std::move(watch)), state_(until) {}

Subscription::~Subscription() {
  core_.loop.cancel(timer_);
}

bool Subscription::begin(MsgPtr& message, const Listener& listener, const SocketAddress& source,
                         Duration expires) {
  const sip_t* sip = sip_object(message.get());
  const HomePtr home = make_home();
  // The leg has our tag from its first moment, as that of an INVITE.
  sip_to_t* local = sip_to_dup(home.get(), sip->sip_to);
  const std::string tag = core_.random.hex(8);
  if (!local || sip_to_tag(home.get(), local, tag.c_str()) < 0) return false;
  leg_.reset(nta_leg_tcreate(
      core_.agent.get(), on_leg_request, reinterpret_cast<nta_leg_magic_t*>(this),
      SIPTAG_CALL_ID(sip->sip_call_id), SIPTAG_FROM(local), SIPTAG_TO(sip->sip_from),
      NTATAG_REMOTE_CSEQ(sip->sip_cseq->cs_seq), TAG_END()));
  if (!leg_) return false;
  if (nta_leg_server_route(leg_.get(), sip->sip_record_route, sip->sip_contact) < 0) return false;
  listener_ = &listener;
  hop_ = {listener.bound.transport, source.host(), source.port(), source};
  contact_ = core_.listeners.contact(listener, user_of(sip->sip_request->rq_url[0]), source);

  const IncomingPtr transaction(
      nta_incoming_create(core_.agent.get(), leg_.get(), message.release(), nullptr, TAG_END()));
  if (!transaction) return true;  // The message is gone with it; what was made of it goes too.
  const std::string lines = "Expires: " + std::to_string(seconds(expires)) + "\r\n" + kAllowEvents;
  nta_incoming_treply(transaction.get(), SIP_200_OK, SIPTAG_CONTACT_STR(contact_.c_str()),
                      SIPTAG_SERVER_STR(core_.user_agent.c_str()), SIPTAG_HEADER_STR(lines.c_str()),
                      TAG_END());
  return true;
}

int Subscription::on_leg_request(nta_leg_magic_t* self, nta_leg_t*, nta_incoming_t* transaction,
                                 const sip_t* sip) {
  if (!sip || !sip->sip_request) return 400;
  auto& subscription = *reinterpret_cast<Subscription*>(self);
  subscription.core_.count_request(sip->sip_request->rq_method_name);
  if (sip->sip_request->rq_method == sip_method_ack) {
    nta_incoming_destroy(transaction);
    return 0;
  }
  if (sip->sip_request->rq_method != sip_method_subscribe) {
    nta_incoming_treply(transaction, SIP_405_METHOD_NOT_ALLOWED, SIPTAG_ALLOW_STR("SUBSCRIBE"),
                        TAG_END());
    return 405;
  }
  return subscription.on_subscribe(transaction, *sip);
}

// Refreshed, or with Expires: 0 ended.
int Subscription::on_subscribe(nta_incoming_t* transaction, const sip_t& sip) {
  const auto refuse = [&](const Rejection& no) {
    core_.count_refusal(no.reason);
    nta_incoming_treply(transaction, no.status, no.phrase,
                        TAG_IF(!no.headers.empty(), SIPTAG_HEADER_STR(no.headers.c_str())),
                        TAG_END());
    return no.status;
  };
  if (state_.ended()) return refuse({481, "Subscription Does Not Exist", "no_dialog", {}});
  if (package_of(sip) != watch_.package) return refuse(kBadEvent);
  if (const auto bad = check_dialog_request(sip, false)) return refuse(*bad);
  const auto expires = all_.granted(sip);
  if (!expires) return refuse(all_.too_brief());

  const MsgPtr message(nta_incoming_getrequest(transaction));
  if (message) take_hop(*message);
  if (sip.sip_contact) nta_leg_server_route(leg_.get(), nullptr, sip.sip_contact);
  const std::string lines = "Expires: " + std::to_string(seconds(*expires)) + "\r\n";
  nta_incoming_treply(transaction, SIP_200_OK, SIPTAG_CONTACT_STR(contact_.c_str()),
                      SIPTAG_HEADER_STR(lines.c_str()), TAG_END());
  state_.extend(core_.clock.now() + *expires);
  all_.queue(*this, id_);
  return 200;
}

// A phone's NAT, or its new connection.
void Subscription::take_hop(msg_t& message) {
  const SocketAddress source = source_of(message);
  const Listener* listener = core_.listeners.of(*core_.agent, message);
  if (!listener || source.empty()) return;
  listener_ = listener;
  hop_ = {listener->bound.transport, source.host(), source.port(), source};
  keep_connection(*core_.agent, message);
}

void Subscription::proceed() {
  if (const auto notify = state_.next(core_.clock.now())) send(*notify);
  arm();
}

void Subscription::arm() {
  core_.loop.cancel(timer_);
  if (state_.over()) return all_.erase_later(id_);
  const TimePoint due = state_.due();
  if (due == TimePoint::max()) return;
  timer_ = core_.loop.after(std::max(Duration{}, due - core_.clock.now()),
                            [this] { all_.queue(*this, id_); });
}

void Subscription::send(const EventSubscription::Notify& notify) {
  const std::string lines = std::string("Event: ") + name_of(watch_.package) +
                            (watch_.id.empty() ? "" : ";id=" + watch_.id) +
                            "\r\nSubscription-State: " + notify.state + "\r\n" + kAllowEvents;
  const std::string body = document(notify);
  const std::string route = route_of(hop_);
  notify_.reset(nta_outgoing_tcreate(
      leg_.get(),
      [](nta_outgoing_magic_t* self, nta_outgoing_t*, const sip_t* sip) {
        reinterpret_cast<Subscription*>(self)->on_notify_response(sip);
        return 0;
      },
      reinterpret_cast<nta_outgoing_magic_t*>(this), URL_STRING_MAKE(route.c_str()),
      SIP_METHOD_NOTIFY, nullptr, TPTAG_IDENT(listener_->ident.c_str()),
      SIPTAG_CONTACT_STR(contact_.c_str()), SIPTAG_USER_AGENT_STR(core_.user_agent.c_str()),
      SIPTAG_HEADER_STR(lines.c_str()), SIPTAG_CONTENT_TYPE_STR(type_of(watch_.package)),
      SIPTAG_PAYLOAD_STR(body.c_str()), TAG_END()));
  if (!notify_) state_.answered(503);  // Its Contact or Record-Route cannot be used.
}

std::string Subscription::document(const EventSubscription::Notify& notify) {
  if (watch_.package == Package::MessageSummary) return message_summary(watch_.entity);
  std::vector<LineDialog> dialogs = all_.directory_.line(watch_.line);
  const std::vector<LineDialog> before = std::exchange(told_, dialogs);
  // RFC 4235 3.7.1: what was shown ends as terminated, once, before it is left out.
  for (const LineDialog& old : before) {
    if (std::ranges::find(dialogs, old.call_id, &LineDialog::call_id) != dialogs.end()) continue;
    dialogs.push_back(old);
    dialogs.back().state = LineDialog::State::Terminated;
  }
  return dialog_info(watch_.entity, notify.version, dialogs);
}

void Subscription::on_notify_response(const sip_t* response) {
  const int status = response && response->sip_status ? response->sip_status->st_status : 408;
  if (status < 200) return;
  notify_.reset();
  state_.answered(status);
  if (status >= 300) {
    core_.log.info(
        "subscription was given up",
        {{"phone", watch_.watcher}, {"event", name_of(watch_.package)}, {"status", status}});
  }
  proceed();
}

// --- All

Subscriptions::Subscriptions(SipCore& core, SipDirectory& directory, const SipConfig& config)
    : core_(core),
      directory_(directory),
      open_(core.metrics.gauge("gw_sip_subscriptions", "Subscriptions of phones now in force")) {
  set_limits(config);
}

Subscriptions::~Subscriptions() = default;

std::optional<Rejection> Subscriptions::begin(MsgPtr& message, const sip_t& sip,
                                              const std::string& phone, const Listener& listener,
                                              const SocketAddress& source) {
  const auto package = package_of(sip);
  if (!package) return kBadEvent;
  if (!sip.sip_contact) return Rejection{400, "Missing Contact", "malformed", {}};
  if (auto bad = check_dialog_request(sip, false))
    return bad;  // Its Accept is another than INVITE's.
  if (!accepts(sip, type_of(*package))) {
    return Rejection{406, "Not Acceptable", "body",
                     std::string("Accept: ") + type_of(*package) + "\r\n"};
  }
  const url_t& uri = sip.sip_request->rq_url[0];
  const std::string user = user_of(uri);
  const auto line = directory_.line_of(user);
  if (!line) return Rejection{404, "Not Found", "not_ours", {}};
  // Calls of the house are everybody's to see, messages one's own.
  const bool own = user == phone || line == directory_.line_of(phone);
  if (*package == Subscription::Package::MessageSummary && !own)
    return Rejection{403, "Forbidden", "forbidden", {}};
  const auto expires = granted(sip);
  if (!expires) return too_brief();
  if (by_id_.size() >= kMaxInAll)
    return Rejection{503, "Too Many Subscriptions", "subscriptions", "Retry-After: 60\r\n"};
  const auto known = of_phone_.find(phone);
  if (known != of_phone_.end() && known->second >= kMaxOfPhone)
    return Rejection{403, "Too Many Subscriptions", "subscriptions", {}};

  const char* id = msg_header_find_param(sip.sip_event->o_common, "id");
  Subscription::Watch watch{*package, header_text(id && *id == '=' ? id + 1 : (id ? id : "")),
                            phone,    user,
                            *line,    "sip:" + escaped_user(user) + "@" + bracketed(domain_)};
  if (watch.id.size() > kMaxEventId) return kBadEvent;
  const uint64_t number = ++last_id_;
  auto made =
      std::make_unique<Subscription>(*this, number, std::move(watch), core_.clock.now() + *expires);
  keep_connection(*core_.agent, *message);
  if (!made->begin(message, listener, source, *expires))
    return Rejection{500, "Server Internal Error", "internal", {}};
  Subscription& subscription = *made;
  by_line_[subscription.watch().line].insert(number);
  ++of_phone_[phone];
  by_id_.emplace(number, std::move(made));
  open_.Set(static_cast<double>(by_id_.size()));
  queue(subscription, number);
  return std::nullopt;
}

std::optional<Duration> Subscriptions::granted(const sip_t& sip) const {
  if (!sip.sip_expires) return max_;
  const auto asked =
      std::chrono::seconds(std::min<unsigned long>(sip.sip_expires->ex_delta, 86'400));
  if (asked != 0s && asked < min_) return std::nullopt;
  return std::min<Duration>(asked, max_);
}

Rejection Subscriptions::too_brief() const {
  return {423, "Interval Too Brief", "expires",
          "Min-Expires: " + std::to_string(seconds(min_)) + "\r\n"};
}

void Subscriptions::line_changed(std::string_view line) {
  const auto watchers = by_line_.find(line);
  if (watchers == by_line_.end()) return;
  for (const uint64_t id : watchers->second) {
    Subscription& subscription = *by_id_.at(id);
    if (subscription.watch().package != Subscription::Package::Dialog) continue;
    subscription.note_change();
    queue(subscription, id);
  }
}

void Subscriptions::set_limits(const SipConfig& config) {
  min_ = config.min_expires;
  max_ = config.max_expires;
  domain_ = config.domain;
  for (const auto& [id, subscription] : by_id_) {
    const Subscription::Watch& watch = subscription->watch();
    if (!directory_.phone(watch.watcher)) {
      subscription->end("rejected");
    } else if (directory_.line_of(watch.user) != watch.line) {
      subscription->end("noresource");
    } else {
      continue;
    }
    queue(*subscription, id);
  }
}

void Subscriptions::end_all(const std::string& reason) {
  for (const auto& [id, subscription] : by_id_) {
    subscription->end(reason);
    queue(*subscription, id);
  }
}

// Not from inside a callback, and not all in one turn.
void Subscriptions::queue(Subscription& subscription, uint64_t id) {
  if (std::exchange(subscription.queued, true)) return;
  waiting_.push_back(id);
  if (!std::exchange(posted_, true)) core_.post([this] { proceed_with_some(); });
}

void Subscriptions::proceed_with_some() {
  posted_ = false;
  for (unsigned n = 0; n < kNotifiesATurn && !waiting_.empty(); ++n) {
    const auto found = by_id_.find(waiting_.front());
    waiting_.pop_front();
    if (found == by_id_.end()) continue;
    found->second->queued = false;
    found->second->proceed();
  }
  if (!waiting_.empty() && !std::exchange(posted_, true))
    core_.post([this] { proceed_with_some(); });
}

void Subscriptions::erase_later(uint64_t id) {
  core_.post([this, id] { erase(id); });
}

void Subscriptions::erase(uint64_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const Subscription::Watch& watch = found->second->watch();
  if (const auto line = by_line_.find(watch.line); line != by_line_.end()) {
    line->second.erase(id);
    if (line->second.empty()) by_line_.erase(line);
  }
  if (const auto phone = of_phone_.find(watch.watcher); phone != of_phone_.end()) {
    if (--phone->second == 0) of_phone_.erase(phone);
  }
  by_id_.erase(found);
  open_.Set(static_cast<double>(by_id_.size()));
}

}  // namespace gw::sip
