#include "gateway/store/store.hpp"

#include <doctest/doctest.h>

#include <set>

#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

TEST_CASE("a new store begins its stream with a record that says so") {
    Hub hub;
    hub.open();
    const auto records = hub.records();
    REQUIRE(records.size() == 1);
    CHECK(records[0].sequence() == 1);
    const auto& event = records[0].event();
    CHECK(event.store().kind() == v1::STORE_STREAM_STARTED);
    CHECK(event.severity() == v1::SEVERITY_INFO);
    CHECK(event.id().size() == 36);
    CHECK(event.id()[14] == '7');
    CHECK(event.occurred().boot() == 1);
    CHECK(fromTimestamp(event.occurred().time()) == hub.clock.wall());
    CHECK(hub.store->status().newest == 1);
}

TEST_CASE("what is appended is read back in order, with sequence, priority and time") {
    Hub hub;
    hub.open();
    hub.clock.advance(5s);
    const auto appended = hub.append({reading("cuff"), reading("scale", {}, v1::PRIORITY_SERIES)});
    CHECK(appended.value().sequences == std::vector<std::uint64_t>{2, 3});
    CHECK(appended->duplicates == 0);
    CHECK(hub.content() == "1:stream-started 2:cuff 3:scale");
    const auto rows = hub.fetch({2, 3}).value();
    CHECK(rows[0].priority == v1::PRIORITY_READING);
    CHECK(rows[1].priority == v1::PRIORITY_SERIES);
    CHECK(rows[0].committed == hub.clock.wall());
}

TEST_CASE("a store that is opened again has everything, and counts on") {
    Hub hub;
    hub.open();
    const auto stream = hub.store->status().stream;
    CHECK(hub.append({reading("a"), reading("b")}));
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:a 3:b");
    CHECK(hub.append({reading("c")}).value().sequences[0] == 4);
    CHECK(hub.store->status().stream == stream);
    CHECK(hub.store->status().rows == 4);
    CHECK(hub.store->status().newest == 4);
    CHECK(hub.store->status().oldestHeld == 1);
}

TEST_CASE("a stream has a random name of 13 characters, new with each new store") {
    std::set<std::string> streams;
    for (int i = 0; i < 3; ++i) {
        Hub hub;
        hub.open();
        const auto stream = hub.store->status().stream;
        CHECK(stream.size() == 13);
        CHECK(stream.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string::npos);
        streams.insert(stream);
    }
    CHECK(streams.size() == 3);
}

TEST_CASE(
    "a measurement that was seen is not stored again: in one append, later, or after a start") {
    Hub hub;
    hub.open();
    const auto first = hub.append({reading("a", "x"), reading("b", "y"), reading("a", "x")});
    CHECK(first.value().sequences == std::vector<std::uint64_t>{2, 3, 0});
    CHECK(first->duplicates == 1);
    const auto second = hub.append({reading("a", "x"), reading("c", "z")});
    CHECK(second.value().sequences == std::vector<std::uint64_t>{0, 4});
    hub.reopen();
    const auto third = hub.append({reading("b", "y")});
    CHECK(third.value().sequences == std::vector<std::uint64_t>{0});
    CHECK(hub.append({reading("d")}).value().sequences[0] == 5);
    CHECK(hub.content() == "1:stream-started 2:a 3:b 4:c 5:d");
}

TEST_CASE("records without an id are never duplicates") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a"), reading("a")}).value().duplicates == 0);
    CHECK(hub.content() == "1:stream-started 2:a 3:a");
}

TEST_CASE("a duplicate still brings its bookmark along") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a", "x")}, {{"cuff", "last-record", "1"}}));
    CHECK(hub.append({reading("a", "x")}, {{"cuff", "last-record", "2"}, {"cuff", "offset", ""}}));
    CHECK(hub.bookmark("cuff", "last-record") == "2");
    hub.reopen();
    CHECK(hub.bookmark("cuff", "last-record") == "2");
    CHECK(hub.bookmark("scale", "last-record").empty());
}

TEST_CASE("what cannot be stored is refused, in order with what can") {
    Hub hub;
    hub.open();
    NewRow empty;
    auto noPriority = reading("a");
    noPriority.priority = v1::PRIORITY_UNSPECIFIED;
    auto badId = reading("a");
    badId.id = Bytes(15);
    const auto tooBig = reading(std::string(256 * 1024, 'x'));
    std::vector<std::string> answers;
    for (const auto& row : {empty, reading("good"), noPriority, badId, tooBig}) {
        hub.store->append({row}, {}, [&](Result<Appended> result) {
            answers.push_back(result ? "stored" : result.error().message);
        });
    }
    hub.store->append({}, {{"cuff", "name", std::string(65537, 'x')}}, [&](auto result) {
        CHECK(result.error().kind == ErrorKind::invalid);
        answers.push_back("bookmark");
    });
    hub.store->append(std::vector<NewRow>(10'001, reading("a")), {},
                      [&](auto result) { answers.push_back(result.error().message); });
    hub.runUntil([&] { return answers.size() == 7; });
    CHECK(answers[0] == "a record without a body cannot be stored");
    CHECK(answers[1] == "stored");
    CHECK(answers[2] == "a record needs a priority");
    CHECK(answers[3] == "an id has 16 octets, not 15");
    CHECK(answers[4] == "a record of 262152 octets is over the limit of 262144");
    CHECK(answers[5] == "bookmark");
    CHECK(answers[6] == "at most 10000 records at once");
    CHECK(hub.content() == "1:stream-started 2:good");
}

TEST_CASE("an append of nothing is answered") {
    Hub hub;
    hub.open();
    CHECK(hub.append({}).value().sequences.empty());
    CHECK(hub.store->status().newest == 1);
}

TEST_CASE("a fetch is limited by octets, but gives at least one row") {
    Hub hub;
    hub.open();
    std::vector<NewRow> rows;
    for (int i = 0; i < 10; ++i) rows.push_back(reading(std::string(1000, 'x')));
    CHECK(hub.append(rows));
    const auto size = hub.fetch({2, 2}).value()[0].bytes.size();
    CHECK(hub.fetch({2, 11}, {}, 1).value().size() == 1);
    CHECK(hub.fetch({2, 11}, {}, size).value().size() == 1);
    CHECK(hub.fetch({2, 11}, {}, size * 2 - 1).value().size() == 1);
    CHECK(hub.fetch({2, 11}, {}, size * 2).value().size() == 2);
    CHECK(hub.fetch({2, 11}, {}, size * 100).value().size() == 10);
}

TEST_CASE("a fetch leaves out what it is told to, and ends where it is told to") {
    Hub hub;
    hub.open();
    std::vector<NewRow> rows;
    for (int i = 2; i <= 400; ++i) rows.push_back(reading("d"));
    CHECK(hub.append(rows));
    RangeSet except(Range{1, 10});
    except.add(Range{12, 300});
    except.add(Range{302, 395});
    except.add(Range{400, UINT64_MAX});
    std::vector<std::uint64_t> sequences;
    const auto fetched = hub.fetch({1, UINT64_MAX}, except).value();
    for (const auto& row : fetched) {
        sequences.push_back(row.sequence);
    }
    CHECK(sequences == std::vector<std::uint64_t>{11, 301, 396, 397, 398, 399});
    CHECK(hub.fetch({1, UINT64_MAX}, RangeSet(Range{1, UINT64_MAX})).value().empty());
    CHECK(hub.fetch({401, 500}).value().empty());
    CHECK(hub.fetch({5, 4}).value().empty());
    CHECK(hub.fetch({0, 1}).value().size() == 1);
    CHECK(hub.fetch({1, UINT64_MAX}).value().size() == 400);
}

TEST_CASE("whoever listens is told of each commit that added rows, with the highest sequence") {
    Hub hub;
    hub.open();
    std::vector<std::uint64_t> heard;
    std::vector<std::uint64_t> heardToo;
    hub.store->onCommitted([&](std::uint64_t newest) { heard.push_back(newest); });
    hub.store->onCommitted([&](std::uint64_t newest) { heardToo.push_back(newest); });
    CHECK(hub.append({reading("a", "x"), reading("b")}));
    CHECK(hub.append({reading("a", "x")}));  // a duplicate adds none
    CHECK(hub.append({}, {{"cuff", "n", "v"}}));
    CHECK(hub.append({reading("c")}));
    hub.runUntil([&] { return heardToo.size() == 2; });
    CHECK(heard == std::vector<std::uint64_t>{3, 4});
    CHECK(heardToo == heard);
}

TEST_CASE("each start of the kernel has a number") {
    Hub hub;
    for (const auto& [id, number] : std::vector<std::pair<std::string, std::uint32_t>>{
             {"a", 1}, {"a", 1}, {"b", 2}, {"c", 3}}) {
        hub.options.bootId = id;
        hub.open();
        CHECK(hub.store->boot() == number);
        CHECK(hub.clock.now().boot == number);
        hub.close();
    }
    hub.options.bootId.clear();
    hub.options.path = hub.path();
    auto opened = Store::open(hub.options, hub.clock, {});
    REQUIRE(opened);
    CHECK((*opened)->boot() == 4);  // the kernel's own id
}

TEST_CASE("connections of an uplink are counted over the hub's life") {
    Hub hub;
    hub.open();
    const auto count = [&](const std::string& uplink) {
        return hub
            .await<std::uint64_t>([&](auto done) { hub.store->countConnection(uplink, done); })
            .value();
    };
    CHECK(count("care") == 1);
    CHECK(count("care") == 2);
    CHECK(count("other") == 1);
    hub.reopen();
    CHECK(count("care") == 3);
}

TEST_CASE("after the close every call is answered, and none does anything") {
    Hub hub;
    hub.open();
    hub.store->close();
    CHECK(hub.append({reading("a")}).error().kind == ErrorKind::cancelled);
    CHECK(hub.fetch().error().kind == ErrorKind::cancelled);
    hub.store->saveSets("care", {}, true);
    hub.reopen();
    CHECK(hub.content() == "1:stream-started");
}

TEST_CASE("a close commits what waits, answers what it cannot, and blocks no longer") {
    Hub hub;
    hub.open();
    int stored = 0;
    int fetches = 0;
    for (int i = 0; i < 500; ++i) {
        hub.store->append({reading("a")}, {}, [&](Result<Appended> result) {
            if (result) ++stored;
        });
    }
    hub.store->fetch({1, UINT64_MAX}, {}, 1 << 30, [&](auto) { ++fetches; });
    hub.store->close();
    CHECK(stored == 0);  // no callback runs inside a call
    hub.clock.run();
    CHECK(stored == 500);
    CHECK(fetches == 1);
    hub.reopen();
    CHECK(hub.store->status().newest == 501);
}
