#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr std::uint64_t kRows = 200;
constexpr std::uint64_t kDelivered = 40;
constexpr std::size_t kPage = 4096;
constexpr int kVariants = 1000;
/// Rows that are in the journal alone, where there is one.
constexpr std::uint64_t kInJournal = 20;
/// How long a start may take, whatever it finds.
constexpr auto kLimit = 5s;

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
        open();
        // One transaction each.
        for (std::uint64_t sequence = kRows + 2; sequence <= kRows + kInJournal + 1; ++sequence) {
            const auto name = deviceOf(sequence);
            CHECK(append({reading(name, name)}));
        }
        journal = readFile(path() + "-wal");
        beside = readFile(path());
        close();
    }
    std::string stream;
    std::string content;  ///< of a store that was closed
    std::string beside;   ///< of the same, used again and not closed: more is in its journal
    std::string journal;
};

/// A thousand stores need no disk: as long as this lives, new folders are made in memory.
class InMemory {
  public:
    InMemory() {
        if (const char* folder = std::getenv("TMPDIR")) before_ = folder;
        if (std::filesystem::is_directory(kMemory)) ::setenv("TMPDIR", kMemory, 1);
    }
    InMemory(const InMemory&) = delete;
    InMemory& operator=(const InMemory&) = delete;
    ~InMemory() {
        if (before_) {
            ::setenv("TMPDIR", before_->c_str(), 1);
        } else {
            ::unsetenv("TMPDIR");
        }
    }

  private:
    static constexpr const char* kMemory = "/dev/shm";
    std::optional<std::string> before_;
};

enum class Kind { flipBits, zeroPage, randomPage, truncate, swapPages, header };

std::string damaged(std::string content, std::mt19937& random) {
    const auto pages = content.size() / kPage;
    const auto page = [&] {
        return content.begin() + static_cast<std::ptrdiff_t>(random() % pages * kPage);
    };
    switch (static_cast<Kind>(random() % 6)) {
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
        case Kind::header: {
            const auto octet = static_cast<char>(random());
            const auto begin = content.begin() + static_cast<std::ptrdiff_t>(random() % 100);
            std::fill_n(begin, 1 + random() % 100, octet);
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
/// another key. Or the number of the layout is that of a later one.
bool mayRefuse(const std::string& original, const std::string& content, ErrorKind kind) {
    const auto differs = [&](std::size_t from, std::size_t size) {
        return content.size() < from + size ||
               original.substr(from, size) != content.substr(from, size);
    };
    if (kind == ErrorKind::refused) return differs(60, 4);
    return kind == ErrorKind::authentication && differs(kPage, 4 * kPage);
}

/// A store with damage is opened, if need be twice: what shows only in use closes it first.
std::optional<Outcome> openAndRead(Hub& hub, const Original& original, const std::string& content) {
    for (int start = 0; start < 2; ++start) {
        const auto before = std::chrono::steady_clock::now();
        const auto opened = hub.tryOpen();
        CHECK(std::chrono::steady_clock::now() - before < kLimit);
        if (!opened && start == 0 && mayRefuse(original.content, content, opened.error().kind)) {
            CHECK(readFile(hub.path()) == content);
            return {};
        }
        REQUIRE_MESSAGE(opened, opened.error().message);
        if (auto outcome = readBack(hub, original.stream)) return outcome;
        hub.close();
    }
    FAIL("damage shows again after a salvage");
    return {};
}

/// How many of the undelivered rows up to `last` are held; the others must be told.
std::uint64_t checkRows(const Outcome& outcome, std::uint64_t last) {
    std::uint64_t held = 0;
    for (std::uint64_t sequence = kDelivered + 1; sequence <= last; ++sequence) {
        CAPTURE(sequence);
        const bool isHeld = outcome.held.contains(deviceOf(sequence));
        held += isHeld ? 1 : 0;
        REQUIRE((isHeld || outcome.lost.contains(sequence)));
    }
    return held;
}

}  // namespace

TEST_CASE("a store damaged in any way opens, and each record comes out right or is told as lost") {
    const InMemory files;
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
        const auto outcome = openAndRead(hub, original, content);
        if (!outcome) {
            ++refused;
            continue;
        }
        salvaged += hub.store->status().stream != original.stream ? 1 : 0;
        held += checkRows(*outcome, kRows + 1);
        if (outcome->held.empty()) continue;
        const auto& known = outcome->held.rbegin()->first;
        const auto again = hub.append({reading(known, known)});
        if (again) CHECK(again->duplicates + again->sequences[0] > 0);
    }
    CHECK(salvaged > kVariants / 3);
    CHECK(refused < kVariants / 20);
    CHECK(held > kVariants * (kRows - kDelivered) / 2);
}

TEST_CASE("a bit of a journal that is wrong: none but the last two commits go without a word") {
    const InMemory files;
    Original original;
    int salvaged = 0;
    constexpr int kJournals = kVariants / 5;
    constexpr std::size_t kHeader = 32;
    for (int variant = 0; variant < kJournals; ++variant) {
        CAPTURE(variant);
        std::mt19937 random(static_cast<unsigned>(variant));
        auto journal = original.journal;
        auto& octet = journal[kHeader + random() % (journal.size() - kHeader)];
        octet = static_cast<char>(octet ^ 1 << random() % 8);
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), original.beside);
        writeFile(hub.path() + "-wal", journal);
        const auto outcome = openAndRead(hub, original, original.beside);
        REQUIRE(outcome);
        salvaged += hub.store->status().stream != original.stream ? 1 : 0;
        checkRows(*outcome, kRows + kInJournal - 1);
    }
    CHECK(salvaged > kJournals / 2);
}

TEST_CASE("a journal that ends anywhere is that of a power cut, and the store goes on") {
    Original original;
    for (std::size_t size = 0; size < original.journal.size(); size += 1500) {
        CAPTURE(size);
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), original.beside);
        writeFile(hub.path() + "-wal", original.journal.substr(0, size));
        hub.open();
        CHECK(hub.store->status().stream == original.stream);
        const auto newest = hub.store->status().newest;
        CHECK(newest >= kRows + 1);
        CHECK(hub.append({reading("new", "new")}).value().sequences[0] == newest + 1);
    }
}

TEST_CASE("one power cut after the other, each in the middle of a commit, is no damage") {
    std::string file;
    std::string journal;
    std::string stream;
    for (std::size_t rows = 40; rows > 0; rows -= 10) {
        CAPTURE(rows);
        Hub hub;
        if (!file.empty()) writeFile(hub.path(), file);
        if (!journal.empty()) writeFile(hub.path() + "-wal", journal);
        hub.open();
        if (stream.empty()) stream = hub.store->status().stream;
        CHECK(hub.store->status().stream == stream);
        CHECK(hub.append({reading("small")}));
        const auto before = readFile(hub.path() + "-wal");
        CHECK(hub.append(std::vector<NewRow>(rows, reading(std::string(4000, 'x')))));
        file = readFile(hub.path());
        journal = readFile(hub.path() + "-wal");
        // The first frame of the last commit did not reach the disk whole, all others did.
        const auto [old, changed] = std::mismatch(before.begin(), before.end(), journal.begin());
        journal[static_cast<std::size_t>(changed - journal.begin()) + 500] ^= 1;
    }
}
