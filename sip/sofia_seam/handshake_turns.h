#pragma once

#include "sip/sofia_seam/handshake_queue.h"

namespace gw::sip::seam {

// This thread's HandshakeQueue, and how its turns reach Sofia: the socket of a connection that
// waits is shown to the loop with nothing to wait for, until its turn comes.

// Now, too, while nobody would wake us (set_handshake_timer).
HandshakeQueue::Turn ask_for_turn(int fd);
bool stop_waiting(int fd);  // False: it did not wait.
// By the clock on the wall: on a machine that is busy otherwise the thread has less to share.
void took_turn(Duration time);

// While it lives, what Sofia asks its loop to watch of this socket is noted and not done.
class Pause {
 public:
  explicit Pause(int fd);
  ~Pause();
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
};

// The turn of this connection has come, or it waited in vain and is hung up on. In tls.cpp.
void turn_came(int fd);

}  // namespace gw::sip::seam
