// Preloaded into the daemon by a system test: a disk with faults. The file that DISK_FAULTS names
// says what is wrong at the moment:
//
//   sync-fails-once   the next sync fails, and the file is removed
//   sync-fails        each sync fails
//   sync-takes N      each sync takes N ms longer
//   read-only         nothing can be written; what is written already is there
//   names-fail        no file gets another name, and none is cut off
//   short-writes      half of each write is done, and each second one is interrupted instead
//   opens-fail NAME   no file of this name can be opened
//
// Without the file the disk is a good one. Of writes only those by pwrite() are concerned: those to
// SQLite's files.
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

void say(const char* text) {
    [[maybe_unused]] const auto written = write(STDERR_FILENO, text, std::strlen(text));
}

int openTruly(const char* path, int flags, unsigned mode = 0) {
    return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

/// What is wrong now; empty if nothing is.
struct Fault {
    char text[64] = "";

    Fault() {
        const char* path = std::getenv("DISK_FAULTS");
        const int file = path != nullptr ? openTruly(path, O_RDONLY | O_CLOEXEC) : -1;
        if (file < 0) return;
        const auto size = read(file, text, sizeof text - 1);
        if (size <= 0) *text = '\0';
        close(file);
    }
    [[nodiscard]] bool is(const char* word) const {
        return std::strncmp(text, word, std::strlen(word)) == 0;
    }
};

int openUnlessFailing(const char* path, int flags, va_list more) {
    constexpr const char* kWord = "opens-fail ";
    const Fault fault;
    const char* slash = std::strrchr(path, '/');
    const char* name = slash != nullptr ? slash + 1 : path;
    if (fault.is(kWord) && std::strcmp(name, fault.text + std::strlen(kWord)) == 0) {
        errno = EIO;
        return -1;
    }
    return openTruly(path, flags,
                     (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, unsigned) : 0);
}

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

extern "C" int open64(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const int file = openUnlessFailing(path, flags, more);
    va_end(more);
    return file;
}

extern "C" int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const int file = openUnlessFailing(path, flags, more);
    va_end(more);
    return file;
}

extern "C" int fdatasync(int file) {
    return sync(SYS_fdatasync, file);
}

extern "C" int fsync(int file) {
    return sync(SYS_fsync, file);
}

extern "C" ssize_t pwrite64(int file, const void* data, std::size_t size, off64_t at) {
    static std::atomic<unsigned> shortWrites = 0;
    const Fault fault;
    if (fault.is("short-writes")) {
        size -= size / 2;
        if (++shortWrites % 2 == 0) {
            errno = EINTR;
            return -1;
        }
    }
    if (!fault.is("read-only")) return syscall(SYS_pwrite64, file, data, size, at);
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

extern "C" int rename(const char* from, const char* to) noexcept {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

extern "C" int renameat2(int fromFolder, const char* from, int toFolder, const char* to,
                         unsigned flags) noexcept {
    if (!Fault{}.is("names-fail")) {
        return static_cast<int>(syscall(SYS_renameat2, fromFolder, from, toFolder, to, flags));
    }
    errno = EIO;
    return -1;
}

extern "C" int ftruncate64(int file, off64_t size) noexcept {
    if (!Fault{}.is("names-fail")) return static_cast<int>(syscall(SYS_ftruncate, file, size));
    errno = EIO;
    return -1;
}
