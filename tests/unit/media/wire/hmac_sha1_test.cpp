#include "media/wire/hmac_sha1.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/support/bytes.h"

namespace gw::media::wire {
namespace {

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

void expect(std::string_view key, std::string_view data, const char* digest) {
  const auto wanted = test::from_hex(digest);
  const HmacSha1 hmac(bytes(key));
  EXPECT_TRUE(std::ranges::equal(wanted, hmac.of(bytes(data))));
  // Again, from the same key, in two parts.
  EXPECT_TRUE(std::ranges::equal(wanted, hmac.of(bytes(data.substr(0, 3)), bytes(data.substr(3)))));
}

TEST(HmacSha1, agrees_with_rfc_2202) {
  expect(std::string(20, '\x0b'), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00");
  expect("Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  expect(std::string(20, '\xaa'), std::string(50, '\xdd'),
         "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
}

TEST(HmacSha1, hashes_keys_that_are_longer_than_a_block) {
  expect(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
         "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

}  // namespace
}  // namespace gw::media::wire
