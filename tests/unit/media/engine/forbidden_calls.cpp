// Stands in front of the C library's functions for the whole test program. (Sanitizers bring their
// own: there nothing is counted.)
#include "tests/unit/media/engine/forbidden_calls.h"

#ifdef GW_COUNTS_FORBIDDEN_CALLS
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<bool> armed{false};
std::atomic<uint64_t> allocations{0}, locks{0};

void count(std::atomic<uint64_t>& calls) noexcept {
  if (!armed.load(std::memory_order_relaxed)) return;
  char name[16] = {};
  if (::pthread_getname_np(::pthread_self(), name, sizeof name) != 0) return;
  if (std::strncmp(name, "media-", 6) == 0) calls.fetch_add(1);
}

// The C library's own. Looked up at the first call, which comes long before main(): no static
// object of ours may be needed for it.
template <class Function>
Function* real_function(std::atomic<Function*>& found, const char* name) noexcept {
  Function* function = found.load(std::memory_order_relaxed);
  if (function == nullptr) {
    function = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
    found.store(function, std::memory_order_relaxed);
  }
  return function;
}

}  // namespace

extern "C" {
void* __libc_malloc(size_t size) noexcept;
void* __libc_calloc(size_t count, size_t size) noexcept;
void* __libc_realloc(void* old, size_t size) noexcept;
void* __libc_memalign(size_t alignment, size_t size) noexcept;

void* malloc(size_t size) noexcept {
  count(allocations);
  return __libc_malloc(size);
}
void* calloc(size_t n, size_t size) noexcept {
  count(allocations);
  return __libc_calloc(n, size);
}
void* realloc(void* old, size_t size) noexcept {
  count(allocations);
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) noexcept {
  count(allocations);
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  count(allocations);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) noexcept {
  count(allocations);
  void* const block = __libc_memalign(alignment, size);
  if (block == nullptr) return ENOMEM;
  *out = block;
  return 0;
}

#define GW_COUNTED_LOCK(name, type)                             \
  int name(type* lock) noexcept {                               \
    static constinit std::atomic<int (*)(type*)> real{nullptr}; \
    count(locks);                                               \
    return real_function<int(type*)>(real, #name)(lock);        \
  }
GW_COUNTED_LOCK(pthread_mutex_lock, pthread_mutex_t)
GW_COUNTED_LOCK(pthread_mutex_trylock, pthread_mutex_t)
GW_COUNTED_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
GW_COUNTED_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
GW_COUNTED_LOCK(pthread_rwlock_tryrdlock, pthread_rwlock_t)
GW_COUNTED_LOCK(pthread_rwlock_trywrlock, pthread_rwlock_t)
#undef GW_COUNTED_LOCK

int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  static constinit std::atomic<int (*)(pthread_spinlock_t*)> real{nullptr};
  count(locks);
  return real_function<int(pthread_spinlock_t*)>(real, "pthread_spin_lock")(lock);
}
int pthread_mutex_timedlock(pthread_mutex_t* lock, const timespec* until) noexcept {
  static constinit std::atomic<int (*)(pthread_mutex_t*, const timespec*)> real{nullptr};
  count(locks);
  return real_function<int(pthread_mutex_t*, const timespec*)>(real, "pthread_mutex_timedlock")(
      lock, until);
}
int pthread_mutex_clocklock(pthread_mutex_t* lock, clockid_t clock,
                            const timespec* until) noexcept {
  static constinit std::atomic<int (*)(pthread_mutex_t*, clockid_t, const timespec*)> real{nullptr};
  count(locks);
  return real_function<int(pthread_mutex_t*, clockid_t, const timespec*)>(
      real, "pthread_mutex_clocklock")(lock, clock, until);
}
}

namespace gw::test {

void ForbiddenCalls::arm() {
  ::allocations = 0;
  ::locks = 0;
  armed = true;
}

ForbiddenCalls ForbiddenCalls::disarm() {
  armed = false;
  return {::allocations.load(), ::locks.load()};
}

}  // namespace gw::test
#endif
