#include "adapters/simulator/scenario_values.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace vitalgate::simulator {

namespace {

/// The whole text as a number; nothing if any of it is something else.
template <class Number>
std::optional<Number> wholeText(std::string_view text, auto... base) {
    Number value{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base...);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

std::optional<double> decimalNumber(std::string_view text) {
    if (text.find_first_not_of("0123456789.-") != std::string_view::npos) return std::nullopt;
    return wholeText<double>(text);
}

int decimalsOf(std::string_view text) {
    const auto point = text.find('.');
    return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

struct SpecialWord {
    std::string_view word;
    Special special;
};
constexpr std::array<SpecialWord, 4> kSpecialWords{{{"nan", Special::notANumber},
                                                    {"nres", Special::notAtThisResolution},
                                                    {"inf", Special::positiveInfinity},
                                                    {"-inf", Special::negativeInfinity}}};

struct Unit {
    std::string_view word;
    double seconds;
};
constexpr std::array<Unit, 6> kUnits{
    {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"y", 365.25 * 86400}}};
constexpr double kLongestSeconds = 200 * 365.25 * 86400;

}  // namespace

Result<Duration> parseSpan(std::string_view text) {
    const auto unitAt = text.find_first_not_of("0123456789.-+");
    const auto unit = unitAt == std::string_view::npos
                          ? kUnits.end()
                          : std::ranges::find(kUnits, text.substr(unitAt), &Unit::word);
    const auto digits = text.substr(text.starts_with('+') ? 1 : 0);
    const auto count = decimalNumber(digits.substr(0, digits.find_first_not_of("0123456789.-")));
    if (unit == kUnits.end() || !count) {
        return fail(ErrorKind::invalid,
                    "\"{}\" is no duration; write for example 250ms, 5s, 2m, "
                    "12h, 30d or -16y",
                    text);
    }
    const double seconds = *count * unit->seconds;
    if (std::abs(seconds) > kLongestSeconds) {
        return fail(ErrorKind::invalid, "\"{}\" is longer than 200 years", text);
    }
    return Duration{std::llround(seconds * 1000) * 1'000'000};
}

Result<NumberRange> parseRange(std::string_view text) {
    const auto special = std::ranges::find(kSpecialWords, text, &SpecialWord::word);
    if (special != kSpecialWords.end()) return NumberRange{0, 0, 0, special->special};
    const auto dots = text.find("..");
    const auto low = text.substr(0, dots);
    const auto high = dots == std::string_view::npos ? low : text.substr(dots + 2);
    const auto from = decimalNumber(low);
    const auto to = decimalNumber(high);
    if (!from || !to) {
        return fail(ErrorKind::invalid,
                    "\"{}\" is no number; write for example 128, 36.6, "
                    "118..142, nan, nres, inf or -inf",
                    text);
    }
    if (*from > *to) return fail(ErrorKind::invalid, "\"{}\": the first is above the second", text);
    const int decimals = std::max(decimalsOf(low), decimalsOf(high));
    if (decimals > 6) return fail(ErrorKind::invalid, "\"{}\": more than 6 decimals", text);
    return NumberRange{*from, *to, decimals, Special::none};
}

Result<int> parseSignal(std::string_view text) {
    const auto number =
        text.ends_with("dBm") ? wholeText<int>(text.substr(0, text.size() - 3)) : std::nullopt;
    if (!number || *number < -120 || *number > 20) {
        return fail(ErrorKind::invalid,
                    "\"{}\" is no signal strength; write for example -62dBm (-120dBm to 20dBm)",
                    text);
    }
    return *number;
}

Result<double> parsePpm(std::string_view text) {
    const auto number =
        text.ends_with("ppm") ? decimalNumber(text.substr(0, text.size() - 3)) : std::nullopt;
    if (!number || std::abs(*number) > 100'000) {
        return fail(ErrorKind::invalid,
                    "\"{}\" is no drift; write for example 20ppm (-100000ppm to 100000ppm)", text);
    }
    return *number;
}

Result<std::int64_t> parseInteger(std::string_view text, std::int64_t low, std::int64_t high) {
    const auto number = text.starts_with("0x") ? wholeText<std::int64_t>(text.substr(2), 16)
                                               : wholeText<std::int64_t>(text);
    if (!number || *number < low || *number > high) {
        return fail(ErrorKind::invalid, "\"{}\" is no whole number from {} to {}", text, low, high);
    }
    return *number;
}

Result<bool> parseYesNo(std::string_view text) {
    if (text == "true") return true;
    if (text == "false") return false;
    return fail(ErrorKind::invalid, "\"{}\" is neither true nor false", text);
}

Result<std::size_t> parseWord(std::string_view text,
                              std::initializer_list<std::string_view> words) {
    const auto found = std::ranges::find(words, text);
    if (found == words.end()) {
        return fail(ErrorKind::invalid, "\"{}\" is not one of: {}", text, fmt::join(words, ", "));
    }
    return static_cast<std::size_t>(found - words.begin());
}

MapReader::MapReader(const config::Node& node, std::string path, config::Problems& problems)
    : node_(node), path_(std::move(path)), problems_(problems) {
    if (!node_.isMap()) {
        problems_.add(node_.place, path_,
                      fmt::format("must be a map of keys, not {}", config::describe(node_.kind)));
    }
}

const config::Node* MapReader::take(std::string_view key) {
    known_.emplace_back(key);
    return node_.find(key);
}

void MapReader::each(std::string_view key, const std::function<Status(std::string_view)>& parse) {
    const auto* node = take(key);
    if (!node) return;
    const auto one = [&](const config::Node& item) {
        if (!item.isScalar()) return problem(item, key, "must be a single value");
        const auto result = parse(item.text);
        if (!result) problem(item, key, result.error().message);
    };
    if (!node->isList()) return one(*node);
    for (const auto& item : node->items) one(item);
}

void MapReader::entries(
    std::string_view key,
    const std::function<void(const config::Node::Entry&, std::string path)>& read) {
    const auto* node = take(key);
    if (!node) return;
    if (!node->isMap()) return problem(*node, key, "must be a map of keys");
    for (const auto& entry : node->entries) {
        read(entry, fmt::format("{}.{}", pathOf(key), entry.key));
    }
}

std::optional<MapReader> MapReader::below(std::string_view key) {
    const auto* node = take(key);
    if (!node) return std::nullopt;
    return MapReader(*node, pathOf(key), problems_);
}

void MapReader::problem(const config::Node& at, std::string_view key, std::string_view sentence) {
    problems_.add(at.place, pathOf(key), sentence);
}

void MapReader::missing(std::string_view key, std::string_view sentence) {
    problems_.add(node_.place, pathOf(key), sentence);
}

void MapReader::done() {
    for (const auto& entry : node_.entries) {
        if (std::ranges::find(known_, entry.key) != known_.end()) continue;
        problems_.add(entry.place, pathOf(entry.key),
                      fmt::format("unknown key; known here: {}", fmt::join(known_, ", ")));
    }
}

std::string MapReader::pathOf(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

}  // namespace vitalgate::simulator
