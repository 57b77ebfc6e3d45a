#include "gateway/ops/hep.h"

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/text.h"

namespace gw::ops {
namespace {

// Chunk types of the specification.
enum Chunk : uint16_t {
  kFamily = 1,
  kProtocol = 2,
  kFrom4 = 3,
  kTo4 = 4,
  kFrom6 = 5,
  kTo6 = 6,
  kFromPort = 7,
  kToPort = 8,
  kSeconds = 9,
  kMicroseconds = 10,
  kPayloadType = 11,
  kCaptureId = 12,
  kKey = 14,
  kPayload = 15,
  kCorrelation = 17,
};
constexpr uint8_t kInet = 2, kInet6 = 10;  // As Linux numbers them, whatever the collector runs on.
constexpr uint8_t kUdp = 17, kTcp = 6;
constexpr uint8_t kSip = 1;

class Packet {
 public:
  Packet() : bytes_("HEP3\0\0", 6) {}

  void add(Chunk type, std::string_view data) {
    number(0, 2);  // Vendor: generic.
    number(type, 2);
    number(6 + data.size(), 2);
    bytes_ += data;
  }
  template <class Integer>
  void add_number(Chunk type, Integer value) {
    std::string data;
    for (size_t i = sizeof value; i-- > 0;) data += static_cast<char>(value >> (8 * i));
    add(type, data);
  }
  std::string finish() {
    bytes_[4] = static_cast<char>(bytes_.size() >> 8);
    bytes_[5] = static_cast<char>(bytes_.size());
    return std::move(bytes_);
  }

 private:
  void number(size_t value, size_t size) {
    for (size_t i = size; i-- > 0;) bytes_ += static_cast<char>(value >> (8 * i));
  }

  std::string bytes_;
};

std::string_view raw(const SocketAddress& address) {
  if (address.v6()) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(address.data());
    return {reinterpret_cast<const char*>(&in6->sin6_addr), sizeof in6->sin6_addr};
  }
  const auto* in = reinterpret_cast<const sockaddr_in*>(address.data());
  return {reinterpret_cast<const char*>(&in->sin_addr), sizeof in->sin_addr};
}

// Covers what follows each `start` up to one of `ends`, or the end of the line.
void cover(std::string& text, std::string_view start, std::string_view ends) {
  const std::string lower = lower_case(text), wanted = lower_case(start);
  for (size_t at = lower.find(wanted); at != lower.npos; at = lower.find(wanted, at)) {
    at += wanted.size();
    for (; at < text.size() && text[at] != '\r' && text[at] != '\n' &&
           ends.find(text[at]) == ends.npos;
         ++at) {
      if (text[at] != '"') text[at] = 'x';
    }
  }
}

}  // namespace

std::string hep3(const HepMessage& message) {
  const auto since =
      std::chrono::duration_cast<std::chrono::microseconds>(message.at.time_since_epoch());
  const bool v6 = message.from.v6();
  if (message.text.size() + message.correlation.size() + message.key.size() + 200 > kMaxHep)
    return {};
  Packet packet;
  packet.add_number(kFamily, v6 ? kInet6 : kInet);
  packet.add_number(kProtocol, message.stream ? kTcp : kUdp);
  packet.add(v6 ? kFrom6 : kFrom4, raw(message.from));
  packet.add(v6 ? kTo6 : kTo4, raw(message.to));
  packet.add_number(kFromPort, message.from.port());
  packet.add_number(kToPort, message.to.port());
  packet.add_number(kSeconds, static_cast<uint32_t>(since.count() / 1'000'000));
  packet.add_number(kMicroseconds, static_cast<uint32_t>(since.count() % 1'000'000));
  packet.add_number(kPayloadType, kSip);
  packet.add_number(kCaptureId, message.capture_id);
  if (!message.key.empty()) packet.add(kKey, message.key);
  if (!message.correlation.empty()) packet.add(kCorrelation, message.correlation);
  packet.add(kPayload, message.text);
  return packet.finish();
}

std::string without_secrets(std::string_view sip) {
  std::string text(sip);
  // Digest (RFC 7616): blanks may stand around the "=".
  for (const std::string_view start : {"response=", "response =", "response\t="})
    cover(text, start, ",");
  cover(text, "inline:", "| ");  // SDES (RFC 4568).
  return text;
}

}  // namespace gw::ops
