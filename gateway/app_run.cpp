// App between its start and its end: signals, the watchdog, what is done every second, the drain.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>

#include "gateway/app.h"

namespace gw {
namespace {

constexpr Duration kDrainPoll = 100ms;
constexpr Duration kByeWait = 2s;       // For answers to the last BYEs.
constexpr int kStopWatching = SIGUSR2;  // Ends the signal thread.

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, kStopWatching}) sigaddset(&set, signal);
  return set;
}

// sd_notify(3) without the library: one datagram to the socket that systemd named.
void notify_systemd(const char* state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (!path || (*path != '/' && *path != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name(path);
  if (name.size() >= sizeof address.sun_path) return;
  name.copy(address.sun_path, name.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  ::sendto(fd, state, std::char_traits<char>::length(state), MSG_NOSIGNAL,
           reinterpret_cast<sockaddr*>(&address), size);
  ::close(fd);
}

}  // namespace

void App::block_signals() {
  const sigset_t wanted = watched_signals();
  pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void App::run() {
  watch_signals();
  notify_systemd("READY=1");
  loop_->run();
  notify_systemd("STOPPING=1");
}

void App::watch_signals() {
  signals_ = std::thread([this] {
    const sigset_t wanted = watched_signals();
    for (;;) {
      int signal = 0;
      if (sigwait(&wanted, &signal) != 0 || signal == kStopWatching) return;
      loop_->post([this, signal] { on_signal(signal); });
    }
  });
}

void App::stop_watching_signals() {
  if (!signals_.joinable()) return;
  pthread_kill(signals_.native_handle(), kStopWatching);
  signals_.join();
}

void App::on_signal(int signal) {
  if (signal == SIGHUP) {
    reload();
    cdr_->reopen();
    return;
  }
  if (draining_) {
    log_.warn("second signal: stopping now");
    control_->end_all({policy::Cause::ServerShutdown, 0, 0, "the gateway stops"}, EndedBy::Gateway);
    wait_for_dialogs(clock_.now() + kByeWait);
    return;
  }
  drain();
}

void App::drain() {
  if (std::exchange(draining_, true)) return;
  log_.info("draining began", {{"calls", control_->registry().live()},
                               {"timeout_s", to_ms(config_->calls.drain_timeout) / 1000}});
  control_->set_draining(true);
  agent_->set_accepting(false);
  if (admin_) admin_->set_draining(true);
  wait_for_calls(clock_.now() + config_->calls.drain_timeout);
}

void App::wait_for_calls(TimePoint deadline) {
  if (control_->registry().live() > 0 && clock_.now() < deadline) {
    loop_->after(kDrainPoll, [this, deadline] { wait_for_calls(deadline); });
    return;
  }
  control_->end_all({policy::Cause::ServerShutdown, 0, 0, "the gateway stops"}, EndedBy::Gateway);
  registrations_->leave();
  wait_for_dialogs(clock_.now() + kByeWait);
}

// Ended calls wait for the last figures of their media, dialogs for the answer to their BYE.
void App::wait_for_dialogs(TimePoint deadline) {
  const bool busy =
      control_->registry().size() > 0 || agent_->open_dialogs() > 0 || (cloud_ && cloud_->busy());
  if (busy && clock_.now() < deadline) {
    loop_->after(kDrainPoll, [this, deadline] { wait_for_dialogs(deadline); });
    return;
  }
  log_.info("stopped");
  loop_->stop();
}

void App::watch_loops() {
  loops_watched_ = std::make_unique<ops::LoopWatch>(metrics_, log_);
  if (web_)
    loops_watched_->add("web", [this](std::function<void()> task) { web_->post(std::move(task)); });
  if (admin_server_) {
    loops_watched_->add(
        "admin", [this](std::function<void()> task) { admin_server_->post(std::move(task)); });
  }
}

// Every second, by the signalling loop: so it is fed only while that, the workers and the servers
// all move.
void App::feed_watchdog() {
  const bool media_moves = media_->stalled_workers() == 0;
  const bool servers_move = loops_watched_->look();
  if (media_moves && servers_move) notify_systemd("WATCHDOG=1");
}

void App::keep_house() {
  feed_watchdog();
  registrar_->expire();
  trunk_health_->expire();
  trunks_->look();
  registrations_->look();
  control_->update_gauges();
  control_->end_what_is_used_up();
  loop_->after(1s, [this] { keep_house(); });
}

}  // namespace gw
