#include "acs/rest/phone_numbers_api.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace gw::acs::rest {
namespace {

using http::Request;
using http::Respond;
using http::Response;
using nlohmann::json;

constexpr ApiVersions kNumbersVersions{"2021-03-07", "2025-06-01"};
constexpr size_t kNumbersPage = 100;
constexpr size_t kMost = 1'000'000;

// A query's number from 0 on; nullopt: it is none.
std::optional<size_t> number_of(const Request& request, const char* key, size_t otherwise) {
  const auto text = request.query_value(key);
  if (!text) return otherwise;
  size_t value = 0;
  const char* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || at != end || value > kMost) return std::nullopt;
  return value;
}

}  // namespace

PhoneNumbersApi::PhoneNumbersApi(RestDoor& door, Owned owned, WallTime since)
    : owned_(std::move(owned)), since_(iso8601(since)) {
  const RestDoor::Api api{"phone_numbers", kNumbersVersions};
  const auto not_sold = [](const Request&, const Caller&, const Respond& respond) {
    respond(to_response({501, "NotSupported",
                         "Numbers are the operator's ([numbers] owned); this gateway neither "
                         "sells, changes nor releases them."}));
  };
  door.serve("GET /phoneNumbers", api,
             [this](const Request& request, const Caller&, const Respond& respond) {
               list(request, respond);
             });
  door.serve("GET /phoneNumbers/", api,
             [this](const Request& request, const Caller&, const Respond& respond) {
               one(request, respond);
             });
  door.serve("/phoneNumbers/", api, not_sold);
  door.serve("/availablePhoneNumbers/", api, not_sold);
}

std::string PhoneNumbersApi::item(const OwnedNumber& number) const {
  const std::string digits = number.number.substr(number.number.starts_with('+') ? 1 : 0);
  return json{
      {"id", digits},
      {"phoneNumber", number.number},
      {"countryCode", number.country},
      {"phoneNumberType", number.type},
      {"capabilities", {{"calling", "inbound+outbound"}, {"sms", "none"}}},
      {"assignmentType", "application"},
      {"purchaseDate", since_},
      {"cost", {{"amount", 0}, {"currencyCode", "USD"}, {"billingFrequency", "monthly"}}},
  }
      .dump();
}

// "top" in Azure's newest versions, "maxPageSize" in others.
void PhoneNumbersApi::list(const Request& request, const Respond& respond) const {
  const auto skip = number_of(request, "skip", 0);
  const bool named_top = request.query_value("top").has_value();
  const auto top = number_of(request, named_top ? "top" : "maxPageSize", kNumbersPage);
  if (!skip || !top || *top == 0) {
    return respond(to_response(
        {400, "BadRequest", "skip and top are numbers, top at least 1.", skip ? "top" : "skip"}));
  }
  const std::vector<OwnedNumber>& owned = owned_();
  const size_t page = std::min(*top, kNumbersPage);
  const size_t begin = std::min(*skip, owned.size());
  const size_t end = std::min(begin + page, owned.size());
  std::string body = "{\"phoneNumbers\":[";
  for (size_t i = begin; i < end; ++i) body += (i == begin ? "" : ",") + item(owned[i]);
  body += "]";
  if (end < owned.size()) {
    const json next = "/phoneNumbers?skip=" + std::to_string(end) + "&top=" + std::to_string(page) +
                      "&api-version=" + request.query_value("api-version").value_or("");
    body += ",\"nextLink\":" + next.dump();
  }
  respond(Response::json(200, body + "}"));
}

void PhoneNumbersApi::one(const Request& request, const Respond& respond) const {
  const std::string wanted = request.path.substr(std::string_view("/phoneNumbers/").size());
  const auto& owned = owned_();
  const auto found = std::ranges::find_if(owned, [&](const OwnedNumber& number) {
    return number.number == wanted || number.number == "+" + wanted;
  });
  if (found != owned.end()) return respond(Response::json(200, item(*found)));
  respond(to_response(
      {404, "NotFound", "Input phoneNumber " + wanted + " cannot be found.", "phonenumber"}));
}

}  // namespace gw::acs::rest
