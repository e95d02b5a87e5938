#include "gateway/store/salvage.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "gateway/store/damaged_file.hpp"
#include "gateway/store/store_events.hpp"
#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

namespace fs = std::filesystem;

/// A store with a, b, c in records 2, 3, 4, a bookmark, a command and two connections, closed.
struct Prepared : Hub {
    Prepared() {
        open();
        stream = store->status().stream;
        CHECK(append({reading("a", "x"), reading("b", "y"), reading("c", "z")},
                     {{"cuff", "last", "17"}}));
        begin("c1");
        connect();
        connect();
    }
    Result<std::optional<CommandEntry>> begin(const std::string& id) {
        CommandEntry entry;
        entry.id = id;
        entry.digest = Bytes(32, 1);
        entry.state = v1::COMMAND_RUNNING;
        return await<std::optional<CommandEntry>>(
            [&](auto done) { store->beginCommand(entry, done); });
    }
    std::uint64_t connect() {
        return await<std::uint64_t>([&](auto done) { store->countConnection("care", done); })
            .value();
    }
    /// Takes a table away, which no start overlooks, and starts.
    void damage(const std::string& table) {
        close();
        raw(path(), "DROP TABLE " + table);
        open();
    }
    v1::Event event(std::uint64_t sequence) { return records({sequence, sequence})[0].event(); }
    std::vector<std::string> kept() {
        std::vector<std::string> names;
        for (const auto& file : fs::directory_iterator(dir / "damaged")) {
            names.push_back(file.path().filename());
        }
        std::ranges::sort(names);
        return names;
    }

    std::string stream;
};

void checkNothingLeft(Hub& hub) {
    for (const auto* ending : {".new", ".salvaged", ".damaged"}) {
        CHECK_FALSE(fs::exists(hub.path() + ending));
    }
}

}  // namespace

TEST_CASE("what was not delivered comes again in a new stream, and both streams say so") {
    Prepared hub;
    hub.damage("boots");
    CHECK(hub.store->status().stream != hub.stream);
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
    const auto start = hub.event(1);
    CHECK(start.severity() == v1::SEVERITY_ALARM);
    CHECK(start.store().previous_stream() == hub.stream);
    CHECK(start.store().detail() == "the file lacks 1 of its 8 tables");
    CHECK(start.text() ==
          "The store was damaged. Of what was not delivered 4 records come again in this stream, 0 "
          "are lost.");
    const auto loss = hub.event(6).loss();
    CHECK(loss.reason() == v1::LOSS_MOVED);
    CHECK(loss.stream() == hub.stream);
    CHECK(loss.count() == 4);
    CHECK(loss.uplink().empty());
    CHECK(hub.store->status().rows == 6);
    CHECK(hub.append({reading("d")}).value().sequences[0] == 7);
}

TEST_CASE("ids, bookmarks, commands and the count of connections go on") {
    Prepared hub;
    hub.damage("boots");
    CHECK(hub.append({reading("b", "y")}).value().duplicates == 1);
    CHECK(hub.bookmark("cuff", "last") == "17");
    const auto known = hub.begin("c1").value();
    REQUIRE(known);
    CHECK(known->state == v1::COMMAND_RUNNING);
    CHECK(known->digest == Bytes(32, 1));
    CHECK(hub.connect() == 3);
}

TEST_CASE("what every uplink has stored does not come again, and is still known") {
    Prepared hub;
    hub.acknowledge("care", {1, 3});
    hub.damage("boots");
    CHECK(hub.content() == "1:stream-started 2:c 3:loss[4-4]");
    CHECK(hub.append({reading("a", "x"), reading("b", "y")}).value().duplicates == 2);
    CHECK(hub.sets("care").sent.empty());
}

TEST_CASE("numbers of boots that stand in records are not given out again") {
    Prepared hub;
    hub.options.bootId = "boot-2";
    hub.reopen();
    CHECK(hub.append({reading("d")}));
    hub.options.bootId = "boot-3";
    hub.damage("boots");
    CHECK(hub.store->boot() == 3);
    hub.damage("command");
    CHECK(hub.store->boot() == 3);
}

TEST_CASE("a ledger that is gone is told, because a command may run twice") {
    Prepared hub;
    hub.damage("command");
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
    CHECK(hub.event(1).text().ends_with("one that is sent again may run again."));
    CHECK_FALSE(hub.begin("c1").value());
}

TEST_CASE("without the sets of the uplinks all counts as undelivered") {
    Prepared hub;
    hub.acknowledge("care", {1, 3});
    hub.damage("ranges");
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
}

TEST_CASE("a row that does not open is lost, its neighbours are not") {
    Prepared hub;
    hub.close();
    raw(hub.path(), "UPDATE log SET body = zeroblob(length(body)) WHERE sequence = 3");
    hub.damage("boots");
    CHECK(hub.content() ==
          "1:stream-started 2:stream-started 3:a 4:c 5:loss[1-2][4-4] 6:loss[3-3]");
    CHECK(hub.event(5).loss().reason() == v1::LOSS_MOVED);
    CHECK(hub.event(6).loss().reason() == v1::LOSS_DAMAGED);
    // The device still has it.
    CHECK(hub.append({reading("b", "y")}).value().duplicates == 0);
}

TEST_CASE("the damaged file is kept as it was, for its owner alone, and two of them at most") {
    Prepared hub;
    hub.close();
    raw(hub.path(), "DROP TABLE boots");
    const auto damaged = readFile(hub.path());
    hub.open();
    REQUIRE(hub.kept().size() == 1);
    CHECK(hub.kept()[0].starts_with("store-20"));
    CHECK(hub.kept()[0].ends_with("Z.db"));
    CHECK(readFile(hub.dir / ("damaged/" + hub.kept()[0])) == damaged);
    struct stat state{};
    REQUIRE(::stat((hub.dir / "damaged").c_str(), &state) == 0);
    CHECK((state.st_mode & 07777U) == 0700);
    checkNothingLeft(hub);

    // An old one, and one of a time when the clock was wrong.
    fs::rename(hub.dir / ("damaged/" + hub.kept()[0]),
               hub.dir / "damaged/store-19700101T000000Z.db");
    writeFile(hub.dir / "damaged/store-19700101T000000Z.db-wal", "its journal");
    writeFile(hub.dir / "damaged/store-29991231T235959Z.db", "");
    hub.damage("boots");
    CHECK(hub.kept().size() == 2);
    CHECK(hub.kept()[0].starts_with("store-20"));
    CHECK(hub.kept()[1] == "store-29991231T235959Z.db");
}

TEST_CASE("where nothing can be read, all that the service lacks may be lost") {
    Prepared hub;
    hub.close();
    const auto whole = readFile(hub.path());
    const std::string zeros(whole.size(), '\0');
    const std::string ones(whole.size(), '\xff');
    for (const auto& content : {std::string{}, zeros, ones, whole.substr(0, 70)}) {
        CAPTURE(content.size());
        writeFile(hub.path(), content);
        hub.open();
        CHECK(hub.content() == "1:stream-started 2:loss[1-0]");
        CHECK(hub.event(1).store().previous_stream().empty());
        CHECK(hub.event(2).loss().reason() == v1::LOSS_DAMAGED);
        CHECK(hub.event(2).loss().stream().empty());
        CHECK(hub.append({reading("a", "x")}).value().sequences[0] == 3);
        hub.close();
    }
}

TEST_CASE("with its first page wiped a store has all its rows still") {
    Prepared hub;
    hub.close();
    const auto whole = readFile(hub.path());
    for (const std::size_t size : {std::size_t{100}, std::size_t{4096}}) {
        for (const char octet : {'\0', '\xff', 'x'}) {
            CAPTURE(size);
            CAPTURE(octet);
            auto content = whole;
            std::fill_n(content.begin(), static_cast<std::ptrdiff_t>(size), octet);
            Hub other;
            writeFile(other.path(), content);
            other.open();
            CHECK(other.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
            CHECK(other.bookmark("cuff", "last") == "17");
            CHECK(readFile(damagedFiles(other.path()).value()[0]) == content);
        }
    }
}

TEST_CASE("a store that was cut off gives what stands in front of the cut, and names the rest") {
    constexpr std::uint64_t kRows = 600;
    Hub hub;
    hub.open();
    std::vector<NewRow> rows;
    for (std::uint64_t row = 0; row < kRows; ++row) {
        rows.push_back(reading("cuff", fmt::format("{}", row)));
    }
    CHECK(hub.append(std::move(rows)));
    hub.close();
    const auto whole = readFile(hub.path());
    struct Cut {
        std::size_t octets;
        std::uint64_t least;  ///< of the rows that come again
    };
    for (const auto& [octets, least] :
         {Cut{1, kRows - 20}, Cut{4096, kRows - 20}, Cut{whole.size() / 2, kRows / 4}}) {
        CAPTURE(octets);
        Hub other;
        writeFile(other.path(), whole.substr(0, whole.size() - octets));
        other.open();
        std::uint64_t came = 0;
        RangeSet named;
        for (const auto& record : other.records({1, kMaximumSequence})) {
            if (record.has_reading()) ++came;
            if (!record.event().has_loss()) continue;
            for (const auto& range : record.event().loss().ranges())
                named.add({range.first(), range.last()});
        }
        CHECK(came >= least);
        CHECK(came < kRows);
        CHECK(named.ranges() == std::vector{Range{1, kRows + 1}});
    }
}

TEST_CASE("a small store that was cut off anywhere behind its rows has them still") {
    Prepared hub;
    hub.close();
    const auto whole = readFile(hub.path());
    for (const std::size_t pages : {1U, 2U, 3U, 4U}) {
        CAPTURE(pages);
        Hub other;
        writeFile(other.path(), whole.substr(0, whole.size() - pages * 4096));
        other.open();
        CHECK(other.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
    }
}

TEST_CASE("no wrong octet of the header costs a row") {
    Prepared hub;
    hub.close();
    const auto whole = readFile(hub.path());
    int unharmed = 0;
    for (std::size_t at = 0; at < 100; ++at) {
        CAPTURE(at);
        auto content = whole;
        content[at] = static_cast<char>(content[at] ^ 0x5a);
        Hub other;
        writeFile(other.path(), content);
        const auto opened = other.tryOpen();
        if (!opened) {
            // One of the four octets of the layout: that looks like a newer one.
            CHECK(at == 63);
            CHECK(opened.error().kind == ErrorKind::refused);
            continue;
        }
        if (other.store->status().stream == hub.stream) {
            ++unharmed;
            CHECK(other.content() == "1:stream-started 2:a 3:b 4:c");
        } else {
            CHECK(other.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
        }
    }
    CHECK(unharmed < 40);
}

TEST_CASE("another program's file is refused unless our key opens a store in it") {
    Prepared hub;
    hub.close();
    auto content = readFile(hub.path());
    std::fill_n(content.begin(), 100, 'x');
    writeFile(hub.path(), content);
    hub.options.key = testKey(8);
    const auto opened = hub.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::authentication);
    CHECK(readFile(hub.path()) == content);
    hub.options.key = testKey();
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
}

TEST_CASE("a journal without its store is moved aside") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a")}));
    Prepared copy;
    copy.close();
    fs::remove(copy.path());
    const auto journal = readFile(hub.path() + "-wal");
    writeFile(copy.path() + "-wal", journal);
    copy.open();
    REQUIRE(copy.kept().size() == 1);
    CHECK(readFile(copy.dir / ("damaged/" + copy.kept()[0])) == journal);
    CHECK(copy.content() == "1:stream-started 2:loss[1-0]");
}

TEST_CASE("what is in the journal alone is salvaged too") {
    Prepared hub;
    hub.close();
    raw(hub.path(), "DROP TABLE boots; CREATE TABLE boots(number INTEGER, boot_id TEXT)");
    // Without an index nothing of it looks damaged yet.
    hub.open();
    CHECK(hub.append({reading("d", "w")}));
    Hub copy;
    for (const auto* ending : {"", "-wal"}) {
        writeFile(copy.path() + ending, readFile(hub.path() + ending));
    }
    CHECK(markDamaged(copy.path()));
    copy.open();
    CHECK(copy.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:d 7:loss[1-5]");
    checkNothingLeft(copy);
}

TEST_CASE("cut off at any step, the next start goes on") {
    for (int step = 0; step < 4; ++step) {
        CAPTURE(step);
        Prepared hub;
        hub.close();
        raw(hub.path(), "DROP TABLE boots");
        const auto damaged = readFile(hub.path());
        if (step == 0) writeFile(hub.path() + ".new", "half a store");
        if (step > 0) {
            REQUIRE(salvage(hub.options, {ErrorKind::damaged, "x"}, hub.clock, hub.log));
        }
        if (step > 1) {
            fs::create_directory(hub.dir / "damaged");
            fs::rename(hub.path(), hub.dir / "damaged/store-20261125T120000Z.db");
        }
        if (step > 2) writeFile(hub.path() + "-wal", "a journal that was not moved yet");
        hub.open();
        CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
        CHECK(readFile(hub.dir / ("damaged/" + hub.kept()[0])) == damaged);
        checkNothingLeft(hub);
    }
}

TEST_CASE("damage of a large file shows while it is read, and the next start salvages it") {
    Hub hub;
    hub.open();
    for (int i = 0; i < 50; ++i) {
        CHECK(hub.append(std::vector<NewRow>(100, reading(std::string(3900, 'x')))));
    }
    hub.close();
    auto content = readFile(hub.path());
    REQUIRE(content.size() > 17 * 1024 * 1024);
    for (const auto place : {content.size() / 3, content.size() / 2}) {
        std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(place / 4096 * 4096), 4096, '\0');
    }
    writeFile(hub.path(), content);
    hub.open();
    CHECK_FALSE(hub.fetch({1, UINT64_MAX}, {}, 1 << 30));
    hub.runUntil([&] { return hub.store->status().intake == v1::INTAKE_CLOSED_FAULT; });
    hub.reopen();
    CHECK(hub.store->status().intake == v1::INTAKE_OPEN);
    CHECK(hub.store->status().rows >= 4990);
    CHECK(hub.fetch({1, UINT64_MAX}, {}, 1 << 30).value().size() == hub.store->status().rows);
    checkNothingLeft(hub);
}

TEST_CASE("what makes no sense to SQLite in use is damage, and the next start salvages it") {
    Prepared hub;
    hub.close();
    raw(hub.path(), "CREATE TRIGGER no BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'no'); END");
    hub.open();
    CHECK_FALSE(hub.append({reading("d")}));
    CHECK(hub.store->status().intake == v1::INTAKE_CLOSED_FAULT);
    CHECK(hub.store->status().isDamaged);
    hub.reopen();
    CHECK_FALSE(hub.store->status().isDamaged);
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
}

TEST_CASE("a file that another process has is not salvaged, whatever it looks like") {
    Prepared hub;
    auto content = readFile(hub.path());
    content[3] = 'x';
    writeFile(hub.path(), content);
    const auto second = Store::open(hub.options, hub.clock, {});
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::unavailable);
    CHECK(readFile(hub.path()) == content);
    CHECK_FALSE(fs::exists(hub.dir / "damaged"));
}

TEST_CASE("without room for a new store the damaged one stays where it is") {
    Prepared hub;
    hub.close();
    raw(hub.path(), "DROP TABLE boots");
    const auto damaged = readFile(hub.path());
    REQUIRE(::mkdir((hub.dir / "store.db.new").c_str(), 0700) == 0);
    const auto opened = hub.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.find("the damaged store") != std::string::npos);
    CHECK(readFile(hub.path()) == damaged);
}

TEST_CASE("where a record that tells of lost rows is lost, any row before it may be") {
    Prepared hub;
    hub.acknowledge("care", {1, 2});
    hub.close();
    raw(hub.path(), "INSERT INTO meta(name, value) VALUES('loss/2/', 3)");
    raw(hub.path(), "DELETE FROM log WHERE sequence = 3");
    hub.damage("boots");
    CHECK(hub.content() == "1:stream-started 2:c 3:loss[4-4] 4:loss[1-3]");
}

TEST_CASE("where a record that tells of another stream is lost, all of that stream may be") {
    for (const bool isSalvagedAgain : {false, true}) {
        CAPTURE(isSalvagedAgain);
        Prepared hub;
        hub.damage("boots");
        CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
        hub.close();
        raw(hub.path(), "UPDATE log SET body = zeroblob(length(body)) WHERE sequence = 6");
        if (isSalvagedAgain) raw(hub.path(), "DROP TABLE boots");
        hub.open();
        hub.records();
        const auto told = [&] {
            const auto records = hub.records();
            return std::ranges::count_if(records, [&](const auto& record) {
                const auto& loss = record.event().loss();
                return loss.stream() == hub.stream && loss.reason() == v1::LOSS_DAMAGED &&
                       loss.ranges_size() == 1 && loss.ranges(0).first() == 1 &&
                       loss.ranges(0).last() == 0;
            });
        };
        hub.runUntil([&] { return told() > 0; });
        CHECK(told() == 1);
    }
}

TEST_CASE("a record of losses that was carried over is known as one, and its stream is") {
    Prepared hub;
    auto loss = storeEvent(hub.clock.now(), v1::SEVERITY_ALARM, v1::STORE_UNSPECIFIED, "lost");
    auto& ranges = *loss.record.mutable_event()->mutable_loss();
    ranges.set_stream(hub.stream);
    ranges.add_ranges()->set_first(1);
    ranges.mutable_ranges(0)->set_last(1);
    CHECK(hub.append({loss}));
    hub.damage("boots");
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-1] 7:loss[1-5]");
    hub.close();
    CHECK(raw(hub.path(),
              "SELECT group_concat(value) FROM (SELECT value FROM meta WHERE name GLOB "
              "'loss/stream/" +
                  hub.stream + "/*' ORDER BY value)") == "6,7");
}

TEST_CASE("a damaged store with another key stays where it is") {
    Prepared hub;
    hub.close();
    CHECK(markDamaged(hub.path()));
    const auto content = readFile(hub.path());
    hub.options.key = testKey(8);
    const auto opened = hub.tryOpen();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().kind == ErrorKind::authentication);
    CHECK(readFile(hub.path()) == content);
    CHECK_FALSE(fs::exists(hub.dir / "damaged"));
    hub.options.key = testKey();
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:stream-started 3:a 4:b 5:c 6:loss[1-4]");
}
