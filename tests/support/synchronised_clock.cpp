// Preloaded into the daemon by a system test: a wall clock that the test sets, and that the kernel
// calls synchronised, whatever the machine's is. The file that WALL_CLOCK names says how many
// seconds it is ahead, and whether it is not synchronised: "-3600", "631152000 unsynchronised".
// Without the file it is right and synchronised. Clocks that count from the start of the machine
// are left alone.
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

struct Setting {
    long aheadSeconds = 0;
    bool isSynchronised = true;

    Setting() {
        const char* path = std::getenv("WALL_CLOCK");
        const int file = path != nullptr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (file < 0) return;
        char text[64] = "";
        if (read(file, text, sizeof text - 1) > 0) {
            aheadSeconds = std::atol(text);
            isSynchronised = std::strstr(text, "unsynchronised") == nullptr;
        }
        close(file);
    }
};

bool isWall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

/// The kernel knows its own clock alone, and waits by that.
timespec byKernel(const timespec& until) {
    return {until.tv_sec - Setting{}.aheadSeconds, until.tv_nsec};
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
    const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
    if (result == 0 && isWall(clock)) now->tv_sec += Setting{}.aheadSeconds;
    return result;
}

extern "C" int gettimeofday(timeval* __restrict now, void* __restrict) noexcept {
    timespec exact{};
    clock_gettime(CLOCK_REALTIME, &exact);
    *now = {exact.tv_sec, exact.tv_nsec / 1000};
    return 0;
}

extern "C" time_t time(time_t* place) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (place != nullptr) *place = now.tv_sec;
    return now.tv_sec;
}

extern "C" int pthread_cond_timedwait(pthread_cond_t* __restrict condition,
                                      pthread_mutex_t* __restrict mutex,
                                      const timespec* __restrict until) {
    const auto shifted = byKernel(*until);
    return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &shifted);
}

extern "C" int sem_timedwait(sem_t* __restrict semaphore, const timespec* __restrict until) {
    const auto shifted = byKernel(*until);
    return sem_clockwait(semaphore, CLOCK_REALTIME, &shifted);
}

extern "C" int adjtimex(timex* state) noexcept {
    *state = {};
    if (Setting{}.isSynchronised) return TIME_OK;
    state->status = STA_UNSYNC;
    return TIME_ERROR;
}
