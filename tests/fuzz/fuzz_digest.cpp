#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/clock.h"
#include "base/random.h"
#include "sip/digest_auth.h"
#include "tests/fuzz/input.h"

using namespace gw;
using namespace gw::sip;

namespace {

constexpr std::array kBoth{DigestAlgorithm::Md5, DigestAlgorithm::Sha256};

void answer_a_hostile_server(const DigestHeader& challenge, Random& random) {
  DigestClient client({"101", "secret"}, random);
  const auto value = client.answer({challenge}, "INVITE", "sip:100@pbx.example.com");
  if (!value) return;
  // Nothing of theirs may end our header line.
  if (std::ranges::any_of(*value, [](unsigned char c) { return c < 0x20; })) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static SystemClock clock;
  static SystemRandom random;
  static DigestServer server("pbx.example.com", clock, random);
  fuzz::Input input(data, size);
  const auto parsed = parse_digest(input.text());
  if (!parsed) return 0;
  answer_a_hostile_server(*parsed, random);
  const PhoneAccount account{"101", "secret", {}, 5};
  const std::string uri(input.text());
  const auto verdict = server.verify(*parsed, "REGISTER", uri, account, kBoth);
  // The nonce is never ours here, so that nobody gets in.
  if (verdict == DigestVerdict::Passed || server.tracked_nonces() != 0) std::abort();
  return 0;
}
