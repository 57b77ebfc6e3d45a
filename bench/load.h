#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "bench/edge_user.h"
#include "bench/gateway_process.h"
#include "bench/load_call.h"
#include "bench/sip_caller.h"
#include "media/transport/dtls.h"

namespace gw::bench {

// Everybody outside the daemon: a carrier that calls, users that answer, the sound of all calls.
// Each end of each call sends a packet every 20 ms at a phase of its own, spread over the tick. One
// thread, one epoll.
class Load {
 public:
  struct Setting {
    size_t calls = 0;
    bool opus = true;
    std::string dtls_profiles;  // As OpenSSL names them; offered by the users.
  };

  static Result<std::unique_ptr<Load>> create(const Setting& setting,
                                              const std::vector<Speaker>& speakers);
  ~Load();

  const SocketAddress& carrier() const { return carrier_.address(); }
  Result<void> connect_users(const GatewayProcess& gateway);
  // Calls first to last - 1; returns when all talk. Those already up go on talking.
  Result<void> set_up(size_t first, size_t last);
  Result<void> talk(Duration length);  // Fails when a call breaks.
  void hang_up();
  void renew();  // After hang_up: the same users and the same carrier begin afresh.

  void prepare(double seconds);
  void open_window();
  void close_window();

  const std::vector<std::unique_ptr<LoadCall>>& calls() const { return calls_; }
  // How late our own packets left within the window, nanoseconds: what we measure is worth as much
  // as these are small.
  const std::vector<int64_t>& lateness() const { return lateness_; }

 private:
  enum class Kind : uint32_t { Carrier, User, Phone, Browser };
  struct Slot {
    size_t call = 0;
    bool phone = true;
  };

  Load(const Setting& setting, std::unique_ptr<media::DtlsContext> dtls,
       const std::vector<Speaker>& speakers);
  void make_call(size_t call);
  void lay_out_slots();
  EdgeUser::Events user_events(size_t call);
  void watch(int fd, Kind kind, size_t index) const;
  Result<void> turn_until(const std::function<bool()>& done, TimePoint limit);
  void turn(TimePoint limit);
  void send_due(TimePoint now);
  void service(TimePoint now);
  void read(uint64_t event);
  void fail_call(size_t call, const std::string& why);
  TimePoint due() const;

  const Setting setting_;
  SystemClock clock_;
  SystemRandom random_;
  const std::unique_ptr<media::DtlsContext> dtls_;
  const std::vector<Speaker>& speakers_;
  const int epoll_;
  SipCaller carrier_;
  std::vector<std::unique_ptr<EdgeUser>> users_;
  std::vector<std::unique_ptr<LoadCall>> calls_;
  std::string failure_;
  bool leaving_ = false;

  std::vector<Slot> slots_;
  TimePoint cycle_begin_{};
  size_t next_slot_ = 0;

  size_t begun_ = 0;  // Calls below this were started.
  TimePoint next_service_{};
  uint64_t services_ = 0;

  bool window_ = false;
  std::vector<int64_t> lateness_;
};

}  // namespace gw::bench
