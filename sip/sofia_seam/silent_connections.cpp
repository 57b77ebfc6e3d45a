// Around Sofia's tport_register_secondary(): the idle timer of a connection starts when the
// connection does. Sofia starts it with the first byte, so that connections that never send one
// stay for good, and a few hundred of them leave no descriptor for anybody else.
#include <dlfcn.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport.h>

extern "C" {

int tport_set_secondary_timer(
    tport_t* self);  // Exported by Sofia, declared in none of its headers.

int tport_register_secondary(tport_t* self, su_wakeup_f wakeup, int events) {
  using Register = int (*)(tport_t*, su_wakeup_f, int);
  static const auto real =
      reinterpret_cast<Register>(::dlsym(RTLD_NEXT, "tport_register_secondary"));
  const int registered = real(self, wakeup, events);
  if (registered >= 0) tport_set_secondary_timer(self);
  return registered;
}

}  // extern "C"
