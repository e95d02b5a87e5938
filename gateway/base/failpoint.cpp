#include "gateway/base/failpoint.hpp"

#ifdef VITALGATE_FAILPOINTS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>

namespace vitalgate {

namespace {

struct Chosen {
    std::string_view name;
    int passes = 1;
};

Chosen chosen() {
    const char* set = std::getenv("VITALGATE_FAILPOINT");
    if (set == nullptr) return {};
    const std::string_view text = set;
    const auto colon = text.find(':');
    Chosen result{.name = text.substr(0, colon)};
    if (colon != std::string_view::npos) {
        const auto count = text.substr(colon + 1);
        std::from_chars(count.data(), count.data() + count.size(), result.passes);
    }
    return result;
}

}  // namespace

void failpoint(std::string_view name) {
    static const Chosen failing = chosen();
    static std::atomic<int> passed = 0;
    if (name == failing.name && ++passed == failing.passes) std::raise(SIGKILL);
}

}  // namespace vitalgate

#endif
