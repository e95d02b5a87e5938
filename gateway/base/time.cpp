#include "gateway/base/time.hpp"

#include <fmt/chrono.h>

#include <array>
#include <charconv>

namespace vitalgate {

namespace chr = std::chrono;

namespace {

LocalDateTime split(chr::seconds sinceEpoch) {
    const auto days = chr::floor<chr::days>(sinceEpoch);
    const chr::year_month_day date{chr::sys_days{days}};
    const auto rest = (sinceEpoch - days).count();
    return {static_cast<std::uint16_t>(static_cast<int>(date.year())),
            static_cast<std::uint8_t>(static_cast<unsigned>(date.month())),
            static_cast<std::uint8_t>(static_cast<unsigned>(date.day())),
            static_cast<std::uint8_t>(rest / 3600),
            static_cast<std::uint8_t>(rest / 60 % 60),
            static_cast<std::uint8_t>(rest % 60)};
}

/// Reads `count` digits at `at`; -1 if they are not all digits.
int number(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return -1;
    int value = 0;
    const auto [end, error] = std::from_chars(&text[at], &text[at] + count, value);
    return error == std::errc{} && end == &text[at] + count && value >= 0 ? value : -1;
}

/// The fraction ".120" as nanoseconds and its length; nothing for an ill-formed one.
Result<std::pair<chr::nanoseconds, std::size_t>> fraction(std::string_view text) {
    if (text.empty() || text[0] != '.') return std::pair{chr::nanoseconds{0}, std::size_t{0}};
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (digits + 1 < text.size() && text[digits + 1] >= '0' && text[digits + 1] <= '9') {
        if (digits < 9) value = value * 10 + (text[digits + 1] - '0');
        ++digits;
    }
    if (digits == 0) return fail(ErrorKind::invalid, "no digits after the point");
    for (auto i = digits; i < 9; ++i) value *= 10;
    return std::pair{chr::nanoseconds{value}, digits + 1};
}

}  // namespace

std::string formatUtc(WallTime time) {
    const auto seconds = chr::floor<chr::seconds>(time);
    const auto millis = chr::duration_cast<chr::milliseconds>(time - seconds);
    return fmt::format("{}.{:03}Z", split(seconds.time_since_epoch()).text(), millis.count());
}

Result<WallTime> parseUtc(std::string_view text) {
    const auto refuse = [&] {
        return fail(ErrorKind::invalid,
                    "\"{}\" is not a UTC time; write for example 2026-12-24T18:00:00Z", text);
    };
    constexpr std::string_view kShape = "....-..-..T..:..:..";
    if (text.size() <= kShape.size()) return refuse();
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        if (kShape[i] != '.' && kShape[i] != text[i]) return refuse();
    }
    const std::array parts{number(text, 0, 4),  number(text, 5, 2),  number(text, 8, 2),
                           number(text, 11, 2), number(text, 14, 2), number(text, 17, 2)};
    for (const int part : parts) {
        if (part < 0) return refuse();
    }
    const LocalDateTime date{
        static_cast<std::uint16_t>(parts[0]), static_cast<std::uint8_t>(parts[1]),
        static_cast<std::uint8_t>(parts[2]),  static_cast<std::uint8_t>(parts[3]),
        static_cast<std::uint8_t>(parts[4]),  static_cast<std::uint8_t>(parts[5])};
    const auto rest = fraction(text.substr(kShape.size()));
    if (!date.isComplete() || !rest) return refuse();
    if (text.substr(kShape.size() + rest->second) != "Z") return refuse();
    return WallTime{toLocal(date).time_since_epoch() + rest->first};
}

std::string formatDuration(Duration duration) {
    struct Unit {
        Duration size;
        std::string_view word;
    };
    constexpr std::array<Unit, 5> kUnits{{{chr::days{1}, "d"},
                                          {chr::hours{1}, "h"},
                                          {chr::minutes{1}, "min"},
                                          {chr::seconds{1}, "s"},
                                          {chr::milliseconds{1}, "ms"}}};
    for (const auto& unit : kUnits) {
        if (duration >= unit.size && duration % unit.size == Duration::zero()) {
            return fmt::format("{} {}", duration / unit.size, unit.word);
        }
    }
    return fmt::format("{} ms", chr::duration_cast<chr::milliseconds>(duration).count());
}

bool LocalDateTime::isComplete() const {
    const chr::year_month_day date{chr::year{year}, chr::month{month}, chr::day{day}};
    return year >= 1582 && year <= 9999 && date.ok() && hour < 24 && minute < 60 && second < 60;
}

std::string LocalDateTime::text() const {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", year, month, day, hour, minute,
                       second);
}

chr::local_seconds toLocal(const LocalDateTime& time) {
    const chr::year_month_day date{chr::year{time.year}, chr::month{time.month},
                                   chr::day{time.day}};
    return chr::local_days{date} + chr::hours{time.hour} + chr::minutes{time.minute} +
           chr::seconds{time.second};
}

LocalDateTime toLocalDateTime(chr::local_seconds time) {
    return split(time.time_since_epoch());
}

}  // namespace vitalgate
