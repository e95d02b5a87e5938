#include "gateway/runtime/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace vitalgate {

std::uint64_t Random::next() {
    std::array<std::uint8_t, 8> octets{};
    fill(octets);
    std::uint64_t number = 0;
    for (const auto octet : octets) number = number << 8 | octet;
    return number;
}

Duration Random::below(Duration limit) {
    if (limit <= Duration::zero()) return Duration::zero();
    // The bias is below 1 in 2^30 for all limits up to ten seconds.
    return Duration{static_cast<Duration::rep>(next() % static_cast<std::uint64_t>(limit.count()))};
}

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const auto got = getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0 && errno != EINTR) std::abort();
        if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

void SeededRandom::fill(std::span<std::uint8_t> bytes) {
    for (auto& octet : bytes) octet = static_cast<std::uint8_t>(engine_() >> 56);
}

}  // namespace vitalgate
