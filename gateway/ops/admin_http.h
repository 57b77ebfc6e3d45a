#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "acs/http/http_server.h"
#include "base/masked.h"
#include "base/metrics.h"
#include "base/net.h"
#include "base/result.h"
#include "base/task.h"

namespace gw::ops {

// The admin listener: /healthz, /readyz, /metrics, /api and the console page. Handlers run on its
// HTTP thread; what they need from calls they ask on the signalling thread. Owned by App.
class AdminHttp {
 public:
  // What the daemon can be asked; each runs on the signalling thread.
  struct Hooks {
    std::function<bool(Task)> post;  // Onto the signalling thread.
    std::function<std::string()> status, calls, phones, trunks, users;  // JSON.
    std::function<std::string()> bans = {};                             // JSON.
    std::function<bool(const SocketAddress&)> lift_ban = {};            // False: it is not banned.
    std::function<bool(const std::string&)> hang_up;                    // False: no such call.
    std::function<Result<void>(const std::string&, const std::string&)>
        join;  // The second call into the first.
    // A call's far end to somebody else; the outcome comes within seconds.
    std::function<void(const std::string&, const std::string&, std::function<void(Result<void>)>)>
        transfer;
    std::function<std::string()> reload;  // JSON {ok, problems[], changes[], restart[]}.
    std::function<void()> drain;
    std::function<void(const std::string&)> revoke;  // Every token of an identity.
  };

  AdminHttp(acs::http::HttpServer& http, Masked token, Metrics& metrics, Hooks hooks);

  void set_draining(bool draining) { draining_ = draining; }

 private:
  bool allowed(const acs::http::Request& request) const;
  void ask(const std::string& pattern, std::function<std::string()> what);
  void add_actions();
  void change(const acs::http::Request& request, acs::http::Respond respond);
  void guarded(const std::string& pattern, acs::http::Handler handler);

  acs::http::HttpServer& http_;
  const Masked token_;
  const Hooks hooks_;
  std::atomic<bool> draining_{false};
};

}  // namespace gw::ops
