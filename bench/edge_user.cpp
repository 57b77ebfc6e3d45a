#include "bench/edge_user.h"

#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "bench/http_exchange.h"

namespace gw::bench {
namespace {

using acsedge::v1::ClientFrame;
using acsedge::v1::ServerFrame;

// RFC 6455 5.2
constexpr uint8_t kFinal = 0x80, kMasked = 0x80;
constexpr uint8_t kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
constexpr int kPatienceMs = 10000;

}  // namespace

EdgeUser::~EdgeUser() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::string> EdgeUser::fetch_token(const SocketAddress& local,
                                          const std::string& name) const {
  const auto answer = http_exchange(local, "POST", "/demo/token", R"({"user":")" + name + "\"}");
  if (!answer) return gw::fail(ErrorCode::Unauthorized, "no demo token for " + name);
  const auto json = nlohmann::json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("token") || !json["token"].is_string()) {
    return gw::fail(ErrorCode::Protocol, "no token in the answer for " + name);
  }
  return json["token"].get<std::string>();
}

Result<void> EdgeUser::upgrade(const SocketAddress& local) {
  fd_ = connect_tcp(local);
  if (fd_ < 0) return gw::fail(ErrorCode::Unavailable, "no connection to the edge");
  std::array<std::byte, 16> nonce{};
  random_.fill(nonce);
  std::array<unsigned char, 32> key{};
  EVP_EncodeBlock(key.data(), reinterpret_cast<const unsigned char*>(nonce.data()), nonce.size());
  const std::string host = local.to_string();
  write_all(fd_, "GET /edge HTTP/1.1\r\nHost: " + host + "\r\nOrigin: http://" + host +
                     "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
                     "\r\nSec-WebSocket-Protocol: acs-edge.v1\r\nSec-WebSocket-Key: " +
                     reinterpret_cast<const char*>(key.data()) + "\r\n\r\n");
  std::array<char, 4096> part;
  while (in_.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = ::recv(fd_, part.data(), part.size(), 0);
    if (n <= 0) return gw::fail(ErrorCode::Unavailable, "the edge did not upgrade");
    in_.append(part.data(), static_cast<size_t>(n));
  }
  if (!in_.starts_with("HTTP/1.1 101")) {
    return gw::fail(ErrorCode::Forbidden, in_.substr(0, in_.find("\r\n")));
  }
  in_.erase(0, in_.find("\r\n\r\n") + 4);
  return {};
}

Result<void> EdgeUser::connect(const SocketAddress& local, const std::string& name) {
  const auto token = fetch_token(local, name);
  if (!token) return tl::unexpected(token.error());
  if (auto up = upgrade(local); !up) return up;
  ClientFrame frame;
  frame.mutable_register_()->set_token(*token);
  frame.mutable_register_()->set_instance_id(random_.uuid());
  frame.mutable_register_()->set_display_name(name);
  send(frame);
  while (!registered_ && fd_ >= 0) {
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMs) <= 0) break;
    on_readable();
  }
  if (!registered_) return gw::fail(ErrorCode::Unauthorized, name + " was not registered");
  return {};
}

void EdgeUser::accept(const std::string& call_id, std::string offer) {
  ClientFrame frame;
  auto* accept = frame.mutable_accept();
  accept->set_call_id(call_id);
  accept->mutable_offer()->set_call_id(call_id);
  accept->mutable_offer()->set_generation(1);
  accept->mutable_offer()->set_sdp(std::move(offer));
  accept_request_ = next_request_;
  send(frame);
}

void EdgeUser::ping() {
  ClientFrame frame;
  frame.mutable_ping()->set_t_ms(1);
  send(frame);
}

void EdgeUser::send(ClientFrame& frame) {
  frame.set_request_id(next_request_++);
  frame.set_ack(seen_);
  send_message(kBinary, frame.SerializeAsString());
}

void EdgeUser::send_message(uint8_t opcode, std::string_view payload) {
  std::string out{static_cast<char>(kFinal | opcode)};
  if (payload.size() < 126) {
    out += static_cast<char>(kMasked | payload.size());
  } else {  // No frame of ours is longer than 64 KiB.
    out += static_cast<char>(kMasked | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  std::array<std::byte, 4> mask{};
  random_.fill(mask);
  for (const std::byte b : mask) out += static_cast<char>(b);
  for (size_t i = 0; i < payload.size(); ++i) {
    out += static_cast<char>(static_cast<std::byte>(payload[i]) ^ mask[i % 4]);
  }
  if (!write_all(fd_, out)) lose("the edge does not read");
}

void EdgeUser::on_readable() {
  std::array<char, 16384> part;
  for (;;) {
    const ssize_t n = ::recv(fd_, part.data(), part.size(), MSG_DONTWAIT);
    if (n == 0) return lose("the edge closed the connection");
    if (n < 0) break;
    in_.append(part.data(), static_cast<size_t>(n));
  }
  while (take_message()) {
  }
}

bool EdgeUser::take_message() {
  if (in_.size() < 2 || fd_ < 0) return false;
  const auto octet = [this](size_t at) {
    return static_cast<uint64_t>(static_cast<uint8_t>(in_[at]));
  };
  const size_t extra = octet(1) == 126 ? 2 : octet(1) == 127 ? 8 : 0;
  if (in_.size() < 2 + extra) return false;
  uint64_t size = extra == 0 ? octet(1) : 0;
  for (size_t i = 0; i < extra; ++i) size = size << 8 | octet(2 + i);
  if (in_.size() - 2 - extra < size) return false;
  const auto opcode = static_cast<uint8_t>(octet(0) & 0x0f);
  const std::string payload = in_.substr(2 + extra, size);
  in_.erase(0, 2 + extra + size);
  if (opcode == kBinary) take_frame(payload);
  if (opcode == kPing) send_message(kPong, payload);
  if (opcode == kClose) lose("the edge closed the session");
  return true;
}

void EdgeUser::take_frame(std::string_view bytes) {
  ServerFrame frame;
  if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return lose("a frame that is no ServerFrame");
  }
  seen_ = std::max<uint64_t>(seen_, frame.seq());
  switch (frame.body_case()) {
    case ServerFrame::kRegistered: registered_ = true; return;
    case ServerFrame::kIncomingCall: events_.on_incoming(frame.incoming_call().call_id()); return;
    case ServerFrame::kCallEnded:
      events_.on_failed("ended: " + frame.call_ended().reason().status().message());
      return;
    case ServerFrame::kResponse: {
      const auto& response = frame.response();
      if (response.status().code() != 0) return events_.on_failed(response.status().message());
      if (frame.request_id() == accept_request_) events_.on_accepted(response.answer().sdp());
      return;
    }
    default: return;  // States and participants: nothing to do for one who only talks.
  }
}

void EdgeUser::lose(const std::string& why) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  events_.on_failed(why);
}

}  // namespace gw::bench
