// Preloaded into the daemon by a system test: a kernel whose clock is synchronised, whatever the
// machine's is.
#include <sys/timex.h>

extern "C" int adjtimex(timex* state) noexcept {
    *state = {};
    return TIME_OK;
}
