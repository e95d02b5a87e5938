// Preloaded into the daemon by a system test: of all allocations of the process, or of the library
// whose name has FAILING_ALLOCATION_OF in it, one fails, that whose number the environment gives as
// FAILING_ALLOCATION. It tells which library asked for it.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
}

namespace {

/// Of the library that asks, or of what nobody knows.
const char* nameOf(const void* caller) {
    Dl_info about{};
    const bool isKnown = dladdr(caller, &about) != 0 && about.dli_fname != nullptr;
    return isKnown ? about.dli_fname : "nobody known";
}

bool fails(const void* caller) {
    static const long chosen = [] {
        const char* text = std::getenv("FAILING_ALLOCATION");
        return text != nullptr ? std::atol(text) : 0;
    }();
    static const char* const library = std::getenv("FAILING_ALLOCATION_OF");
    static std::atomic<long> number = 0;
    if (chosen == 0 || number > chosen) return false;
    if (library != nullptr && std::strstr(nameOf(caller), library) == nullptr) return false;
    if (++number != chosen) return false;
    std::array<char, 300> line{};
    std::snprintf(line.data(), line.size(), "failing_allocation: it has failed for %.200s\n",
                  nameOf(caller));
    [[maybe_unused]] const auto written =
        write(STDERR_FILENO, line.data(), std::strlen(line.data()));
    errno = ENOMEM;
    return true;
}

}  // namespace

extern "C" void* malloc(std::size_t size) {
    return fails(__builtin_return_address(0)) ? nullptr : __libc_malloc(size);
}

extern "C" void* calloc(std::size_t count, std::size_t size) {
    return fails(__builtin_return_address(0)) ? nullptr : __libc_calloc(count, size);
}

extern "C" void* realloc(void* block, std::size_t size) {
    return fails(__builtin_return_address(0)) ? nullptr : __libc_realloc(block, size);
}
