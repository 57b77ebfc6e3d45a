#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/net.h"
#include "base/result.h"

struct ares_channeldata;

namespace gw::sip {

class SofiaLoop;

struct SrvRecord {
  std::string target;
  uint16_t priority = 0, weight = 0, port = 0;
};

struct NaptrRecord {
  uint16_t order = 0, preference = 0;
  std::string flags, service, replacement;  // "s", "SIP+D2U", "_sip._udp.acme.example"
};

struct HostAddresses {
  std::vector<SocketAddress> addresses;  // Port 0.
  int ttl_s = 0;
};

// c-ares on the signalling loop: its sockets registered with Sofia's root, its clock on ours. What
// does not fit into a UDP answer is asked for again over TCP.
// Callbacks may run inside the call that asked. Owned by a Resolver; signalling thread.
class DnsChannel {
 public:
  // Throws std::runtime_error when c-ares cannot start or `servers` makes no sense.
  DnsChannel(SofiaLoop& loop, const std::string& servers);
  ~DnsChannel();  // Every open query ends with an error.
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  void naptr(const std::string& name, std::function<void(Result<std::vector<NaptrRecord>>)> done);
  void srv(const std::string& name, std::function<void(Result<std::vector<SrvRecord>>)> done);
  void addresses(const std::string& host, std::function<void(Result<HostAddresses>)> done);

 private:
  struct Socket {
    DnsChannel* channel;
    int fd;
    int index;
  };

  void watch(int fd, bool readable, bool writable);
  void process(int readable_fd, int writable_fd);
  void arm();

  SofiaLoop& loop_;
  ares_channeldata* channel_ = nullptr;
  std::map<int, std::unique_ptr<Socket>> sockets_;
  TimerId timer_;
};

}  // namespace gw::sip
