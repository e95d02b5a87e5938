#include "gateway/config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

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

bool isHostCharacter(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_' || c == ':';
}

struct Scheme {
    std::string_view word;
    std::uint16_t port;
    bool hasPath;
};
constexpr std::array<Scheme, 4> kSchemes{
    {{"mqtts", 8883, false}, {"mqtt", 1883, false}, {"wss", 443, true}, {"ws", 80, true}}};

/// "host", "host:port", "[::1]:port".
Result<void> parseAuthority(std::string_view authority, BrokerUrl& url) {
    const bool bracketed = authority.starts_with('[');
    const auto hostEnd = bracketed ? authority.find(']') : authority.find(':');
    if (bracketed && hostEnd == std::string_view::npos) {
        return fail(ErrorKind::invalid, "the bracket of the address never closes");
    }
    url.host = authority.substr(bracketed ? 1 : 0, bracketed ? hostEnd - 1 : hostEnd);
    auto rest = hostEnd == std::string_view::npos ? std::string_view{} : authority.substr(hostEnd);
    if (bracketed) rest.remove_prefix(1);
    if (url.host.empty() || url.host.size() > 253 ||
        !std::ranges::all_of(url.host, isHostCharacter)) {
        return fail(ErrorKind::invalid, "there is no valid host name in the URL");
    }
    if (rest.empty()) return {};
    const auto port =
        rest.starts_with(':') ? parseNumber(rest.substr(1)) : Result<std::uint32_t>(0U);
    if (!port || *port == 0 || *port > std::numeric_limits<std::uint16_t>::max()) {
        return fail(ErrorKind::invalid, "the port of the URL is not a number from 1 to 65535");
    }
    url.port = static_cast<std::uint16_t>(*port);
    return {};
}

}  // namespace

std::string inQuotes(std::string_view text) {
    constexpr std::size_t kShown = 60;
    if (text.size() <= kShown) return fmt::format("\"{}\"", text);
    auto shown = text.substr(0, kShown);
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0x80) != 0) {
        shown.remove_suffix(1);
    }
    return fmt::format("\"{}…\"", shown);
}

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

Result<bool> parseBool(std::string_view text) {
    if (text != "true" && text != "false") {
        return fail(ErrorKind::invalid, "{} is neither true nor false", inQuotes(text));
    }
    return text == "true";
}

Result<BrokerUrl> parseBrokerUrl(std::string_view text) {
    if (text.find('@') != std::string_view::npos) {
        return fail(ErrorKind::invalid,
                    "user and password do not belong into the URL; use the keys user and password");
    }
    const auto mark = text.find("://");
    const auto scheme = mark == std::string_view::npos
                            ? kSchemes.end()
                            : std::ranges::find(kSchemes, text.substr(0, mark), &Scheme::word);
    if (scheme == kSchemes.end()) {
        return fail(ErrorKind::invalid, "{} does not begin with mqtts://, mqtt://, wss:// or ws://",
                    inQuotes(text));
    }
    const auto rest = text.substr(mark + 3);
    const auto slash = std::min(rest.find('/'), rest.size());
    BrokerUrl url{std::string(scheme->word), "", scheme->port, std::string(rest.substr(slash))};
    if (const auto parsed = parseAuthority(rest.substr(0, slash), url); !parsed) {
        return std::unexpected(parsed.error());
    }
    if (url.path == "/" && !scheme->hasPath) url.path.clear();
    if (!url.path.empty() && !scheme->hasPath) {
        return fail(ErrorKind::invalid, "{} has a path, which {} does not know", inQuotes(text),
                    url.scheme);
    }
    return url;
}

bool BrokerUrl::isLoopback() const {
    const bool isAddress = std::ranges::all_of(host, [](char c) { return isDigit(c) || c == '.'; });
    return host == "localhost" || host == "::1" || (isAddress && host.starts_with("127."));
}

std::string BrokerUrl::text() const {
    const bool isIpv6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}{}", scheme, isIpv6 ? "[" : "", host, isIpv6 ? "]" : "", port,
                       path);
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
