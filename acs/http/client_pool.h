#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "acs/http/client_line.h"
#include "base/clock.h"

namespace gw::acs::http {

// Which lines there are to each host: those that wait for a request, and how many are under way.
// Asio thread.
class ClientPool {
 public:
  struct Limits {
    size_t lines = 0, waiting = 0, idle = 0;  // A host.
    Duration idle_timeout{0};
  };
  // Told when a line of the host may be opened, once.
  using Turn = std::function<void()>;

  explicit ClientPool(Limits limits) : limits_(limits) {}

  // A line may be used or opened now; pairs with leave().
  bool enter(const std::string& host);
  // Else: wait for one that leaves. False: too many wait already.
  bool wait(const std::string& host, std::weak_ptr<Turn> turn);
  void leave(const std::string& host);

  // The line used last, if it is still good; null = open one.
  std::unique_ptr<ClientLine> take(const std::string& host, TimePoint now);
  void keep(const std::string& host, std::unique_ptr<ClientLine> line, TimePoint now);
  // Closes what waited too long. True: something waits still.
  bool sweep(TimePoint now);
  void clear() { hosts_.clear(); }

  size_t idle() const;

 private:
  struct Idle {
    std::unique_ptr<ClientLine> line;
    TimePoint until;
  };
  struct Host {
    size_t lines = 0;
    std::deque<Idle> idle;  // Used last is last.
    std::deque<std::weak_ptr<Turn>> waiting;
  };
  void drop_if_unused(const std::string& host);

  const Limits limits_;
  std::map<std::string, Host> hosts_;
};

}  // namespace gw::acs::http
