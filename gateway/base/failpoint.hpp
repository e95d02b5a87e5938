#pragma once

#include <string_view>

namespace vitalgate {

/// Marks a place at which a test may end the process as a power cut would: at once, without a
/// destructor or a flush. Only a build with -DVITALGATE_FAILPOINTS=ON can; in any other this is
/// nothing. There the environment variable VITALGATE_FAILPOINT=NAME:N ends the process when it
/// passes the place of that name for the Nth time, counted from 1; `:N` may be left out for 1.
/// Names are `folder.what-comes-next`, one place each. May be called by any thread.
#ifdef VITALGATE_FAILPOINTS
void failpoint(std::string_view name);
#else
constexpr void failpoint(std::string_view /*name*/) {}
#endif

}  // namespace vitalgate
