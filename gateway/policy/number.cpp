#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <map>

#include "gateway/config/pattern.h"
#include "gateway/policy/dial_policy.h"
#include "gateway/policy/router.h"

namespace gw::policy {
namespace {

// Numbers come again: a call asks several times for its own, and most calls are from or to those of
// the house. libphonenumber reads one in 15 us, by regular expressions.
class Read {
 public:
  std::optional<std::string>* find(std::string_view number, const std::string& country) {
    if (country != country_ || known_.size() >= kMost) known_.clear();
    country_ = country;
    const auto found = known_.find(number);
    return found == known_.end() ? nullptr : &found->second;
  }
  std::optional<std::string> keep(std::string_view number, std::optional<std::string> e164) {
    return known_.insert_or_assign(std::string(number), std::move(e164)).first->second;
  }

 private:
  static constexpr size_t kMost = 1024;

  std::string country_;
  std::map<std::string, std::optional<std::string>, std::less<>> known_;
};

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

}  // namespace

std::optional<std::string> normalise(std::string_view number, const std::string& country) {
  if (number.empty() || number.size() > config::kMaxDialled) return std::nullopt;
  // libphonenumber reads letters as keys (1800FLOWERS); a SIP user part with letters is a name.
  if (number.find_first_not_of("+0123456789 ()-./") != std::string_view::npos) return std::nullopt;
  thread_local Read known;
  if (const auto* e164 = known.find(number, country)) return *e164;
  return known.keep(number, read(number, country));
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
