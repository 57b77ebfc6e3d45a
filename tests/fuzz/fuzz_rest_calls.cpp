#include <string_view>

#include "acs/call_automation/call_requests.h"

using namespace gw::acs::call_automation;

// Every body of Call Automation, read as every request: whatever comes is a command or a refusal.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto create = read_create(body);
  if (create && (create->targets.empty() || !is_callback_uri(create->callback_uri)))
    __builtin_trap();
  (void)read_answer(body);
  (void)read_redirect(body);
  (void)read_reject(body);
  (void)read_connect(body);
  (void)read_add(body);
  (void)read_remove(body);
  (void)read_mute(body);
  (void)read_cancel_add(body);
  (void)read_transfer(body);
  (void)read_play(body);
  const auto recognize = read_recognize(body);
  if (recognize && recognize->from.empty()) __builtin_trap();
  (void)read_send_tones(body);
  (void)read_continuous_tones(body, true);
  (void)read_hold(body);
  (void)read_unhold(body);
  (void)read_streaming(body, true);
  return 0;
}
