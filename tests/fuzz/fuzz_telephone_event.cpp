#include <cstdlib>

#include "media/tone/telephone_event.h"
#include "tests/fuzz/input.h"

using namespace gw;
using namespace gw::media;

// Packets of eight bytes: how long after the one before, a timestamp step, the payload.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  TelephoneEventReceiver receiver(input.byte() % 2 == 0 ? 8000 : 48000);
  TimePoint now{1h};
  uint32_t timestamp = 0;
  size_t begun = 0, reported = 0;
  while (!input.empty()) {
    now += std::chrono::milliseconds(input.byte());
    // Small steps, whole segments, and leaps back.
    const uint8_t step = input.byte();
    timestamp += step < 250 ? step * 160u : step < 253 ? 0xffffu : 0x80000000u;
    const auto payload = input.bytes(4);
    begun += receiver.receive({.timestamp = timestamp}, payload, now) ? 1 : 0;
    if (step % 7 == 0) receiver.tick(now);
    while (const auto press = receiver.take()) {
      ++reported;
      if (!event_of_digit(press->digit) || press->duration < Duration::zero()) std::abort();
    }
  }
  // A press needs at least one packet.
  receiver.tick(now + 1s);
  while (receiver.take()) ++reported;
  if (reported > begun || receiver.pressed()) std::abort();
  return 0;
}
