#include "acs/events/http_web_client.h"

#include <utility>

namespace gw::acs::events {
namespace {

class HttpWebClient final : public WebClient {
 public:
  explicit HttpWebClient(http::HttpClient& client) : client_(client) {}

  void send(WebRequest request, Done done) override {
    http::ClientRequest out;
    out.method = std::move(request.method);
    out.url = std::move(request.url);
    out.headers = std::move(request.headers);
    out.body = std::move(request.body);
    out.deadline = request.timeout;
    out.max_answer = request.max_answer;
    // Events are delivered at least once: again is no harm.
    out.repeatable = true;
    client_.send(std::move(out), [done = std::move(done)](Result<http::ClientResponse> answer) {
      if (!answer) return done(tl::unexpected(answer.error()));
      http::Response response;
      response.status = answer->status;
      response.headers = std::move(answer->headers);
      response.body = std::move(answer->body);
      done(std::move(response));
    });
  }

 private:
  http::HttpClient& client_;
};

}  // namespace

std::unique_ptr<WebClient> make_web_client(http::HttpClient& client) {
  return std::make_unique<HttpWebClient>(client);
}

}  // namespace gw::acs::events
