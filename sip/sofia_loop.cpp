#include "sip/sofia_loop.h"

#define SU_ROOT_MAGIC_T void
#define SU_WAKEUP_ARG_T void
#include <sofia-sip/su.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_wait.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "sip/sofia_seam/sofia_seam.h"

namespace gw::sip {
namespace {

constexpr Duration kProbeEvery = 100ms;

}  // namespace

// Timers are ours, on one timerfd: Sofia's count milliseconds and may not be destroyed from their
// own callback.
struct SofiaLoop::State {
  explicit State(Metrics& metrics);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int watch(int fd, su_wakeup_f wake);
  void arm();
  void fire_due();
  void probe();
  bool post(Task task);
  void end_turn();

  su_root_t* root = nullptr;
  TaskMailbox mailbox;
  int mailbox_index = -1, timer_index = -1;
  const int timer_fd;
  uint64_t next_timer = 1;
  // Posted by the loop to itself: for the end of the turn, without the kernel.
  const std::thread::id thread = std::this_thread::get_id();
  std::vector<Task> later, running;
  bool ending_turn = false;
  std::function<void()> before_sleep;
  std::map<std::pair<TimePoint, uint64_t>, Task> due;  // By time, then by order of asking.
  std::unordered_map<uint64_t, TimePoint> due_at;
  TimePoint armed_for{};
  TimePoint probe_due{};
  Duration lag{};
  std::function<void(Duration)> lag_told;
  Histogram& lag_seconds;
};

SofiaLoop::State::State(Metrics& metrics)
    : timer_fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      lag_seconds(metrics.histogram("gw_signalling_lag_seconds",
                                    "How late the signalling thread ran its timer probe",
                                    {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1})) {
  install_monotonic_clock();
  Counter& refused =
      metrics.counter("gw_sip_connections_refused_total",
                      "TCP and TLS connections over the bound of their source or of all");
  metrics.on_collect([&refused, seen = uint64_t{0}]() mutable {
    const uint64_t now = refused_connections();
    refused.Increment(static_cast<double>(now - std::exchange(seen, now)));
  });
  const char* of_waits =
      "TLS handshakes that waited because others used up their share of the thread";
  Counter& waited = metrics.counter("gw_sip_tls_waits_total", of_waits, {{"outcome", "any"}});
  Counter& in_vain = metrics.counter("gw_sip_tls_waits_total", of_waits, {{"outcome", "gave_up"}});
  metrics.on_collect([&waited, &in_vain, seen = HandshakeWaits{}]() mutable {
    const HandshakeWaits now = handshake_waits();
    waited.Increment(static_cast<double>(now.waited - seen.waited));
    in_vain.Increment(static_cast<double>(now.gave_up - seen.gave_up));
    seen = now;
  });
  GW_ASSERT(timer_fd >= 0);
  GW_ASSERT(su_init() == 0);
  // Sofia writes to stderr what any stranger may provoke. TPORT_DEBUG, NTA_DEBUG and the like still
  // open one module.
  su_log_set_level(nullptr, 0);
  root = su_root_create(nullptr);
  GW_ASSERT(root != nullptr);
  su_root_threading(root, 0);  // Clones of this root share its thread.
  mailbox_index = watch(mailbox.fd(), [](su_root_magic_t*, su_wait_t*, su_wakeup_arg_t* self) {
    static_cast<State*>(self)->mailbox.drain([](Task task) { task(); });
    return 0;
  });
  timer_index = watch(timer_fd, [](su_root_magic_t*, su_wait_t*, su_wakeup_arg_t* self) {
    static_cast<State*>(self)->fire_due();
    return 0;
  });
  GW_ASSERT(su_root_add_prepoll(
                root,
                [](su_prepoll_magic_t* self, su_root_t*) { static_cast<State*>(self)->end_turn(); },
                this) == 0);
  after_sofia_timers([this] { end_turn(); });
  probe_due = monotonic_now() + kProbeEvery;
  arm();
}

SofiaLoop::State::~State() {
  after_sofia_timers({});
  // What the tasks own may still talk to the root: they go first.
  mailbox.close();
  later.clear();
  due.clear();
  su_root_remove_prepoll(root);
  su_root_deregister(root, timer_index);
  su_root_deregister(root, mailbox_index);
  su_root_destroy(root);
  su_deinit();
  ::close(timer_fd);
}

int SofiaLoop::State::watch(int fd, su_wakeup_f wake) {
  su_wait_t wait[1] = {SU_WAIT_INIT};
  GW_ASSERT(su_wait_create(wait, fd, SU_WAIT_IN) == 0);
  const int index = su_root_register(root, wait, wake, this, 0);
  GW_ASSERT(index > 0);
  return index;
}

bool SofiaLoop::State::post(Task task) {
  // What such a task posts has to wait for the sockets: by the mailbox.
  if (std::this_thread::get_id() != thread || ending_turn) return mailbox.post(std::move(task));
  later.push_back(std::move(task));
  return true;
}

void SofiaLoop::State::end_turn() {
  ending_turn = true;
  running.swap(later);
  for (Task& task : running) task();
  running.clear();
  ending_turn = false;
  if (before_sleep) before_sleep();
}

void SofiaLoop::State::arm() {
  const TimePoint next = due.empty() ? probe_due : std::min(probe_due, due.begin()->first.first);
  if (next == armed_for) return;
  armed_for = next;
  // Zero would disarm it.
  const int64_t ns = std::max<int64_t>(1, next.time_since_epoch().count());
  itimerspec when{};
  when.it_value.tv_sec = ns / 1'000'000'000;
  when.it_value.tv_nsec = ns % 1'000'000'000;
  GW_ASSERT(::timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

void SofiaLoop::State::fire_due() {
  uint64_t ignored = 0;
  [[maybe_unused]] const auto n = ::read(timer_fd, &ignored, sizeof ignored);
  const TimePoint now = monotonic_now();
  if (now >= probe_due) probe();
  // Timers set by these tasks wait for the next turn, so that a zero delay cannot starve the
  // sockets.
  const uint64_t before = next_timer;
  auto next = due.begin();
  while (next != due.end() && next->first.first <= now) {
    if (next->first.second >= before) {
      ++next;
      continue;
    }
    auto node = due.extract(next);
    due_at.erase(node.key().second);
    node.mapped()();
    next = due.begin();  // The task may have changed anything.
  }
  armed_for = {};
  arm();
}

void SofiaLoop::State::probe() {
  const TimePoint now = monotonic_now();
  lag = now - probe_due;
  lag_seconds.Observe(std::chrono::duration<double>(lag).count());
  probe_due = now + kProbeEvery;
  if (lag_told) lag_told(lag);
}

SofiaLoop::SofiaLoop(Metrics& metrics) : state_(std::make_unique<State>(metrics)) {}

SofiaLoop::~SofiaLoop() = default;

void SofiaLoop::run() {
  // What was done before is no lag.
  state_->probe_due = monotonic_now() + kProbeEvery;
  state_->arm();
  su_root_run(state_->root);
}

void SofiaLoop::stop() {
  post([root = state_->root] { su_root_break(root); });
}

bool SofiaLoop::post(Task task) {
  return state_->post(std::move(task));
}

TimerId SofiaLoop::after(Duration delay, Task task) {
  const uint64_t id = state_->next_timer++;
  const TimePoint when = monotonic_now() + std::max(delay, Duration::zero());
  state_->due.emplace(std::pair(when, id), std::move(task));
  state_->due_at.emplace(id, when);
  state_->arm();
  return TimerId{id};
}

void SofiaLoop::cancel(TimerId timer) {
  const auto found = state_->due_at.find(timer.value);
  if (found == state_->due_at.end()) return;
  // The task's own destructor may set or cancel timers: take it out before it dies.
  const auto node = state_->due.extract(std::pair(found->second, timer.value));
  state_->due_at.erase(found);
}

void SofiaLoop::before_sleep(std::function<void()> told) {
  state_->before_sleep = std::move(told);
}

Duration SofiaLoop::lag() const {
  return state_->lag;
}

void SofiaLoop::on_lag(std::function<void(Duration)> told) {
  state_->lag_told = std::move(told);
}

su_root_t* SofiaLoop::root() const {
  return state_->root;
}

}  // namespace gw::sip
