// Preloaded into the daemon by a system test: a resolver that never answers.
#include <netdb.h>
#include <unistd.h>

extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
    constexpr char kSaid[] = "stalling_resolver: asked\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, kSaid, sizeof kSaid - 1);
    for (;;) pause();
}
