#include "acs/rest/sip_routing_api.h"

#include <utility>

namespace gw::acs::rest {
namespace {

using http::Request;
using http::Respond;
using http::Response;

constexpr ApiVersions kSipVersions{"2021-05-01", "2024-11-15"};

}  // namespace

SipRoutingApi::SipRoutingApi(RestDoor& door, Needs needs) : needs_(std::move(needs)) {
  const RestDoor::Api api{"sip", kSipVersions};
  door.serve("GET /sip", api, [this](const Request&, const Caller&, const Respond& respond) {
    respond(Response::json(200, to_json(needs_.current())));
  });
  door.serve("PATCH /sip", api,
             [this](const Request& request, const Caller& caller, Respond respond) {
               patch(request, caller, std::move(respond));
             });
  door.serve("POST /sip:testRoutesWithNumber", api,
             [this](const Request& request, const Caller&, Respond respond) {
               test(request, std::move(respond));
             });
}

void SipRoutingApi::patch(const Request& request, const Caller&, Respond respond) {
  if (busy_) {
    Response response =
        to_response({409, "Conflict", "Another change is being made. Please try again."});
    response.headers.emplace_back("Retry-After", "1");
    return respond(std::move(response));
  }
  auto changed = merge_patch(needs_.current(), request.body);
  if (!changed) return respond(to_response(changed.error()));
  busy_ = true;
  const std::string answer = to_json(*changed);
  needs_.adopt(std::move(*changed), [this, answer, respond](const Result<void>& done) {
    busy_ = false;
    if (done) return respond(Response::json(200, answer));
    const bool theirs = done.error().code == ErrorCode::InvalidArgument;
    respond(to_response({theirs ? 422u : 503u,
                         theirs ? "UnprocessableConfiguration" : "ServiceUnavailable",
                         done.error().detail}));
  });
}

// The body may bring a configuration to test in place of the one in force.
void SipRoutingApi::test(const Request& request, Respond respond) {
  const auto number = request.query_value("targetPhoneNumber");
  if (!number || number->empty()) {
    return respond(
        to_response({400, "BadRequest", "targetPhoneNumber is missing.", "targetPhoneNumber"}));
  }
  SipRouting routing = needs_.current();
  const std::string_view body = request.body;
  if (body.find("\"routes\"") != std::string_view::npos) {
    auto changed = merge_patch(std::move(routing), body);
    if (!changed) return respond(to_response(changed.error()));
    routing = std::move(*changed);
  }
  respond(Response::json(200, to_json(matching(routing, *number))));
}

}  // namespace gw::acs::rest
