#pragma once

#include <functional>
#include <string>
#include <vector>

#include "acs/rest/rest_door.h"
#include "base/clock.h"

namespace gw::acs::rest {

struct OwnedNumber {
  std::string number;               // "+14255550100"
  std::string country;              // "US"
  std::string type = "geographic";  // "geographic", "tollFree" or "mobile"
};

// Azure's Phone Numbers API, as far as owned numbers go: list and get. Numbers are bought from a
// carrier, not here: the rest answers 501. Owned by App; Asio thread.
class PhoneNumbersApi {
 public:
  using Owned = std::function<const std::vector<OwnedNumber>&()>;

  // `since`: when the gateway was first started; Azure's answers carry a purchase date.
  PhoneNumbersApi(RestDoor& door, Owned owned, WallTime since);

 private:
  void list(const http::Request& request, const http::Respond& respond) const;
  void one(const http::Request& request, const http::Respond& respond) const;
  std::string item(const OwnedNumber& number) const;

  const Owned owned_;
  const std::string since_;
};

}  // namespace gw::acs::rest
