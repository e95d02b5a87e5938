#include "gateway/store/journal_check.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr std::size_t kHeader = 32;
constexpr std::size_t kCountAt = 12;
constexpr std::size_t kCheckAt = 24;
constexpr std::size_t kFrame = 24 + 4096;
constexpr std::size_t kFrameMarksAt = 8;  ///< of the journal that it belongs to
constexpr std::size_t kFrameMarks = 8;

/// A store that lost its power so often, and has a row in its journal; it is open.
std::unique_ptr<Hub> afterPowerCuts(int count) {
    auto hub = std::make_unique<Hub>();
    hub->open();
    for (; count > 0; --count) {
        CHECK(hub->append({reading("a")}));
        hub = hub->afterPowerCut();
    }
    CHECK(hub->append({reading("a")}));
    return hub;
}

/// Its files as they are now, with another journal if need be; nobody has them open.
struct Files {
    explicit Files(const Hub& hub)
        : content(readFile(hub.path())), journal(readFile(journalOf(hub.path()))) {
        writeFile(path(), content);
        put(journal);
    }
    void put(const std::string& octets) const { writeFile(journalOf(path()), octets); }
    [[nodiscard]] std::string path() const { return dir / "store.db"; }

    TempDir dir;
    std::string content;
    std::string journal;
};

/// Nothing of the header stands but `size` octets from `at`.
std::string withHeaderWiped(std::string journal, std::size_t at, std::size_t size) {
    const auto kept = journal.substr(at, size);
    return journal.replace(0, kHeader, kHeader, '\xff').replace(at, size, kept);
}

void setOctet(const Files& files, std::size_t at, char octet) {
    std::fstream journal(journalOf(files.path()), std::ios::in | std::ios::out | std::ios::binary);
    journal.seekp(static_cast<std::streamoff>(at)).put(octet);
}

}  // namespace

TEST_CASE("what still stands in the damaged header of a journal tells the rest of it") {
    const auto hub = afterPowerCuts(3);
    const Files files(*hub);
    for (const auto& [at, size] : {std::pair{kCountAt, 4UL}, std::pair{kCheckAt, 8UL}}) {
        CAPTURE(at);
        files.put(withHeaderWiped(files.journal, at, size));
        CHECK(lacksHeader(files.path()).value());
        CHECK(mendJournal(files.path(), {}));
        CHECK((readFile(journalOf(files.path())) == files.journal));
    }
}

TEST_CASE(
    "where nothing of the header stands, the first frame is believed after a clean end alone") {
    for (const int cuts : {0, 3}) {
        CAPTURE(cuts);
        const auto hub = afterPowerCuts(cuts);
        const Files files(*hub);
        files.put(withHeaderWiped(files.journal, 0, 0));
        CHECK(lacksHeader(files.path()).value() == (cuts == 0));
        CHECK(hasLostCommits(files.path()).value());
    }
}

TEST_CASE("no wrong bit of the first frame is taken for right with a damaged header before it") {
    for (const int cuts : {0, 3}) {
        const auto hub = afterPowerCuts(cuts);
        const Files files(*hub);
        for (const auto& wiped :
             {withHeaderWiped(files.journal, 0, 0), withHeaderWiped(files.journal, kCountAt, 4)}) {
            files.put(wiped.substr(0, kHeader + kFrame));
            int believed = 0;
            for (auto at = kHeader; at < kHeader + kFrame; ++at) {
                setOctet(files, at, static_cast<char>(wiped[at] ^ 0x80));
                believed += lacksHeader(files.path()).value() ? 1 : 0;
                setOctet(files, at, wiped[at]);
            }
            CHECK(believed == 0);
        }
    }
}

TEST_CASE("a journal that cannot be read is neither whole nor damaged") {
    const auto hub = afterPowerCuts(0);
    const Files files(*hub);
    std::filesystem::remove(journalOf(files.path()));
    CHECK_FALSE(hasLostCommits(files.path()).value());
    CHECK_FALSE(lacksHeader(files.path()).value());
    std::filesystem::create_directory(journalOf(files.path()));
    for (const auto& result : {hasLostCommits(files.path()), lacksHeader(files.path())}) {
        REQUIRE_FALSE(result);
        CHECK(result.error().kind == ErrorKind::unavailable);
    }
    CHECK_FALSE(mendJournal(files.path(), {}));
}

TEST_CASE("zeros that a power cut left of the last commit are no commit, whatever stands between") {
    const auto hub = afterPowerCuts(0);
    const Files files(*hub);
    auto journal = files.journal;
    // Of two frames that were being written nothing is there but the marks of one: the sums of
    // zeros agree.
    const auto marks = journal.substr(kHeader + kFrameMarksAt, kFrameMarks);
    journal.append(2 * kFrame, '\0')
        .replace(journal.size() - kFrame + kFrameMarksAt, kFrameMarks, marks);
    files.put(journal);
    CHECK_FALSE(hasLostCommits(files.path()).value());
}

TEST_CASE("commits behind a damaged header are lost until it is mended, or if the store has them") {
    const auto hub = afterPowerCuts(3);
    const Files files(*hub);
    auto journal = files.journal;
    journal[0] ^= 1;
    files.put(journal);
    CHECK(hasLostCommits(files.path()).value());
    hub->close();
    writeFile(files.path(), readFile(hub->path()));
    CHECK_FALSE(hasLostCommits(files.path()).value());
    writeFile(files.path(), files.content);
    CHECK(mendJournal(files.path(), {}));
    CHECK_FALSE(hasLostCommits(files.path()).value());
}
