#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "gateway/store/journal_check.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr std::uint64_t kRows = 200;
constexpr std::uint64_t kDelivered = 40;
constexpr std::size_t kPage = 4096;
constexpr int kVariants = 1000;
/// Without a journal, beside those with one.
constexpr int kClosedVariants = 300;
/// Of the store whose journal is damaged as well; it is smaller, for there are as many of these.
constexpr std::uint64_t kRowsBeside = 60;
/// Rows that are in the journal alone, where there is one.
constexpr std::uint64_t kInJournal = 20;
constexpr std::size_t kSector = 512;
constexpr std::size_t kJournalHeader = 32;
constexpr std::size_t kFrameHeader = 24;
/// How long a start may take, whatever it finds.
constexpr auto kLimit = 5s;

std::string deviceOf(std::uint64_t number) {
    return fmt::format("device-{}", number);
}

/// Records 2 … count + 1 are readings; the first ones are delivered. As many as kInJournal follow
/// in the journal.
struct Original : Hub {
    explicit Original(std::uint64_t count = kRows) : last(count + kInJournal + 1) {
        open();
        stream = store->status().stream;
        std::vector<NewRow> rows;
        for (std::uint64_t sequence = 2; sequence <= count + 1; ++sequence) {
            const auto name = deviceOf(sequence);
            rows.push_back(reading(name, name, static_cast<v1::Priority>(1 + sequence % 3)));
        }
        CHECK(append(rows, {{"cuff", "last", "17"}}));
        acknowledge("care", {1, kDelivered});
        close();
        content = readFile(path());
        open();
        // One transaction each.
        for (std::uint64_t sequence = count + 2; sequence <= last; ++sequence) {
            const auto name = deviceOf(sequence);
            CHECK(append({reading(name, name)}));
        }
        journal = readFile(path() + "-wal");
        beside = readFile(path());
        close();
    }
    std::uint64_t last;  ///< sequence
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

enum class JournalKind { flipBit, page, sectors, header };

/// In one place: what reaches to the end of a journal looks as if nothing had been written there.
std::string damagedJournal(std::string journal, std::mt19937& random) {
    const auto wipe = [&](std::size_t at, std::size_t size, std::uint64_t what) {
        const auto end = std::min(journal.size(), at + size);
        for (; at < end; ++at)
            journal[at] = static_cast<char>(what % 3 == 0 ? 0 : what % 3 == 1 ? 0xff : random());
    };
    switch (static_cast<JournalKind>(random() % 4)) {
        case JournalKind::flipBit: {
            auto& octet = journal[random() % journal.size()];
            octet = static_cast<char>(octet ^ 1 << random() % 8);
            break;
        }
        case JournalKind::page:
            wipe(random() % journal.size(), kPage, random());
            break;
        case JournalKind::sectors:
            wipe(random() % (journal.size() / kSector) * kSector, (1 + random() % 8) * kSector,
                 random());
            break;
        case JournalKind::header:
            wipe(random() % kJournalHeader, 1 + random() % 100, random());
            break;
    }
    return journal;
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
        const auto held = hub.store->status().rows;
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
        if (rows->size() == held) break;
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

/// A store with damage is opened, if need be twice: what shows only in use closes it first. `whole`
/// is the file that `content` once was.
std::optional<Outcome> openAndRead(Hub& hub, const Original& original, const std::string& whole,
                                   const std::string& content) {
    for (int start = 0; start < 2; ++start) {
        const auto before = std::chrono::steady_clock::now();
        const auto opened = hub.tryOpen();
        CHECK(std::chrono::steady_clock::now() - before < kLimit);
        if (!opened && start == 0 && mayRefuse(whole, content, opened.error().kind)) {
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
    for (int variant = 0; variant < kClosedVariants; ++variant) {
        CAPTURE(variant);
        std::mt19937 random(static_cast<unsigned>(variant));
        const auto content = damaged(original.content, random);
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), content);
        const auto outcome = openAndRead(hub, original, original.content, content);
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
    CHECK(salvaged > kClosedVariants / 3);
    CHECK(refused < kClosedVariants / 20);
    CHECK(held > kClosedVariants * (kRows - kDelivered) / 2);
}

TEST_CASE(
    "database and journal damaged together: no row goes unsaid but those of the last commits") {
    const InMemory files;
    Original original(kRowsBeside);
    int salvaged = 0;
    int refused = 0;
    std::uint64_t held = 0;
    for (int variant = 0; variant < kVariants; ++variant) {
        CAPTURE(variant);
        std::mt19937 random(static_cast<unsigned>(variant));
        // One in six with the file as it was, half of them with the journal as it was.
        const auto content = variant % 6 == 0 ? original.beside : damaged(original.beside, random);
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), content);
        writeFile(hub.path() + "-wal",
                  variant % 2 == 1 ? original.journal : damagedJournal(original.journal, random));
        const auto outcome = openAndRead(hub, original, original.beside, content);
        if (!outcome) {
            ++refused;
            continue;
        }
        salvaged += hub.store->status().stream != original.stream ? 1 : 0;
        held += checkRows(*outcome, original.last - 2);
    }
    CHECK(salvaged > kVariants / 2);
    CHECK(refused < kVariants / 20);
    CHECK(held > kVariants * (kRowsBeside - kDelivered));
}

TEST_CASE(
    "one place of a journal is damaged: the last commit may go unsaid, the one before seldom") {
    const InMemory files;
    Original original;
    constexpr int kJournals = kVariants / 5;
    int salvaged = 0;
    int unsaid = 0;
    for (int variant = 0; variant < kJournals; ++variant) {
        CAPTURE(variant);
        std::mt19937 random(static_cast<unsigned>(variant));
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), original.beside);
        writeFile(hub.path() + "-wal", damagedJournal(original.journal, random));
        const auto outcome = openAndRead(hub, original, original.beside, original.beside);
        REQUIRE(outcome);
        salvaged += hub.store->status().stream != original.stream ? 1 : 0;
        checkRows(*outcome, original.last - 2);
        const bool isHeld = outcome->held.contains(deviceOf(original.last - 1));
        unsaid += isHeld || outcome->lost.contains(original.last - 1) ? 0 : 1;
    }
    CHECK(salvaged > kJournals / 2);
    CHECK(unsaid < kJournals / 20);
}

namespace {

/// Opens the store with this journal; its stream must go on.
Outcome openUnharmed(const Original& original, const std::string& journal) {
    Hub hub;
    hub.options.uplinks = {"care"};
    writeFile(hub.path(), original.beside);
    writeFile(hub.path() + "-wal", journal);
    const auto outcome = openAndRead(hub, original, original.beside, original.beside);
    REQUIRE(outcome);
    CHECK(hub.store->status().stream == original.stream);
    CHECK(outcome->lost.empty());
    return *outcome;
}

/// Where the frames begin that end a transaction.
std::vector<std::size_t> endsOf(const std::string& journal) {
    std::vector<std::size_t> ends;
    for (auto at = kJournalHeader; at < journal.size(); at += kFrameHeader + kPage) {
        if (journal.substr(at + 4, 4) != std::string(4, '\0')) ends.push_back(at);
    }
    return ends;
}

}  // namespace

TEST_CASE("the header of a journal is damaged: it is mended, and all commits are there") {
    const InMemory files;
    Original original(kRowsBeside);
    std::mt19937 random(1);
    for (std::size_t at = 0; at < kJournalHeader; ++at) {
        CAPTURE(at);
        auto journal = original.journal;
        journal[at] = static_cast<char>(journal[at] ^ 1 << random() % 8);
        checkRows(openUnharmed(original, journal), original.last);
    }
    for (const char octet : {'\0', '\xff', 'x'}) {
        const auto header = std::string(kJournalHeader, octet);
        checkRows(openUnharmed(original, header + original.journal.substr(kJournalHeader)),
                  original.last);
    }
}

TEST_CASE("a journal with one frame has its header mended too") {
    const InMemory files;
    Original original(kRowsBeside);
    const auto size = endsOf(original.journal).front() + kFrameHeader + kPage;
    auto journal = original.journal.substr(0, size);
    std::fill_n(journal.begin(), kJournalHeader, '\0');
    checkRows(openUnharmed(original, journal), kRowsBeside + 2);
}

TEST_CASE(
    "with the first frame of a journal wiped too, or all of them, what it had is told as lost") {
    const InMemory files;
    Original original(kRowsBeside);
    for (const auto size : {kJournalHeader + kFrameHeader + kPage, original.journal.size()}) {
        CAPTURE(size);
        auto journal = original.journal;
        std::fill_n(journal.begin(), size, '\0');
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), original.beside);
        writeFile(hub.path() + "-wal", journal);
        const auto outcome = openAndRead(hub, original, original.beside, original.beside);
        REQUIRE(outcome);
        CHECK(checkRows(*outcome, original.last) == kRowsBeside + 1 - kDelivered);
    }
}

TEST_CASE("the journal of a store that another process has is left alone") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a")}));
    auto journal = readFile(hub.path() + "-wal");
    journal[0] ^= 1;
    writeFile(hub.path() + "-wal", journal);
    CHECK(mendJournal(hub.path(), hub.log));
    CHECK((readFile(hub.path() + "-wal") == journal));
}

TEST_CASE("a page that is damaged in the last but one commit of a journal is told") {
    const InMemory files;
    Original original(kRowsBeside);
    const auto ends = endsOf(original.journal);
    REQUIRE(ends.size() == kInJournal);
    const auto begin = ends[kInJournal - 3] + kFrameHeader + kPage;
    for (auto at = begin; at <= ends[kInJournal - 2]; at += kFrameHeader + kPage) {
        CAPTURE(at);
        auto journal = original.journal;
        journal[at + kFrameHeader + 1000] ^= 1;
        Hub hub;
        hub.options.uplinks = {"care"};
        writeFile(hub.path(), original.beside);
        writeFile(hub.path() + "-wal", journal);
        const auto outcome = openAndRead(hub, original, original.beside, original.beside);
        REQUIRE(outcome);
        checkRows(*outcome, original.last);
        CHECK(outcome->lost.contains(original.last));
    }
}

TEST_CASE("damage in the last commit of a journal cannot be told from a power cut") {
    const InMemory files;
    Original original(kRowsBeside);
    auto journal = original.journal;
    journal[journal.size() - 1000] ^= 1;
    checkRows(openUnharmed(original, journal), original.last - 1);
}

TEST_CASE("a journal that ends anywhere is that of a power cut, and the store goes on") {
    const InMemory files;
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
    const InMemory files;
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
