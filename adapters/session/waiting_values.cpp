#include "adapters/session/waiting_values.hpp"

#include <charconv>
#include <optional>

namespace vitalgate::session {

namespace {

std::string_view takeUntil(std::string_view& text, char end) {
    const auto at = std::min(text.find(end), text.size());
    const auto taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

template <class T>
bool takeNumber(std::string_view& text, T& out) {
    const auto word = takeUntil(text, ' ');
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
    return error == std::errc{} && end == word.data() + word.size() && !word.empty();
}

std::optional<Value> valueFrom(std::string_view line) {
    const auto characteristic = Uuid::parse(takeUntil(line, ' '));
    const auto bytes = fromHex(takeUntil(line, ' '));
    std::int64_t wall = 0;
    std::int64_t uptime = 0;
    int trust = 0;
    Value value;
    const bool isWhole = takeNumber(line, wall) && takeNumber(line, trust) &&
                         takeNumber(line, value.received.boot) && takeNumber(line, uptime);
    if (!characteristic || !bytes || !isWhole) return std::nullopt;
    value.characteristic = *characteristic;
    value.bytes = *bytes;
    value.received.wall = WallTime{Duration{wall}};
    value.received.trust = static_cast<ClockTrust>(trust);
    value.received.uptime = SteadyTime{Duration{uptime}};
    return value;
}

}  // namespace

std::string toText(const std::vector<Value>& values) {
    std::string text;
    for (const auto& value : values) {
        const auto& at = value.received;
        text +=
            fmt::format("{} {} {} {} {} {}\n", value.characteristic.shortText(), toHex(value.bytes),
                        at.wall.time_since_epoch().count(), static_cast<int>(at.trust), at.boot,
                        at.uptime.time_since_epoch().count());
    }
    return text;
}

std::vector<Value> valuesFrom(std::string_view text) {
    std::vector<Value> values;
    while (!text.empty()) {
        if (auto value = valueFrom(takeUntil(text, '\n'))) values.push_back(std::move(*value));
    }
    return values;
}

}  // namespace vitalgate::session
