#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/config/pattern.h"
#include "gateway/policy/dial_policy.h"
#include "gateway/policy/router.h"

namespace gw::policy {
namespace {

std::optional<std::string> read(std::string_view number, const std::string& country) {
  using i18n::phonenumbers::PhoneNumber;
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  PhoneNumber parsed;
  if (util.Parse(std::string(number), country, &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) {
    return std::nullopt;
  }
  // "5550123" is possible locally only: no area code, no E.164.
  if (util.IsPossibleNumberWithReason(parsed) != PhoneNumberUtil::IS_POSSIBLE) return std::nullopt;
  std::string e164;
  util.Format(parsed, PhoneNumberUtil::E164, &e164);
  return e164;
}

// Numbers come again: a call asks several times for its own, and most calls are from or to those of
// the house. To read them, by regular expressions, took 6 % of the signalling thread's time.
class KnownNumbers {
 public:
  std::optional<std::string> look_up(std::string_view number, const std::string& country) {
    if (std::exchange(country_, country) != country) known_.clear();
    if (const auto found = known_.find(number); found != known_.end()) return found->second;
    if (known_.size() >= kMost) known_.clear();
    return known_.emplace(number, read(number, country)).first->second;
  }

 private:
  static constexpr size_t kMost = 1024;

  std::string country_;
  std::map<std::string, std::optional<std::string>, std::less<>> known_;
};

}  // namespace

std::optional<std::string> normalise(std::string_view number, const std::string& country) {
  if (number.empty() || number.size() > config::kMaxDialled) return std::nullopt;
  // libphonenumber reads letters as keys (1800FLOWERS); a SIP user part with letters is a name.
  if (number.find_first_not_of("+0123456789 ()-./") != std::string_view::npos) return std::nullopt;
  thread_local KnownNumbers known;
  return known.look_up(number, country);
}

NumberKind kind_of(const std::string& e164) {
  using i18n::phonenumbers::PhoneNumber;
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  NumberKind kind{"", "geographic"};
  PhoneNumber parsed;
  if (util.Parse(e164, "ZZ", &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) return kind;
  const auto type = util.GetNumberType(parsed);
  if (type == PhoneNumberUtil::TOLL_FREE) kind.type = "tollFree";
  if (type == PhoneNumberUtil::MOBILE) kind.type = "mobile";
  kind.premium = type == PhoneNumberUtil::PREMIUM_RATE;
  util.GetRegionCodeForNumber(parsed, &kind.country);
  // 555-01xx is valid nowhere: the country that has the calling code.
  if (kind.country.empty() || kind.country == "ZZ") {
    util.GetRegionCodeForCountryCode(parsed.country_code(), &kind.country);
  }
  return kind;
}

bool leads_abroad(std::string_view prefix, const std::string& country) {
  using i18n::phonenumbers::PhoneNumberUtil;
  if (!prefix.starts_with('+')) return false;
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  const int home = util.GetCountryCodeForRegion(country);
  int code = 0;
  // No calling code is the beginning of another.
  for (size_t i = 1; i < std::min<size_t>(prefix.size(), 4); ++i) {
    if (prefix[i] < '0' || prefix[i] > '9') return false;
    code = code * 10 + (prefix[i] - '0');
    std::string region;
    util.GetRegionCodeForCountryCode(code, &region);
    if (!region.empty() && region != "ZZ") return code != home;
  }
  return false;
}

std::string number_for_trunk(const config::Trunk& trunk, const std::string& e164) {
  const std::string& strip = trunk.number.strip;
  const size_t cut = !strip.empty() && e164.starts_with(strip) ? strip.size() : 0;
  return trunk.number.add + e164.substr(cut);
}

}  // namespace gw::policy
