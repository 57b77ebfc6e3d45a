#include <cstdlib>
#include <string_view>

#include "gateway/ops/user_csv.h"

using namespace gw;

// A spreadsheet of users: what is read is written and read again as it was.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto users =
      ops::read_users(std::string_view(reinterpret_cast<const char*>(data), size), "US");
  if (!users) {
    if (users.error().detail.empty()) std::abort();
    return 0;
  }
  const std::string written = ops::write_users(*users);
  const auto again = ops::read_users(written, "US");
  if (!again || again->size() != users->size() || ops::write_users(*again) != written) std::abort();
  return 0;
}
