#include "sip/dns_channel.h"

#define SU_ROOT_MAGIC_T void
#define SU_WAKEUP_ARG_T void
#include <ares.h>
#include <arpa/nameser.h>
#include <sofia-sip/su_wait.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sip/sofia_loop.h"

namespace gw::sip {
namespace {

// 1.5 s for one question of one silent server, so that services and then the host fit into a
// caller's patience.
constexpr int kTryTimeoutMs = 500;
constexpr int kTries = 2;
constexpr size_t kMaxRecords = 64;

void start_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) throw std::runtime_error(ares_strerror(status));
}

Error error_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME: return {ErrorCode::NotFound, ares_strerror(status)};
    case ARES_ETIMEOUT: return {ErrorCode::Timeout, "no name server answered"};
    default: return {ErrorCode::Unavailable, ares_strerror(status)};
  }
}

using SrvDone = std::function<void(Result<std::vector<SrvRecord>>)>;
using NaptrDone = std::function<void(Result<std::vector<NaptrRecord>>)>;
using AddressesDone = std::function<void(Result<HostAddresses>)>;

void on_srv(void* arg, int status, int, unsigned char* reply, int size) {
  const std::unique_ptr<SrvDone> done(static_cast<SrvDone*>(arg));
  ares_srv_reply* first = nullptr;
  if (status == ARES_SUCCESS) status = ares_parse_srv_reply(reply, size, &first);
  if (status != ARES_SUCCESS) return (*done)(tl::unexpected(error_of(status)));
  std::vector<SrvRecord> records;
  for (auto* r = first; r != nullptr && records.size() < kMaxRecords; r = r->next) {
    records.push_back({r->host, r->priority, r->weight, r->port});
  }
  ares_free_data(first);
  (*done)(std::move(records));
}

std::string text_of(const unsigned char* text) {
  return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

void on_naptr(void* arg, int status, int, unsigned char* reply, int size) {
  const std::unique_ptr<NaptrDone> done(static_cast<NaptrDone*>(arg));
  ares_naptr_reply* first = nullptr;
  if (status == ARES_SUCCESS) status = ares_parse_naptr_reply(reply, size, &first);
  if (status != ARES_SUCCESS) return (*done)(tl::unexpected(error_of(status)));
  std::vector<NaptrRecord> records;
  for (auto* r = first; r != nullptr && records.size() < kMaxRecords; r = r->next) {
    records.push_back({r->order, r->preference, text_of(r->flags), text_of(r->service),
                       r->replacement != nullptr ? r->replacement : ""});
  }
  ares_free_data(first);
  (*done)(std::move(records));
}

void on_addresses(void* arg, int status, int, ares_addrinfo* info) {
  const std::unique_ptr<AddressesDone> done(static_cast<AddressesDone*>(arg));
  if (status != ARES_SUCCESS) return (*done)(tl::unexpected(error_of(status)));
  HostAddresses out;
  int ttl = INT32_MAX;
  for (auto* node = info->nodes; node != nullptr && out.addresses.size() < kMaxRecords;
       node = node->ai_next) {
    out.addresses.emplace_back(node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
    ttl = std::min(ttl, node->ai_ttl);
  }
  out.ttl_s = out.addresses.empty() ? 0 : ttl;
  ares_freeaddrinfo(info);
  if (out.addresses.empty()) {
    return (*done)(tl::unexpected(Error{ErrorCode::NotFound, "no address"}));
  }
  (*done)(std::move(out));
}

}  // namespace

DnsChannel::DnsChannel(SofiaLoop& loop, const std::string& servers) : loop_(loop) {
  start_library();
  ares_options options{};
  options.timeout = kTryTimeoutMs;
  options.tries = kTries;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<DnsChannel*>(self)->watch(fd, readable != 0, writable != 0);
  };
  const int status = ares_init_options(
      &channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (status != ARES_SUCCESS) throw std::runtime_error(ares_strerror(status));
  if (servers.empty()) return;
  if (ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS) {
    ares_destroy(channel_);
    throw std::runtime_error("not a list of name servers: " + servers);
  }
}

DnsChannel::~DnsChannel() {
  loop_.cancel(timer_);
  ares_destroy(channel_);
}

void DnsChannel::naptr(const std::string& name, NaptrDone done) {
  ares_query(channel_, name.c_str(), ns_c_in, ns_t_naptr, on_naptr, new NaptrDone(std::move(done)));
  arm();
}

void DnsChannel::srv(const std::string& name, SrvDone done) {
  ares_query(channel_, name.c_str(), ns_c_in, ns_t_srv, on_srv, new SrvDone(std::move(done)));
  arm();
}

void DnsChannel::addresses(const std::string& host, AddressesDone done) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;  // One entry for each address.
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_addresses,
                   new AddressesDone(std::move(done)));
  arm();
}

void DnsChannel::watch(int fd, bool readable, bool writable) {
  const int events = (readable ? SU_WAIT_IN : 0) | (writable ? SU_WAIT_OUT : 0);
  const auto known = sockets_.find(fd);
  if (events == 0) {
    if (known == sockets_.end()) return;
    su_root_deregister(loop_.root(), known->second->index);
    sockets_.erase(known);
    return;
  }
  if (known != sockets_.end()) {
    su_root_eventmask(loop_.root(), known->second->index, fd, events);
    return;
  }
  auto socket = std::make_unique<Socket>(Socket{this, fd, -1});
  const auto wake = [](su_root_magic_t*, su_wait_t* wait, su_wakeup_arg_t* arg) {
    const auto* s = static_cast<Socket*>(arg);
    const bool in = (wait->revents & (SU_WAIT_IN | SU_WAIT_ERR | SU_WAIT_HUP)) != 0;
    const bool out = (wait->revents & SU_WAIT_OUT) != 0;
    s->channel->process(in ? s->fd : ARES_SOCKET_BAD, out ? s->fd : ARES_SOCKET_BAD);
    return 0;
  };
  su_wait_t wait[1] = {SU_WAIT_INIT};
  if (su_wait_create(wait, fd, events) != 0) return;  // c-ares times the query out.
  socket->index = su_root_register(loop_.root(), wait, wake, socket.get(), 0);
  if (socket->index > 0) sockets_.emplace(fd, std::move(socket));
}

void DnsChannel::process(int readable_fd, int writable_fd) {
  ares_process_fd(channel_, readable_fd, writable_fd);
  arm();
}

void DnsChannel::arm() {
  loop_.cancel(timer_);
  timer_ = {};
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) return;
  const Duration delay =
      std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  timer_ = loop_.after(delay + 1ms, [this] {
    timer_ = {};
    process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace gw::sip
