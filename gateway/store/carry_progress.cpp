#include "gateway/store/carry_progress.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "gateway/store/meta_table.hpp"

namespace vitalgate::store {

namespace {

constexpr std::string_view kPrefix = "salvage/";
constexpr std::string_view kNext = "next";

using SetField = std::pair<std::string_view, RangeSet CarryProgress::*>;
using NumberField = std::pair<std::string_view, std::uint64_t CarryProgress::*>;

constexpr std::array kSets{
    SetField{"undelivered", &CarryProgress::undelivered}, SetField{"early", &CarryProgress::early},
    SetField{"moved", &CarryProgress::moved}, SetField{"lost", &CarryProgress::lost}};
constexpr std::array kNumbers{NumberField{kNext, &CarryProgress::next},
                              NumberField{"unknown", &CarryProgress::unknown},
                              NumberField{"moved-count", &CarryProgress::movedCount},
                              NumberField{"lost-count", &CarryProgress::lostCount},
                              NumberField{"lost-from", &CarryProgress::lostFrom}};

std::string nameOf(std::string_view stream, std::string_view field) {
    return fmt::format("{}{}/{}", kPrefix, stream, field);
}

/// "1-17 20-20"
std::string textOf(const RangeSet& set) {
    std::string text;
    for (const auto& range : set.ranges()) {
        if (!text.empty()) text += ' ';
        text += fmt::format("{}-{}", range.first, range.last);
    }
    return text;
}

RangeSet setOf(std::string_view text) {
    RangeSet set;
    const auto* at = text.data();
    const auto* const end = at + text.size();
    while (at < end) {
        Range range;
        at = std::from_chars(at, end, range.first).ptr;
        if (at < end) at = std::from_chars(at + 1, end, range.last).ptr;
        set.add(range);
        if (at < end) ++at;
    }
    return set;
}

}  // namespace

std::string lostText(const CarryProgress& progress) {
    if (progress.lostFrom == 0) return fmt::format("{} are lost", progress.lostCount);
    return fmt::format("{} are lost, and an unknown number after {}", progress.lostCount,
                       progress.lostFrom - 1);
}

bool isCarryEntry(std::string_view name) {
    return name.starts_with(kPrefix);
}

std::string streamOfCarryEntry(std::string_view name) {
    if (!isCarryEntry(name)) return {};
    const auto stream = name.substr(kPrefix.size(), name.rfind('/') - kPrefix.size());
    return name == nameOf(stream, kNext) ? std::string(stream) : std::string();
}

Result<std::vector<std::string>> carriedStreams(Database& database) {
    std::vector<std::string> streams;
    Query query(database, "SELECT name FROM meta WHERE name GLOB ?1 ORDER BY name",
                nameOf("*", kNext));
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return streams;
        streams.push_back(streamOfCarryEntry(query.text(0)));
    }
}

Result<CarryProgress> readProgress(Database& database, const std::string& stream) {
    CarryProgress progress{.stream = stream};
    for (const auto& [field, member] : kNumbers) {
        const auto value = readNumber(database, nameOf(stream, field));
        if (!value) return std::unexpected(value.error());
        progress.*member = *value;
    }
    for (const auto& [field, member] : kSets) {
        const auto text = readText(database, nameOf(stream, field));
        if (!text) return std::unexpected(text.error());
        progress.*member = setOf(*text);
    }
    return progress;
}

Status writeProgress(Database& database, const CarryProgress& progress) {
    Status done;
    for (const auto& [field, member] : kNumbers) {
        if (done) done = writeNumber(database, nameOf(progress.stream, field), progress.*member);
    }
    for (const auto& [field, member] : kSets) {
        const auto text = textOf(progress.*member);
        if (done) done = writeText(database, nameOf(progress.stream, field), text);
    }
    return done;
}

Status forgetProgress(Database& database, const std::string& stream) {
    const auto begin = nameOf(stream, "");
    return database.run("DELETE FROM meta WHERE substr(name, 1, ?2) = ?1", begin, begin.size());
}

}  // namespace vitalgate::store
