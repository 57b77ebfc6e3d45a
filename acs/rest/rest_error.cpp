#include "acs/rest/rest_error.h"

#include <nlohmann/json.hpp>

namespace gw::acs::rest {

http::Response to_response(const RestError& error) {
  using nlohmann::json;
  json inside = {{"code", error.code}, {"message", error.message}};
  if (!error.target.empty()) inside["target"] = error.target;
  if (!error.inner_code.empty()) {
    inside["innererror"] = {{"code", error.inner_code}, {"message", error.inner_message}};
  }
  // What came from the network may be no UTF-8: then it is replaced, not thrown.
  http::Response response = http::Response::json(
      error.status, json{{"error", inside}}.dump(-1, ' ', false, json::error_handler_t::replace));
  response.headers.emplace_back("x-ms-error-code", error.code);
  return response;
}

}  // namespace gw::acs::rest
