// In place of Sofia's nta_msg_ackbye(): a second 2xx to an INVITE, from another fork. Sofia's own
// sends ACK and BYE to wherever the answer's Contact points, by its own DNS, and frees the ACK
// twice when the BYE cannot be built. -1 hands the answer to the agent's message callback, where
// ForkedAnswers ends it.
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_stateless.h>

extern "C" int nta_msg_ackbye(nta_agent_t*, msg_t*) {
  return -1;
}
