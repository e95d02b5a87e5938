#include "gateway/config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/base/words.hpp"

namespace vitalgate::config {

namespace {

struct Unit {
    std::string_view word;
    std::int64_t size;
};

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kDay = 86'400'000 * kMillisecond;
constexpr std::array<Unit, 5> kDurationUnits{{{"ms", kMillisecond},
                                              {"s", 1000 * kMillisecond},
                                              {"m", 60'000 * kMillisecond},
                                              {"h", 3'600'000 * kMillisecond},
                                              {"d", kDay}}};
constexpr std::array<Unit, 4> kSizeUnits{
    {{"B", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}}};
constexpr std::int64_t kLongestDuration = 36'500 * kDay;
constexpr std::int64_t kLargestSize = 1LL << 50;

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// A whole number of such units, at most `largest`.
Result<std::int64_t> parseWithUnit(std::string_view text, std::span<const Unit> units,
                                   std::int64_t largest) {
    const auto digits =
        static_cast<std::size_t>(std::ranges::find_if_not(text, isDigit) - text.begin());
    if (digits == 0)
        return fail(ErrorKind::invalid, "{} is not a number and a unit", inQuotes(text));
    const auto word = text.substr(digits);
    if (word.empty()) return fail(ErrorKind::invalid, "{} has no unit", inQuotes(text));
    const auto unit = std::ranges::find(units, word, &Unit::word);
    if (unit == units.end()) {
        return fail(ErrorKind::invalid, "{} has an unknown unit", inQuotes(text));
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc{} || number > largest / unit->size) {
        return fail(ErrorKind::invalid, "{} is too much", inQuotes(text));
    }
    return number * unit->size;
}

}  // namespace

Result<Duration> parseDuration(std::string_view text) {
    const auto count = parseWithUnit(text, kDurationUnits, kLongestDuration);
    if (!count) return std::unexpected(count.error());
    return Duration{*count};
}

Result<ByteSize> parseByteSize(std::string_view text) {
    const auto bytes = parseWithUnit(text, kSizeUnits, kLargestSize);
    if (!bytes) return std::unexpected(bytes.error());
    return ByteSize{static_cast<std::uint64_t>(*bytes)};
}

Result<Rate> parseRate(std::string_view text) {
    constexpr std::string_view kUnit = "/min";
    const auto number = text.ends_with(kUnit)
                            ? parseNumber(text.substr(0, text.size() - kUnit.size()))
                            : parseNumber("");
    if (!number) return fail(ErrorKind::invalid, "{} is not a rate", inQuotes(text));
    return Rate{*number};
}

Result<SignalStrength> parseSignal(std::string_view text) {
    constexpr std::string_view kUnit = "dBm";
    const bool negative = text.starts_with('-');
    const auto body = text.substr(negative ? 1 : 0);
    if (!body.empty() && std::ranges::all_of(body, isDigit)) {
        return fail(ErrorKind::invalid, "{} has no unit", inQuotes(text));
    }
    const auto number = body.ends_with(kUnit)
                            ? parseNumber(body.substr(0, body.size() - kUnit.size()))
                            : parseNumber("");
    if (!number || *number > 1000) {
        return fail(ErrorKind::invalid, "{} is not a signal strength", inQuotes(text));
    }
    const auto dBm = static_cast<int>(*number);
    return SignalStrength{negative ? -dBm : dBm};
}

Result<std::uint32_t> parseNumber(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return fail(ErrorKind::invalid, "{} is not a whole number", inQuotes(text));
    }
    return number;
}

Result<Uuid> parseCharacteristic(std::string_view text) {
    if (const auto uuid = Uuid::parse(text)) return *uuid;
    return fail(ErrorKind::invalid, "{} is not a characteristic", inQuotes(text));
}

Result<bool> parseBool(std::string_view text) {
    if (text != "true" && text != "false") {
        return fail(ErrorKind::invalid, "{} is neither true nor false", inQuotes(text));
    }
    return text == "true";
}

std::string writeDuration(Duration duration) {
    for (auto unit = kDurationUnits.rbegin(); unit != kDurationUnits.rend(); ++unit) {
        const auto count = duration.count();
        if (count >= unit->size && count % unit->size == 0) {
            return fmt::format("{}{}", count / unit->size, unit->word);
        }
    }
    return "0s";
}

}  // namespace vitalgate::config
