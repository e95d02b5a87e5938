#include <doctest/doctest.h>

#include <map>
#include <random>

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr std::uint64_t kRows = 2000;
constexpr std::uint64_t kDelivered = 500;
constexpr std::size_t kPage = 4096;
constexpr int kVariants = 240;

std::string deviceOf(std::uint64_t number) {
    return fmt::format("device-{}", number);
}

/// Records 2 … kRows + 1 are readings; the first ones are delivered.
struct Original : Hub {
    Original() {
        open();
        stream = store->status().stream;
        std::vector<NewRow> rows;
        for (std::uint64_t sequence = 2; sequence <= kRows + 1; ++sequence) {
            const auto name = deviceOf(sequence);
            rows.push_back(reading(name, name, static_cast<v1::Priority>(1 + sequence % 3)));
        }
        CHECK(append(rows, {{"cuff", "last", "17"}}));
        acknowledge("care", {1, kDelivered});
        close();
        content = readFile(path());
    }
    std::string stream;
    std::string content;
};

enum class Kind { flipBits, zeroPage, randomPage, truncate, swapPages };

std::string damaged(std::string content, std::mt19937& random) {
    const auto pages = content.size() / kPage;
    const auto page = [&] {
        return content.begin() + static_cast<std::ptrdiff_t>(random() % pages * kPage);
    };
    switch (static_cast<Kind>(random() % 5)) {
        case Kind::flipBits:
            for (auto bits = 1 + random() % 40; bits > 0; --bits) {
                auto& octet = content[random() % content.size()];
                octet = static_cast<char>(octet ^ 1 << random() % 8);
            }
            break;
        case Kind::zeroPage:
            for (auto count = 1 + random() % 5; count > 0; --count)
                std::fill_n(page(), kPage, '\0');
            break;
        case Kind::randomPage: {
            const auto begin = page();
            std::generate_n(begin, kPage, [&] { return static_cast<char>(random()); });
            break;
        }
        case Kind::truncate:
            content.resize(random() % content.size());
            break;
        case Kind::swapPages: {
            const auto first = page();
            const auto second = page();
            std::swap_ranges(first, first + kPage, second);
            break;
        }
    }
    return content;
}

/// What the log holds, and what it says is lost of the original stream.
struct Outcome {
    std::map<std::string, std::uint64_t> held;
    RangeSet lost;
};

/// Nothing if the damage showed only now.
std::optional<Outcome> readBack(Hub& hub, const std::string& stream) {
    Outcome outcome;
    for (int pass = 0; pass < 2; ++pass) {  // losses that the first one finds come in the second
        const auto rows = hub.fetch({1, UINT64_MAX}, {}, 1 << 24);
        if (!rows) return {};
        for (const auto& row : *rows) {
            v1::Record record;
            REQUIRE(record.ParseFromString(row.bytes));
            REQUIRE(record.sequence() == row.sequence);
            if (record.has_reading()) outcome.held[record.reading().device()] = row.sequence;
            const auto& loss = record.event().loss();
            if (loss.reason() != v1::LOSS_DAMAGED) continue;
            if (!loss.stream().empty() && loss.stream() != stream) continue;
            for (const auto& range : loss.ranges()) {
                const bool isOpen = range.last() == 0;
                outcome.lost.add(Range{range.first(), isOpen ? kMaximumSequence : range.last()});
            }
        }
    }
    return outcome;
}

/// The key, or the name of the stream that it is bound to, was hit: that cannot be told from
/// another key. Or what is left of the header is that of another program or version.
bool mayRefuse(const std::string& original, const std::string& content, ErrorKind kind) {
    if (kind == ErrorKind::refused) {
        return original.substr(0, 100) !=
               content.substr(0, std::min<std::size_t>(100, content.size()));
    }
    return kind == ErrorKind::authentication &&
           original.substr(kPage, 4 * kPage) != content.substr(kPage, 4 * kPage);
}

}  // namespace

TEST_CASE("a store damaged in any way opens, and each record comes out right or is told as lost") {
    Original original;
    int salvaged = 0;
    int refused = 0;
    std::uint64_t held = 0;
    for (int variant = 0; variant < kVariants; ++variant) {
        CAPTURE(variant);
        std::mt19937 random(static_cast<unsigned>(variant));
        const auto content = damaged(original.content, random);
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), content);
        std::optional<Outcome> outcome;
        for (int start = 0; start < 2 && !outcome; ++start) {
            const auto opened = hub.tryOpen();
            if (!opened && start == 0 &&
                mayRefuse(original.content, content, opened.error().kind)) {
                break;
            }
            REQUIRE_MESSAGE(opened, opened.error().message);
            outcome = readBack(hub, original.stream);
            if (!outcome) hub.close();
        }
        if (!hub.store) {
            ++refused;
            CHECK(readFile(hub.path()) == content);
            continue;
        }
        REQUIRE(outcome);
        const bool isNew = hub.store->status().stream != original.stream;
        salvaged += isNew ? 1 : 0;
        for (std::uint64_t sequence = kDelivered + 1; sequence <= kRows + 1; ++sequence) {
            CAPTURE(sequence);
            const bool isHeld = outcome->held.contains(deviceOf(sequence));
            held += isHeld ? 1 : 0;
            REQUIRE((isHeld || outcome->lost.contains(sequence)));
        }
        if (outcome->held.empty()) continue;
        const auto& known = outcome->held.rbegin()->first;
        const auto again = hub.append({reading(known, known)});
        if (again) CHECK(again->duplicates + again->sequences[0] > 0);
    }
    CHECK(salvaged > kVariants / 3);
    CHECK(refused < kVariants / 20);
    CHECK(held > kVariants * (kRows - kDelivered) / 2);
}
