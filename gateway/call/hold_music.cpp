#include "gateway/call/hold_music.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

#include "media/tone/hold_tune.h"

namespace gw {

Result<media::ClipPtr> read_hold_music(const std::string& what) {
  constexpr uintmax_t kMostBytes = 64 << 20;  // Ten minutes at 48 kHz, 16 bits, mono.
  if (what.empty()) return media::ClipPtr{};
  if (what == "tune") return media::hold_tune();
  std::error_code unknown;
  const uintmax_t size = std::filesystem::file_size(what, unknown);
  if (unknown) return fail(ErrorCode::NotFound, what + ": " + unknown.message());
  if (size > kMostBytes) return fail(ErrorCode::InvalidArgument, what + " has more than 64 MB");
  std::ifstream file(what, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  auto clip = media::read_clip(std::as_bytes(std::span(bytes)));
  if (!clip) return fail(clip.error().code, what + ": " + clip.error().detail);
  if ((*clip)->narrow.empty())
    return fail(ErrorCode::InvalidArgument, what + " has no sound in it");
  return clip;
}

bool HoldMusic::play_to(SessionId session, PortId held) {
  if (port_ && held_ == held) return true;
  if (!services_.hold_music) return false;
  if (!port_) {
    const auto port = services_.media.add_clip_port(session, {});
    if (!port) return false;
    port_ = *port;
  }
  held_ = held;
  services_.media.connect(port_, held);
  services_.media.play_clip(port_, {services_.hold_music, true, 0, {}});
  return true;
}

void HoldMusic::stop() {
  if (!port_) return;
  services_.media.remove_port(port_);
  port_ = {};
}

}  // namespace gw
