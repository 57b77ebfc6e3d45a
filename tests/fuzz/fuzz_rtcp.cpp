#include <cstdlib>

#include "media/wire/rtcp.h"

using namespace gw::media::wire;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = RtcpCompound::parse(std::as_bytes(std::span(data, size)));
  if (!read) return 0;

  // What we understood can be said again and is understood as the same.
  RtcpReport report;
  report.ssrc = read->ssrc;
  report.sender = read->sender;
  report.blocks = read->reports();
  report.cname = read->cname;
  report.bye = read->bye_count != 0;
  report.voip = read->voip;
  std::array<std::byte, kMaxRtcpReport> buffer;
  const size_t written = write_rtcp(buffer, report);
  if (written == 0) std::abort();
  const auto again = RtcpCompound::parse(std::span(buffer).first(written));
  if (!again || again->ssrc != read->ssrc || again->cname != read->cname) std::abort();
  if (again->block_count != read->block_count || again->voip != read->voip) std::abort();
  for (size_t i = 0; i < read->block_count; ++i) {
    if (again->blocks[i].cumulative_lost != read->blocks[i].cumulative_lost) std::abort();
    if (again->blocks[i].highest_sequence != read->blocks[i].highest_sequence) std::abort();
  }
  return 0;
}
