#pragma once

#include "media/tone/clip.h"

namespace gw::media {

// What callers on hold hear when nobody chose another sound: a few soft bells with rests between,
// quiet enough to talk over. Made here, so that nobody owns it; seamless when looped. Takes some
// 100 ms to make: not for a loop's thread.
ClipPtr hold_tune();

}  // namespace gw::media
