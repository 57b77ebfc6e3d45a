// Around Sofia's tport_by_name(): for a name with an address it takes the first open connection to
// that address, also one whose TLS certificate was verified against another name. Two trunks behind
// one address would then trust each other's certificate.
#include <dlfcn.h>
#include <sofia-sip/tport.h>
#include <strings.h>

extern "C" tport_t* tport_by_name(tport_t const* self, tp_name_t const* name) {
  using ByName = tport_t* (*)(tport_t const*, tp_name_t const*);
  static const auto real = reinterpret_cast<ByName>(::dlsym(RTLD_NEXT, "tport_by_name"));
  tport_t* found = real(self, name);
  if (found == nullptr || !tport_is_secondary(found) || !tport_has_tls(found)) return found;
  const char* verified = tport_name(found)->tpn_canon;
  const char* wanted = name->tpn_canon;
  if (verified == nullptr || wanted == nullptr || ::strcasecmp(verified, wanted) == 0) return found;
  // The listener: it looks for a connection by address and name, and makes one when there is none.
  return tport_parent(found);
}
