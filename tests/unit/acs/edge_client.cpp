#include "tests/unit/acs/edge_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>

namespace gw::test {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

namespace {
constexpr auto kPatience = std::chrono::seconds(5);
}

struct EdgeClient::Impl {
  asio::io_context io;
  websocket::stream<tcp::socket> ws{io};
  bool open = false;
  bool ended = false;
  unsigned refusal = 0;
  std::deque<pb::ServerFrame> kept;

  // Runs one asynchronous operation to its end, or the patience's.
  template <class Start>
  error_code finish(Start&& start) {
    error_code result = asio::error::timed_out;
    start([&](error_code error, auto&&...) { result = error; });
    io.restart();
    io.run_for(kPatience);
    return result;
  }

  std::optional<pb::ServerFrame> read() {
    if (ended) return std::nullopt;
    beast::flat_buffer buffer;
    const error_code error = finish([&](auto handler) { ws.async_read(buffer, handler); });
    if (error) {
      ended = true;
      return std::nullopt;
    }
    pb::ServerFrame frame;
    if (!frame.ParseFromArray(buffer.data().data(), static_cast<int>(buffer.size())))
      return std::nullopt;
    return frame;
  }
};

EdgeClient::EdgeClient(Options options) : impl_(std::make_unique<Impl>()) {
  tcp::socket& socket = impl_->ws.next_layer();
  socket.open(tcp::v4());
  if (options.receive_buffer > 0)
    socket.set_option(tcp::socket::receive_buffer_size(options.receive_buffer));
  socket.connect({asio::ip::address_v4::loopback(), options.port});
  impl_->ws.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    request.set(beast::http::field::sec_websocket_protocol, options.protocol);
    if (!options.origin.empty()) request.set(beast::http::field::origin, options.origin);
  }));
  impl_->ws.binary(true);
  impl_->ws.read_message_max(1 << 20);
  websocket::response_type response;
  const std::string host = "127.0.0.1:" + std::to_string(options.port);
  const error_code error = impl_->finish(
      [&](auto handler) { impl_->ws.async_handshake(response, host, options.path, handler); });
  impl_->open = !error;
  impl_->ended = impl_->open == false;
  impl_->refusal = response.result_int();
}
EdgeClient::~EdgeClient() = default;
EdgeClient::EdgeClient(EdgeClient&&) noexcept = default;

bool EdgeClient::open() const {
  return impl_->open;
}
unsigned EdgeClient::refusal() const {
  return impl_->refusal;
}

void EdgeClient::send(const pb::ClientFrame& frame) {
  send_bytes(frame.SerializeAsString());
}

void EdgeClient::send_bytes(std::string_view bytes) {
  impl_->ws.binary(true);
  impl_->finish([&](auto handler) {
    impl_->ws.async_write(asio::buffer(bytes.data(), bytes.size()), handler);
  });
}

void EdgeClient::send_text(std::string_view text) {
  impl_->ws.text(true);
  impl_->finish([&](auto handler) {
    impl_->ws.async_write(asio::buffer(text.data(), text.size()), handler);
  });
}

std::optional<pb::ServerFrame> EdgeClient::receive() {
  std::optional<pb::ServerFrame> frame;
  if (!impl_->kept.empty()) {
    frame = impl_->kept.front();
    impl_->kept.pop_front();
  } else {
    frame = impl_->read();
  }
  if (frame && frame->seq() > last_seq) last_seq = frame->seq();
  return frame;
}

std::optional<pb::ServerFrame> EdgeClient::receive_until(
    const std::function<bool(const pb::ServerFrame&)>& fits) {
  while (auto frame = receive()) {
    if (fits(*frame)) return frame;
  }
  return std::nullopt;
}

uint16_t EdgeClient::closed() {
  impl_->kept.clear();
  while (impl_->read()) {
  }
  return static_cast<uint16_t>(impl_->ws.reason().code);
}

void EdgeClient::drop() {
  error_code ignored;
  impl_->ended = true;
  impl_->ws.next_layer().close(ignored);
}

std::optional<pb::ServerFrame> EdgeClient::register_as(const std::string& token,
                                                       const std::string& instance) {
  pb::ClientFrame frame;
  frame.mutable_register_()->set_token(token);
  frame.mutable_register_()->set_instance_id(instance);
  frame.set_request_id(next_id++);
  send(frame);
  auto answer = receive();
  if (answer && answer->has_registered()) session_key = answer->registered().session_key();
  return answer;
}

std::optional<pb::ServerFrame> EdgeClient::resume(const std::string& token, const std::string& key,
                                                  uint64_t seq) {
  pb::ClientFrame frame;
  frame.mutable_register_()->set_token(token);
  frame.mutable_register_()->set_instance_id("tab-1");
  frame.mutable_register_()->mutable_resume()->set_session_key(key);
  frame.mutable_register_()->mutable_resume()->set_last_seq(seq);
  frame.set_request_id(next_id++);
  send(frame);
  auto answer = receive();
  if (answer && answer->has_registered()) session_key = answer->registered().session_key();
  return answer;
}

uint32_t EdgeClient::request(pb::ClientFrame frame) {
  frame.set_request_id(next_id++);
  send(frame);
  return next_id - 1;
}

std::optional<pb::Response> EdgeClient::response(uint32_t request_id) {
  while (auto frame = impl_->read()) {
    if (frame->has_response() && frame->request_id() == request_id) return frame->response();
    impl_->kept.push_back(*frame);
  }
  return std::nullopt;
}

pb::ClientFrame invite(const std::string& call_id, const std::string& to, const std::string& sdp) {
  pb::ClientFrame frame;
  frame.mutable_invite()->set_call_id(call_id);
  frame.mutable_invite()->add_to()->set_raw_id(to);
  frame.mutable_invite()->mutable_offer()->set_sdp(sdp);
  frame.mutable_invite()->mutable_offer()->set_generation(1);
  return frame;
}
pb::ClientFrame accept(const std::string& call_id, const std::string& sdp) {
  pb::ClientFrame frame;
  frame.mutable_accept()->set_call_id(call_id);
  frame.mutable_accept()->mutable_offer()->set_sdp(sdp);
  return frame;
}
pb::ClientFrame reject(const std::string& call_id) {
  pb::ClientFrame frame;
  frame.mutable_reject()->set_call_id(call_id);
  return frame;
}
pb::ClientFrame hangup(const std::string& call_id) {
  pb::ClientFrame frame;
  frame.mutable_hangup()->set_call_id(call_id);
  return frame;
}
pb::ClientFrame ping(int64_t t_ms) {
  pb::ClientFrame frame;
  frame.mutable_ping()->set_t_ms(t_ms);
  return frame;
}

}  // namespace gw::test
