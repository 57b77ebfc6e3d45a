#include "acs/cloud/http_carrier.h"

#include <utility>

namespace gw::acs::cloud {

Result<std::unique_ptr<HttpCarrier>> HttpCarrier::create(const std::string& ca,
                                                         http::HttpServer& server, Metrics& metrics,
                                                         Log log) {
  http::HttpClientConfig config;
  config.authorities = ca;
  auto client = http::HttpClient::create(std::move(config), server.loop(), metrics, log);
  if (!client) return tl::unexpected(client.error());
  return std::unique_ptr<HttpCarrier>(new HttpCarrier(server, std::move(*client)));
}

void HttpCarrier::send(WireRequest request, Duration deadline, Answer answer) {
  http::ClientRequest out;
  out.method = std::move(request.method);
  out.url = std::move(request.url);
  out.headers = std::move(request.headers);
  out.body = std::move(request.body);
  out.deadline = deadline;
  client_->send(
      std::move(out), [answer = std::move(answer)](Result<http::ClientResponse> response) {
        if (!response) return answer(tl::unexpected(response.error()));
        http::Response in = http::Response::json(response->status, std::move(response->body));
        in.headers = std::move(response->headers);
        answer(std::move(in));
      });
}

void HttpCarrier::after(Duration delay, std::function<void()> task) {
  server_.after(delay, std::move(task));
}

}  // namespace gw::acs::cloud
