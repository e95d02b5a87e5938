#include <doctest/doctest.h>

#include "tests/store/raw_sqlite.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::store;
using namespace vitalgate::store::testing;

namespace {

constexpr const char* kDamage = "UPDATE log SET body = zeroblob(length(body)) WHERE sequence = 3";

/// A store with a, b, c in records 2, 3, 4, closed.
struct Prepared : Hub {
    Prepared() {
        open();
        CHECK(append({reading("a", "x"), reading("b", "y"), reading("c", "z")},
                     {{"cuff", "last", "17"}, {"scale", "last", "18"}}));
        close();
    }
};

CommandEntry command(const std::string& id) {
    CommandEntry entry;
    entry.id = id;
    entry.state = v1::COMMAND_DONE;
    entry.result.emplace().set_text("secret-result-" + id);
    return entry;
}

}  // namespace

TEST_CASE("nothing of a reading, bookmark or result can be read from the files") {
    Hub hub;
    hub.open();
    auto row = reading("secret-device", "x");
    row.record.mutable_reading()->set_subject("secret-person");
    CHECK(hub.append({row}, {{"cuff", "last", "secret-bookmark"}}));
    NewRow result;
    result.record.mutable_result()->set_text("secret-result");
    result.priority = v1::PRIORITY_ALARM;
    CHECK(hub.await<Appended>(
        [&](auto done) { hub.store->finishCommand(command("c1"), result, done); }));
    const auto scan = [&] {
        std::size_t octets = 0;
        for (const auto& file : std::filesystem::directory_iterator(hub.dir.path())) {
            const auto content = readFile(file.path().string());
            octets += content.size();
            CHECK(content.find("secret") == std::string::npos);
            CHECK(content.find(asText(testKey().octets())) == std::string::npos);
        }
        CHECK(octets > 10'000);
    };
    scan();
    hub.close();
    scan();
    hub.open();
    CHECK(hub.records()[1].reading().subject() == "secret-person");
}

TEST_CASE("the length of a stored row does not tell its kind") {
    Hub hub;
    hub.open();
    CHECK(hub.append({reading("a"), reading(std::string(40, 'a'))}));
    hub.close();
    CHECK(raw(hub.path(), "SELECT count(DISTINCT length(body)) FROM log WHERE sequence > 1") ==
          "1");
}

TEST_CASE("no column of a row can be changed, and no row put in the place of another") {
    for (const std::string& sql :
         {std::string("UPDATE log SET priority = 3 WHERE sequence = 3"),
          std::string("UPDATE log SET type = 300 WHERE sequence = 3"),
          std::string("UPDATE log SET time = time + 1 WHERE sequence = 3"),
          std::string("UPDATE log SET boot = boot + 1 WHERE sequence = 3"),
          std::string("UPDATE log SET key = 2 WHERE sequence = 3"),
          std::string("UPDATE log SET body = x'' WHERE sequence = 3"),
          std::string("UPDATE log SET body = (SELECT body FROM log WHERE sequence = 4) "
                      "WHERE sequence = 3"),
          std::string(kDamage)}) {
        CAPTURE(sql);
        Prepared hub;
        raw(hub.path(), sql);
        hub.open();
        CHECK(hub.content() == "1:stream-started 2:a 4:c");
        hub.runUntil([&] { return hub.store->status().newest == 5; });
        CHECK(hub.content() == "1:stream-started 2:a 4:c 5:loss[3-3]");
        CHECK(hub.store->status().intake == v1::INTAKE_OPEN);
    }
}

TEST_CASE("a damaged row is reported once, as lost, and its measurement is taken again") {
    Prepared hub;
    raw(hub.path(), kDamage);
    hub.open();
    // Two fetches on their way find the same row.
    hub.store->fetch({1, 4}, {}, 1 << 20, [](auto) {});
    hub.content();
    hub.runUntil([&] { return hub.store->status().newest == 5; });
    hub.content();
    hub.reopen();
    CHECK(hub.content() == "1:stream-started 2:a 4:c 5:loss[3-3]");
    const auto records = hub.records({5, 5});
    const auto& event = records[0].event();
    CHECK(event.severity() == v1::SEVERITY_ALARM);
    CHECK(event.loss().reason() == v1::LOSS_DAMAGED);
    CHECK(event.loss().stream() == hub.store->status().stream);
    CHECK(event.loss().count() == 1);
    CHECK(event.loss().priority() == v1::PRIORITY_READING);
    CHECK(event.loss().uplink().empty());
    CHECK(hub.append({reading("b", "y")}).value().sequences[0] == 6);
    CHECK(hub.append({reading("c", "z")}).value().duplicates == 1);
}

TEST_CASE("a damaged row that every uplink has stored is no loss") {
    Prepared hub;
    raw(hub.path(), kDamage);
    hub.open();
    hub.acknowledge("care", {1, 4});
    CHECK(hub.content() == "1:stream-started 2:a 4:c");
    hub.content();
    CHECK(hub.store->status().newest == 4);
    CHECK(hub.store->status().rows == 3);
}

TEST_CASE("a row that did not come from this stream does not open") {
    Prepared hub;
    Prepared other;
    const auto body = raw(other.path(), "SELECT hex(body) FROM log WHERE sequence = 3");
    raw(hub.path(), "UPDATE log SET body = x'" + body + "' WHERE sequence = 3");
    hub.open();
    CHECK(hub.content() == "1:stream-started 2:a 4:c");
}

TEST_CASE("bookmarks that were changed or exchanged are left out") {
    Prepared hub;
    raw(hub.path(),
        "UPDATE bookmark SET value = (SELECT value FROM bookmark WHERE device_key = 'scale') "
        "WHERE device_key = 'cuff'");
    hub.open();
    CHECK(hub.bookmark("cuff", "last").empty());
    CHECK(hub.bookmark("scale", "last") == "18");
}

TEST_CASE("the result of another command is not taken for the own one") {
    Hub hub;
    hub.open();
    for (const std::string id : {"c1", "c2"}) {
        NewRow row;
        row.record.mutable_result()->set_command_id(id);
        row.priority = v1::PRIORITY_ALARM;
        CHECK(hub.await<Appended>(
            [&](auto done) { hub.store->finishCommand(command(id), row, done); }));
    }
    hub.close();
    raw(hub.path(),
        "UPDATE command SET result = (SELECT result FROM command WHERE id = 'c2') WHERE id = 'c1'");
    hub.open();
    const auto begin = [&](const std::string& id) {
        return hub
            .await<std::optional<CommandEntry>>(
                [&](auto done) { hub.store->beginCommand(command(id), done); })
            .value();
    };
    CHECK_FALSE(begin("c1").value().result);  // still known as done
    CHECK(begin("c1")->state == v1::COMMAND_DONE);
    CHECK(begin("c2")->result->text() == "secret-result-c2");
}
