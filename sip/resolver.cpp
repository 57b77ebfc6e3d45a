#include "sip/resolver.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "sip/dns_channel.h"
#include "sip/sofia_loop.h"

namespace gw::sip {
namespace {

constexpr Duration kLongestKept = 30s;  // SRV weights and failed-over hosts must take effect soon.
constexpr Duration kShortestKept = 1s;  // A TTL of 0 under load would be a query for each call.
constexpr Duration kLongestStale = 1h;  // Carriers move seldom; name servers fail more often.
constexpr size_t kMaxKept = 1024;
constexpr size_t kMaxServices = 6;  // Two of each transport that we speak.

uint16_t default_port(Transport transport) {
  return transport == Transport::Tls ? 5061 : 5060;
}

std::string srv_name(Transport transport, const std::string& host) {
  switch (transport) {
    case Transport::Udp: return "_sip._udp." + host;
    case Transport::Tcp: return "_sip._tcp." + host;
    case Transport::Tls: return "_sips._tcp." + host;
  }
  return {};
}

// What a NAPTR service stands for (RFC 3263 4.1, 9); none for what is not ours to speak.
std::optional<Transport> transport_of(const NaptrRecord& record) {
  if (!same_letters(record.flags, "s")) return std::nullopt;
  if (same_letters(record.service, "SIP+D2U")) return Transport::Udp;
  if (same_letters(record.service, "SIP+D2T")) return Transport::Tcp;
  if (same_letters(record.service, "SIPS+D2T")) return Transport::Tls;
  return std::nullopt;
}

bool looks_like_a_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  return std::ranges::all_of(host, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
}

// RFC 2782: lowest priority first; among equals each next one is drawn by weight.
std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, Random& random) {
  std::ranges::stable_sort(records, {}, &SrvRecord::priority);
  for (auto first = records.begin(); first != records.end(); ++first) {
    const auto last = std::find_if(
        first, records.end(), [&](const SrvRecord& r) { return r.priority != first->priority; });
    uint64_t total = 0;
    for (auto r = first; r != last; ++r) total += r->weight;
    if (total == 0) continue;
    uint64_t draw = random.u64() % (total + 1);
    auto chosen = first;
    while (draw > chosen->weight) draw -= chosen++->weight;
    std::rotate(first, chosen, chosen + 1);
  }
  return records;
}

}  // namespace

// One question and what has been answered of it. It lives in the State, under its number.
struct Job {
  Resolver::Query query;
  Resolver::Done done;
  TimerId deadline;
  struct Service {
    Transport transport;
    std::vector<SrvRecord> records{};
  };
  std::vector<Service> services;  // In order of preference.
  std::vector<NaptrRecord> naptr;
  bool by_naptr = false;  // All services that were named count, not the first alone.
  std::vector<std::pair<SrvRecord, Transport>> targets;
  std::vector<std::vector<SocketAddress>> found;  // Of each target.
  size_t waiting = 0;                             // Answers of this step.
  Duration ttl = kLongestKept;
  Error last{ErrorCode::NotFound, "no such host"};
};

struct Resolver::State : std::enable_shared_from_this<Resolver::State> {
  State(SofiaLoop& l, Random& r, Metrics& metrics, Options o)
      : loop(l),
        random(r),
        options(std::move(o)),
        queries(
            metrics.counter("gw_sip_dns_queries_total", "Hosts looked up", {{"result", "asked"}})),
        failures(
            metrics.counter("gw_sip_dns_queries_total", "Hosts looked up", {{"result", "failed"}})),
        channel(std::make_unique<DnsChannel>(l, options.servers)) {}

  using Key = std::tuple<std::string, uint16_t, int>;
  static Key key_of(const Query& q) {
    return {q.host, q.port, q.transport ? static_cast<int>(*q.transport) : -1};
  }

  void later(Done done, Result<std::vector<NextHop>> result);
  void start(const Query& query, Done done);
  bool ask_named_services(uint64_t id);
  void take_naptr(uint64_t id, Result<std::vector<NaptrRecord>> records);
  void ask_services(uint64_t id, const std::vector<std::pair<Transport, std::string>>& services);
  void take_service(uint64_t id, size_t service, Result<std::vector<SrvRecord>> records);
  void choose_service(uint64_t id);
  void ask_addresses(uint64_t id);
  void take_addresses(uint64_t id, size_t target, Result<HostAddresses> found);
  void finish(uint64_t id, Result<std::vector<NextHop>> result);
  std::vector<NextHop> hops_of(const Job& job) const;
  Job* find(uint64_t id) {
    const auto at = jobs.find(id);
    return at == jobs.end() ? nullptr : &at->second;
  }

  SofiaLoop& loop;
  Random& random;
  const Options options;
  Counter& queries;
  Counter& failures;
  uint64_t next_job = 1;
  std::map<uint64_t, Job> jobs;
  struct Kept {
    std::vector<NextHop> hops;
    TimePoint until{}, answered{};
  };
  std::map<Key, Kept> kept;
  std::unique_ptr<DnsChannel> channel;  // Last: its queries end first.
};

void Resolver::State::later(Done done, Result<std::vector<NextHop>> result) {
  loop.post(
      [self = weak_from_this(), done = std::move(done), result = std::move(result)]() mutable {
        if (!self.expired()) done(std::move(result));
      });
}

void Resolver::State::start(const Query& query, Done done) {
  const auto at = kept.find(key_of(query));
  if (at != kept.end() && monotonic_now() < at->second.until) {
    return later(std::move(done), at->second.hops);
  }
  if (jobs.size() >= options.max_queries) {
    failures.Increment();
    return later(std::move(done), fail(ErrorCode::Exhausted, "too many DNS queries at once"));
  }
  queries.Increment();
  const uint64_t id = next_job++;
  Job& job = jobs[id];
  job.query = query;
  job.done = std::move(done);
  job.deadline = loop.after(options.timeout, [self = weak_from_this(), id] {
    const auto state = self.lock();
    if (state) state->finish(id, fail(ErrorCode::Timeout, "no name server answered in time"));
  });
  if (query.port != 0) {
    const Transport transport = query.transport.value_or(Transport::Udp);
    job.targets.push_back({SrvRecord{query.host, 0, 0, query.port}, transport});
    return ask_addresses(id);
  }
  // A name without a dot ("localhost", a container) has no services, and asking may take seconds.
  if (query.host.find('.') == std::string::npos) return choose_service(id);
  if (query.transport) {
    return ask_services(id, {{*query.transport, srv_name(*query.transport, query.host)}});
  }
  // NAPTR and what counts without it are asked for together: few carriers have NAPTR, and none
  // should cost its callers a round trip.
  job.waiting = 1;
  ask_services(id, {{Transport::Udp, srv_name(Transport::Udp, query.host)},
                    {Transport::Tcp, srv_name(Transport::Tcp, query.host)}});
  channel->naptr(query.host, [this, id](auto records) { take_naptr(id, std::move(records)); });
}

void Resolver::State::take_naptr(uint64_t id, Result<std::vector<NaptrRecord>> records) {
  Job* job = find(id);
  if (job == nullptr) return;
  if (records) job->naptr = std::move(*records);
  if (--job->waiting == 0) choose_service(id);
}

// RFC 3263 4.1: by order, then by preference; what we do not speak is passed over.
bool Resolver::State::ask_named_services(uint64_t id) {
  Job* job = find(id);
  if (job->by_naptr) return false;
  std::ranges::stable_sort(job->naptr, {},
                           [](const NaptrRecord& r) { return std::pair(r.order, r.preference); });
  std::vector<std::pair<Transport, std::string>> services;
  for (const NaptrRecord& record : job->naptr) {
    const auto transport = transport_of(record);
    if (!transport || services.size() >= kMaxServices) continue;
    if (looks_like_a_name(record.replacement)) services.push_back({*transport, record.replacement});
  }
  if (services.empty()) return false;
  job->by_naptr = true;
  job->services.clear();
  ask_services(id, services);
  return true;
}

void Resolver::State::ask_services(uint64_t id,
                                   const std::vector<std::pair<Transport, std::string>>& services) {
  Job* job = find(id);
  for (const auto& [transport, name] : services) job->services.push_back({transport});
  job->waiting += services.size();
  for (size_t i = 0; i < services.size(); ++i) {
    channel->srv(services[i].second,
                 [this, id, i](auto records) { take_service(id, i, std::move(records)); });
  }
}

void Resolver::State::take_service(uint64_t id, size_t service,
                                   Result<std::vector<SrvRecord>> records) {
  Job* job = find(id);
  if (job == nullptr) return;
  if (records) {
    // RFC 2782: a target of "." says that there is decidedly no such service.
    std::erase_if(*records, [](const SrvRecord& r) {
      return r.target.empty() || r.target == "." || r.port == 0;
    });
    job->services[service].records = std::move(*records);
  }
  if (--job->waiting == 0) choose_service(id);
}

void Resolver::State::choose_service(uint64_t id) {
  Job* job = find(id);
  if (job == nullptr || ask_named_services(id)) return;
  for (Job::Service& service : job->services) {
    for (SrvRecord& record : in_order(std::move(service.records), random)) {
      if (job->targets.size() >= options.max_hops) break;
      job->targets.push_back({std::move(record), service.transport});
    }
    if (!job->targets.empty() && !job->by_naptr) break;
  }
  if (!job->targets.empty()) return ask_addresses(id);
  // RFC 3263 4.2: no SRV records, so the host itself.
  const Transport transport = job->query.transport.value_or(Transport::Udp);
  job->targets.push_back({SrvRecord{job->query.host, 0, 0, default_port(transport)}, transport});
  ask_addresses(id);
}

void Resolver::State::ask_addresses(uint64_t id) {
  Job* job = find(id);
  if (job == nullptr) return;
  job->found.resize(job->targets.size());
  job->waiting = job->targets.size();
  // An answer may come inside the call and end the job.
  const auto targets = job->targets;
  for (size_t i = 0; i < targets.size(); ++i) {
    channel->addresses(targets[i].first.target,
                       [this, id, i](auto found) { take_addresses(id, i, std::move(found)); });
  }
}

void Resolver::State::take_addresses(uint64_t id, size_t target, Result<HostAddresses> found) {
  Job* job = find(id);
  if (job == nullptr) return;
  if (found) {
    job->ttl = std::min<Duration>(job->ttl, std::chrono::seconds(std::max(0, found->ttl_s)));
    job->found[target] = std::move(found->addresses);
  } else {
    job->last = found.error();
  }
  if (--job->waiting > 0) return;
  std::vector<NextHop> hops = hops_of(*job);
  if (hops.empty()) return finish(id, tl::unexpected(job->last));
  if (kept.size() >= kMaxKept) kept.clear();
  const TimePoint now = monotonic_now();
  kept[key_of(job->query)] = {hops, now + std::max(kShortestKept, job->ttl), now};
  finish(id, std::move(hops));
}

std::vector<NextHop> Resolver::State::hops_of(const Job& job) const {
  std::vector<NextHop> hops;
  for (size_t i = 0; i < job.targets.size(); ++i) {
    const auto& [record, transport] = job.targets[i];
    for (SocketAddress address : job.found[i]) {
      if (address.empty() || hops.size() >= options.max_hops) continue;
      address.set_port(record.port);
      hops.push_back({transport, job.query.host, record.port, address});
    }
  }
  return hops;
}

void Resolver::State::finish(uint64_t id, Result<std::vector<NextHop>> result) {
  auto node = jobs.extract(id);
  if (node.empty()) return;
  loop.cancel(node.mapped().deadline);
  if (!result) {
    failures.Increment();
    // "There is no such host" is an answer; silence and SERVFAIL are none.
    const auto old = kept.find(key_of(node.mapped().query));
    const bool no_answer = result.error().code != ErrorCode::NotFound;
    const TimePoint now = monotonic_now();
    if (no_answer && old != kept.end() && now < old->second.answered + kLongestStale) {
      result = old->second.hops;
      old->second.until = now + kLongestKept;  // Not every call waits for the silence.
    }
  }
  later(std::move(node.mapped().done), std::move(result));
}

Resolver::Resolver(SofiaLoop& loop, Random& random, Metrics& metrics, Options options)
    : state_(std::make_shared<State>(loop, random, metrics, std::move(options))) {}

Resolver::Resolver(SofiaLoop& loop, Random& random, Metrics& metrics)
    : Resolver(loop, random, metrics, Options{}) {}

Resolver::~Resolver() {
  // What c-ares reports while it ends finds no job, so nothing is posted.
  for (auto& [id, job] : state_->jobs) state_->loop.cancel(job.deadline);
  state_->jobs.clear();
}

void Resolver::resolve(const Query& query, Done done) {
  std::string host = query.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (auto literal = SocketAddress::parse(host); literal && literal->port() == 0) {
    const Transport transport = query.transport.value_or(Transport::Udp);
    const uint16_t port = query.port != 0 ? query.port : default_port(transport);
    literal->set_port(port);
    return state_->later(std::move(done), std::vector<NextHop>{{transport, host, port, *literal}});
  }
  if (!looks_like_a_name(host)) {
    return state_->later(std::move(done), fail(ErrorCode::InvalidArgument, "not a host name"));
  }
  host = lower_case(host);
  if (host.ends_with('.')) host.pop_back();
  state_->start({host, query.port, query.transport}, std::move(done));
}

}  // namespace gw::sip
