// Around Sofia's su_root_eventmask(): with it tls_connect() says what a connection waits for.
#include "sip/sofia_seam/handshake_turns.h"

#include <dlfcn.h>
#include <sofia-sip/su_wait.h>
#include <sys/socket.h>

#include <atomic>
#include <unordered_map>
#include <utility>

#include "sip/sofia_seam/sofia_seam.h"

namespace gw::sip {
namespace {

constexpr Duration kTurnEvery = 10ms;

struct Watched {
  su_root_t* root;
  int index;
  int events;
};

std::atomic<uint64_t> waited{0}, gave_up{0};
thread_local seam::HandshakeQueue queue;
thread_local std::unordered_map<int, Watched> waiting;
thread_local int being_paused = -1;
thread_local std::function<void(Duration, Task)> after;
thread_local bool turn_is_due = false;

int watch(const Watched& watched, int fd, int events) {
  using EventMask = int (*)(su_root_t*, int, int, int);
  static const auto real = reinterpret_cast<EventMask>(::dlsym(RTLD_NEXT, "su_root_eventmask"));
  return real(watched.root, watched.index, fd, events);
}

void take_turns();

void wake_later() {
  if (turn_is_due || !after) return;
  turn_is_due = true;
  after(kTurnEvery, [] { take_turns(); });
}

void take_turns() {
  turn_is_due = false;
  const seam::HandshakeQueue::Next next = queue.next(monotonic_now());
  for (const int fd : next.give_up) {
    gave_up.fetch_add(1, std::memory_order_relaxed);
    ::shutdown(fd, SHUT_RDWR);  // Sofia owns the descriptor: it sees the hang-up and closes.
  }
  for (const std::vector<int>* fds : {&next.begin, &next.give_up}) {
    for (const int fd : *fds) {
      const auto node = waiting.extract(fd);
      if (!node) continue;
      seam::turn_came(fd);
      watch(node.mapped(), fd, node.mapped().events);
    }
  }
  if (queue.waiting() > 0) wake_later();
}

}  // namespace

void set_handshake_timer(std::function<void(Duration, Task)> timer) {
  after = std::move(timer);
  turn_is_due = false;  // The one before forgot its tasks.
}

HandshakeWaits handshake_waits() {
  return {waited.load(std::memory_order_relaxed), gave_up.load(std::memory_order_relaxed)};
}

namespace seam {

HandshakeQueue::Turn ask_for_turn(int fd) {
  if (!after) return HandshakeQueue::Turn::Now;
  const HandshakeQueue::Turn turn = queue.ask(fd, monotonic_now());
  if (turn == HandshakeQueue::Turn::Wait) {
    waited.fetch_add(1, std::memory_order_relaxed);
    wake_later();
  }
  return turn;
}

bool stop_waiting(int fd) {
  queue.forget(fd);
  return waiting.erase(fd) > 0;
}

void took_turn(Duration time) {
  queue.took(time, monotonic_now());
}

Pause::Pause(int fd) {
  being_paused = fd;
}

Pause::~Pause() {
  being_paused = -1;
}

}  // namespace seam
}  // namespace gw::sip

extern "C" {

int su_root_eventmask(su_root_t* root, int index, int fd, int events) {
  const gw::sip::Watched watched{root, index, events};
  if (fd < 0 || fd != gw::sip::being_paused) return gw::sip::watch(watched, fd, events);
  gw::sip::waiting.insert_or_assign(fd, watched);
  return gw::sip::watch(watched, fd, 0);
}

}  // extern "C"
