#pragma once

#include <memory>

#include "acs/cloud/api_client.h"
#include "acs/http/http_client.h"
#include "acs/http/http_server.h"

namespace gw::acs::cloud {

// Requests to the cloud over HTTPS, on the edge server's Asio thread. Owned by the CloudService;
// gone after that thread has ended.
class HttpCarrier final : public Carrier {
 public:
  // `ca`: a PEM file trusted besides the system's; "" = none.
  static Result<std::unique_ptr<HttpCarrier>> create(const std::string& ca,
                                                     http::HttpServer& server, Metrics& metrics,
                                                     Log log);

  void send(WireRequest request, Duration deadline, Answer answer) override;
  void after(Duration delay, std::function<void()> task) override;

 private:
  HttpCarrier(http::HttpServer& server, std::unique_ptr<http::HttpClient> client)
      : server_(server), client_(std::move(client)) {}

  http::HttpServer& server_;
  const std::unique_ptr<http::HttpClient> client_;
};

}  // namespace gw::acs::cloud
