// Preloaded into the daemon by a system test: a disk with faults. The file that DISK_FAULTS names
// says what is wrong at the moment:
//
//   sync-fails-once   the next sync fails, and the file is removed
//   sync-fails        each sync fails
//   sync-takes N      each sync takes N ms longer
//   read-only         nothing can be written; what is written already is there
//
// Without the file the disk is a good one. Only what a program writes by pwrite() is concerned:
// SQLite's files.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

void say(const char* text) {
    [[maybe_unused]] const auto written = write(STDERR_FILENO, text, std::strlen(text));
}

/// What is wrong now; empty if nothing is.
struct Fault {
    char text[64] = "";

    Fault() {
        const char* path = std::getenv("DISK_FAULTS");
        const int file = path != nullptr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (file < 0) return;
        const auto size = read(file, text, sizeof text - 1);
        if (size <= 0) *text = '\0';
        close(file);
    }
    [[nodiscard]] bool is(const char* word) const {
        return std::strncmp(text, word, std::strlen(word)) == 0;
    }
};

int sync(long call, int file) {
    const Fault fault;
    if (fault.is("sync-takes ")) {
        poll(nullptr, 0, std::atoi(fault.text + std::strlen("sync-takes ")));
    }
    if (!fault.is("sync-fails")) return static_cast<int>(syscall(call, file));
    if (fault.is("sync-fails-once")) unlink(std::getenv("DISK_FAULTS"));
    say("disk_faults: a sync has failed\n");
    errno = EIO;
    return -1;
}

}  // namespace

extern "C" int fdatasync(int file) {
    return sync(SYS_fdatasync, file);
}

extern "C" int fsync(int file) {
    return sync(SYS_fsync, file);
}

extern "C" ssize_t pwrite64(int file, const void* data, std::size_t size, off64_t at) {
    if (!Fault{}.is("read-only")) return syscall(SYS_pwrite64, file, data, size, at);
    errno = EROFS;
    return -1;
}

extern "C" int access(const char* path, int mode) noexcept {
    if ((mode & W_OK) == 0 || !Fault{}.is("read-only")) {
        return static_cast<int>(syscall(SYS_access, path, mode));
    }
    errno = EROFS;
    return -1;
}
