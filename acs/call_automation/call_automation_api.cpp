#include "acs/call_automation/call_automation_api.h"

#include <utility>

#include "acs/call_automation/call_answers.h"
#include "acs/call_automation/call_requests.h"

namespace gw::acs::call_automation {
namespace {

using http::Request;
using http::Respond;
using rest::Caller;
using rest::RestError;

constexpr rest::ApiVersions kVersions{"2021-08-30", "2026-03-12"};
constexpr std::string_view kCalls = "/calling/callConnections";
constexpr size_t kMaxConnectionId = 128;

RestError no_such_path() {
  return {404, "NotFound", "There is nothing at this path."};
}

RestError wrong_method() {
  return {405, "MethodNotAllowed", "This path does not take that method."};
}

RestError not_served(std::string what) {
  return {501, "NotSupported", "This gateway does not serve " + std::move(what) + "."};
}

// "/calling/callConnections/ID[/participants[/WHO]][:verb]". Verbs begin with the last colon after
// the last slash; ids of participants have colons of their own and no verb.
struct Place {
  std::string connection, what, verb;  // what: "", "participants" or "participants/WHO".
};

Place place_of(std::string_view path) {
  Place out;
  std::string_view rest = path.substr(kCalls.size() + 1);
  const size_t slash = rest.find('/');
  std::string_view* verbal = &rest;
  std::string_view what;
  if (slash != std::string_view::npos) {
    what = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
    verbal = &what;
  }
  const bool one = what.starts_with("participants/");
  if (const size_t colon = verbal->rfind(':'); colon != std::string_view::npos && !one) {
    out.verb = verbal->substr(colon + 1);
    *verbal = verbal->substr(0, colon);
  }
  out.connection = rest;
  out.what = what;
  return out;
}

template <class Order, class T>
tl::expected<Order, RestError> order(const std::string& connection, Read<T> read, unsigned status,
                                     std::string context) {
  if (!read) return tl::unexpected(read.error());
  return Order{connection, Command(std::move(*read)), status, std::move(context)};
}

template <class Order, class T>
tl::expected<Order, RestError> tagged(const Place& place, Read<T> read, unsigned status) {
  std::string context = read ? read->tag.context : "";
  return order<Order>(place.connection, std::move(read), status, std::move(context));
}

template <class Order>
tl::expected<Order, RestError> of_participants(const Place& place, const Request& request) {
  const std::string& body = request.body;
  if (place.what == "participants" && place.verb.empty()) {
    if (request.method != "GET") return tl::unexpected(wrong_method());
    return Order{place.connection, ListParticipants{}, 200, ""};
  }
  if (place.what.starts_with("participants/")) {
    if (request.method != "GET") return tl::unexpected(wrong_method());
    return Order{place.connection, GetParticipant{place.what.substr(13)}, 200, ""};
  }
  if (place.what != "participants") return tl::unexpected(no_such_path());
  if (request.method != "POST") return tl::unexpected(wrong_method());
  if (place.verb == "add") return tagged<Order>(place, read_add(body), 202);
  if (place.verb == "remove") return tagged<Order>(place, read_remove(body), 202);
  if (place.verb == "mute") return tagged<Order>(place, read_mute(body), 200);
  if (place.verb == "cancelAddParticipant") return tagged<Order>(place, read_cancel_add(body), 202);
  if (place.verb == "moveHere") return tl::unexpected(not_served("moving participants"));
  return tl::unexpected(no_such_path());
}

template <class Order>
tl::expected<Order, RestError> of_call(const Place& place, const Request& request) {
  const std::string& body = request.body;
  if (place.verb.empty()) {
    if (request.method == "GET") return Order{place.connection, GetCall{}, 200, ""};
    if (request.method == "DELETE") return Order{place.connection, HangUp{false}, 204, ""};
    return tl::unexpected(wrong_method());
  }
  if (request.method != "POST") return tl::unexpected(wrong_method());
  const std::string& verb = place.verb;
  if (verb == "terminate") return Order{place.connection, HangUp{true}, 204, ""};
  if (verb == "transferToParticipant") return tagged<Order>(place, read_transfer(body), 202);
  if (verb == "play") return tagged<Order>(place, read_play(body), 202);
  if (verb == "recognize") return tagged<Order>(place, read_recognize(body), 202);
  if (verb == "cancelAllMediaOperations") return Order{place.connection, CancelMedia{}, 202, ""};
  if (verb == "startContinuousDtmfRecognition") {
    return tagged<Order>(place, read_continuous_tones(body, true), 200);
  }
  if (verb == "stopContinuousDtmfRecognition") {
    return tagged<Order>(place, read_continuous_tones(body, false), 200);
  }
  if (verb == "sendDtmfTones") return tagged<Order>(place, read_send_tones(body), 202);
  if (verb == "hold") return tagged<Order>(place, read_hold(body), 200);
  if (verb == "unhold") return tagged<Order>(place, read_unhold(body), 200);
  if (verb == "startMediaStreaming") return tagged<Order>(place, read_streaming(body, true), 202);
  if (verb == "stopMediaStreaming") return tagged<Order>(place, read_streaming(body, false), 202);
  if (verb.find("Transcription") != std::string::npos) {
    return tl::unexpected(not_served("transcription"));
  }
  return tl::unexpected(no_such_path());
}

}  // namespace

CallAutomationApi::CallAutomationApi(rest::RestDoor& door, Needs needs)
    : needs_(needs), repeated_(needs.clock) {
  const std::string calls(kCalls);
  serve(door, "POST " + calls, [](const Request& request) {
    return order<Order>("", read_create(request.body), 201, "");
  });
  serve(door, "POST " + calls + ":answer", [](const Request& request) {
    return order<Order>("", read_answer(request.body), 200, "");
  });
  serve(door, "POST " + calls + ":redirect", [](const Request& request) {
    return order<Order>("", read_redirect(request.body), 204, "");
  });
  serve(door, "POST " + calls + ":reject", [](const Request& request) {
    return order<Order>("", read_reject(request.body), 204, "");
  });
  serve(door, "POST " + calls + ":connect", [](const Request& request) {
    return order<Order>("", read_connect(request.body), 200, "");
  });
  serve(door, calls + "/", [](const Request& request) -> tl::expected<Order, RestError> {
    const Place place = place_of(request.path);
    if (place.connection.empty() || place.connection.size() > kMaxConnectionId) {
      return tl::unexpected(no_such_path());
    }
    return place.what.empty() ? of_call<Order>(place, request)
                              : of_participants<Order>(place, request);
  });
  for (const char* path : {"/calling/recordings", "/calling/recordings/"}) {
    serve(door, path, [](const Request&) -> tl::expected<Order, RestError> {
      return tl::unexpected(not_served("call recording"));
    });
  }
}

void CallAutomationApi::serve(rest::RestDoor& door, const std::string& path,
                              std::function<tl::expected<Order, RestError>(const Request&)> read) {
  door.serve(
      path,
      {"call_automation", kVersions, rest::RestDoor::Credential::Signature, /*repeatable=*/true},
      [this, read = std::move(read)](const Request& request, const Caller& caller,
                                     Respond respond) {
        perform(request, caller, std::move(respond), read(request));
      });
}

void CallAutomationApi::perform(const Request& request, const Caller& caller, Respond respond,
                                tl::expected<Order, RestError> order) {
  if (!order) return respond(rest::to_response(order.error()));
  repeated_.once(request, caller, std::move(respond), [&](Respond answer) {
    needs_.calls.perform(
        order->connection, std::move(order->command),
        [answer = std::move(answer), status = order->status, context = order->context](
            const Outcome& outcome) { answer(to_response(outcome, status, context)); });
  });
}

}  // namespace gw::acs::call_automation
