#include "gateway/app/intake.hpp"

#include <asio/co_spawn.hpp>

#include "tests/store/faulty_disk.hpp"
#include "tests/store/store_fixture.hpp"

using namespace vitalgate;
using namespace vitalgate::app;
using namespace std::chrono_literals;

namespace {

const BluetoothAddress kAddress = BluetoothAddress::parse("C4:7C:8D:6A:12:34").value();

crypto::SecretKey key(std::uint8_t fill) {
    return crypto::SecretKey::fromBytes(Bytes(32, fill)).value();
}

/// An intake over a real store.
struct Entrance {
    Entrance() {
        hub.open();
        reopenIntake();
    }
    ~Entrance() { hub.close(); }
    Entrance(const Entrance&) = delete;
    Entrance& operator=(const Entrance&) = delete;

    void reopenIntake(std::uint8_t idKey = 1) {
        intake.emplace(
            IntakeOptions{"hub-7f3a", key(idKey), {{"cuff", kAddress}}}, *hub.store, hub.clock,
            random, [this](const auto& one) { described.push_back(one); }, Log{});
    }
    Result<Accepted> append(Append what) {
        std::optional<Result<Accepted>> result;
        const auto done = [&result](const std::exception_ptr&, Result<Accepted> given) {
            result = std::move(given);
        };
        asio::co_spawn(hub.io, intake->append(std::move(what)), done);
        hub.runUntil([&result] { return result.has_value(); });
        return *result;
    }
    std::vector<v1::Reading> readings() {
        std::vector<v1::Reading> all;
        for (const auto& record : hub.records()) {
            if (record.has_reading()) all.push_back(record.reading());
        }
        return all;
    }

    store::testing::Hub hub;
    SeededRandom random{1};
    std::vector<v1::DeviceDescriptor> described;
    std::optional<Intake> intake;
};

/// WatchdogSec of the unit: a commit that takes longer ends with the process.
constexpr Duration kWatchdog = 30s;

NewReading reading(std::string deviceTime = "2026-11-23T08:14:05",
                   std::optional<std::uint32_t> recordNumber = std::nullopt) {
    NewReading one;
    one.reading.set_device("cuff");
    one.reading.set_kind("blood-pressure");
    one.identity = {kAddress, Uuid{0x2A35}, std::move(deviceTime), recordNumber,
                    Bytes{0x1e, 0x80, 0x00}};
    return one;
}

Append of(NewReading one) {
    Append what;
    what.readings.push_back(std::move(one));
    return what;
}

}  // namespace

TEST_CASE("a measurement read twice is stored once, also after a restart, under the same id") {
    Entrance entrance;
    const auto first = entrance.append(of(reading()));
    REQUIRE(first);
    CHECK(first->newestSequence == 2);
    CHECK(first->duplicates == 0);
    const auto second = entrance.append(of(reading()));
    CHECK(second.value().duplicates == 1);
    entrance.hub.reopen();
    entrance.reopenIntake();
    CHECK(entrance.append(of(reading())).value().duplicates == 1);
    REQUIRE(entrance.readings().size() == 1);
    const auto stored = entrance.readings()[0];
    CHECK(stored.id_basis() == v1::ID_DEVICE_TIME);
    CHECK(stored.id().size() == 36);
    CHECK(stored.id()[14] == '8');
}

TEST_CASE("device time, record number, payload, characteristic and key each make another id") {
    Entrance entrance;
    auto payload = reading();
    payload.identity.payload.push_back(0);
    auto characteristic = reading();
    characteristic.identity.characteristic = Uuid{0x2A36};
    auto address = reading();
    address.identity.address = BluetoothAddress::parse("C4:7C:8D:6A:12:35").value();
    for (auto& one : {reading(), reading("2026-11-23T08:14:06"), reading("", 1), reading("", 2),
                      reading("2026-11-23T08:14:05", 1), payload, characteristic, address}) {
        CHECK(entrance.append(of(one)).value().duplicates == 0);
    }
    entrance.reopenIntake(2);
    CHECK(entrance.append(of(reading())).value().duplicates == 0);
    CHECK(entrance.readings().size() == 9);
    CHECK(entrance.readings()[2].id_basis() == v1::ID_RECORD_NUMBER);
    CHECK(entrance.readings()[4].id_basis() == v1::ID_BOTH);
}

TEST_CASE("without device time and record number nothing is ever merged, restarts included") {
    Entrance entrance;
    for (int start = 0; start < 3; ++start) {
        for (int i = 0; i < 3; ++i) {
            CHECK(entrance.append(of(reading(""))).value().duplicates == 0);
        }
        entrance.hub.clock.advance(1ms);
        entrance.reopenIntake();
    }
    const auto readings = entrance.readings();
    CHECK(readings.size() == 9);
    CHECK(readings[0].id_basis() == v1::ID_RECEIPT);
}

TEST_CASE("a refused measurement is one event however often it is read, and never a reading") {
    Entrance entrance;
    const auto refused = [](v1::MeasurementRefusal reason) {
        Append what;
        auto& refusal = what.refusals.emplace_back();
        refusal.identity = reading().identity;
        refusal.event.set_device("cuff");
        refusal.event.mutable_refused()->set_reason(reason);
        return what;
    };
    REQUIRE(entrance.append(refused(v1::REFUSED_FAILED)));
    REQUIRE(entrance.append(refused(v1::REFUSED_FAILED)));
    // A later release of the hub may understand it.
    CHECK(entrance.append(of(reading())).value().duplicates == 0);
    CHECK(entrance.readings().size() == 1);
    REQUIRE(entrance.append(refused(v1::REFUSED_IMPLAUSIBLE)));
    std::vector<v1::MeasurementRefusal> reasons;
    for (const auto& record : entrance.hub.records()) {
        if (record.event().has_refused()) reasons.push_back(record.event().refused().reason());
    }
    CHECK(reasons == std::vector{v1::REFUSED_FAILED, v1::REFUSED_IMPLAUSIBLE});
}

TEST_CASE("readings, events and bookmarks of one append are committed together") {
    Entrance entrance;
    auto what = of(reading());
    v1::Event event;
    event.set_device("cuff");
    event.mutable_clock()->set_step_ms(5);
    what.events.push_back(event);
    what.bookmarks.push_back({"cuff", "last-record", "17"});
    CHECK(entrance.append(what).value().newestSequence == 3);
    const auto stored = entrance.hub.records().back().event();
    CHECK(stored.id().size() == 36);
    CHECK(stored.id()[14] == '7');
    CHECK(stored.has_occurred());
    CHECK(stored.severity() == v1::SEVERITY_INFO);

    std::optional<Result<std::string>> mark;
    const auto done = [&mark](const std::exception_ptr&, Result<std::string> given) {
        mark = std::move(given);
    };
    asio::co_spawn(entrance.hub.io, entrance.intake->bookmark("cuff", "last-record"), done);
    entrance.hub.runUntil([&mark] { return mark.has_value(); });
    CHECK(mark->value() == "17");
    mark.reset();
    asio::co_spawn(entrance.hub.io, entrance.intake->bookmark("cuff", "other"), done);
    entrance.hub.runUntil([&mark] { return mark.has_value(); });
    CHECK(mark->value().empty());
}

TEST_CASE("what is kept without a limit is answered once it is stored, or nothing of it is") {
    Entrance entrance;
    std::optional<Status> kept;
    const auto keep = [&](Append what) {
        kept.reset();
        entrance.intake->keep(std::move(what), [&kept](Status result) { kept = result; });
        entrance.hub.runUntil([&kept] { return kept.has_value(); });
        return kept->has_value();
    };
    Append only;
    only.bookmarks.push_back({"", "hub-clock", "1"});
    CHECK(keep(only));
    CHECK(entrance.hub.records().size() == 1);
    CHECK(entrance.hub.bookmark("", "hub-clock") == "1");

    auto both = of(reading());
    both.events.emplace_back().mutable_clock()->set_step_ms(5);
    both.bookmarks.push_back({"", "hub-clock", "2"});
    CHECK(keep(both));
    CHECK(entrance.hub.records().size() == 3);
    CHECK(entrance.hub.records().back().event().device().empty());
    CHECK(entrance.hub.bookmark("", "hub-clock") == "2");

    entrance.hub.store->close();
    CHECK_FALSE(keep(only));
}

TEST_CASE("a commit is waited for as long as the watchdog lets it take, and not for ever") {
    store::testing::FaultyDisk disk;
    Entrance entrance;
    entrance.hub.close();
    entrance.hub.options.vfs = disk.name();
    entrance.hub.open();
    entrance.reopenIntake();
    std::optional<Result<Accepted>> result;
    const auto done = [&result](const std::exception_ptr&, Result<Accepted> given) {
        result = std::move(given);
    };
    disk.holdSyncs();
    asio::co_spawn(entrance.hub.io, entrance.intake->append(of(reading())), done);
    entrance.hub.clock.run();
    disk.awaitHeldSync();
    entrance.hub.clock.advance(2 * kWatchdog);
    CHECK_FALSE(result);
    entrance.hub.clock.advance(kCommitLimit - 2 * kWatchdog);
    CHECK(result);
    disk.release();
    REQUIRE(result);
    REQUIRE_FALSE(*result);
    CHECK(result->error().kind == ErrorKind::unavailable);
    // It is stored all the same, and known when it is given again.
    const auto again = entrance.append(of(reading()));
    REQUIRE(again);
    CHECK(again->duplicates == 1);
    entrance.hub.close();
}

TEST_CASE("a store that takes nothing makes the intake unavailable") {
    Entrance entrance;
    entrance.hub.store->close();
    const auto refused = entrance.append(of(reading()));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unavailable);
}

TEST_CASE("a descriptor leaves with the hub's id and the device's key, which is not its address") {
    Entrance entrance;
    v1::DeviceDescriptor descriptor;
    descriptor.set_device("cuff");
    entrance.intake->describe(descriptor);
    REQUIRE(entrance.described.size() == 1);
    CHECK(entrance.described[0].hub() == "hub-7f3a");
    CHECK(entrance.described[0].device_key() == crypto::deviceKey(key(1), kAddress));
    CHECK(entrance.described[0].has_updated());
    CHECK(entrance.intake->deviceKey("d-abcdefghijkl") == "d-abcdefghijkl");
}

TEST_CASE("alarms, series and what lies between get their priorities") {
    v1::Reading one;
    one.set_kind("weight");
    CHECK(priorityOf(one) == v1::PRIORITY_READING);
    one.set_kind("button");
    CHECK(priorityOf(one) == v1::PRIORITY_ALARM);
    one.set_kind("heart-rate");
    CHECK(priorityOf(one) == v1::PRIORITY_SERIES);
    one.set_kind("pulse-oximetry");
    CHECK(priorityOf(one) == v1::PRIORITY_READING);
    one.add_observations()->mutable_samples()->add_raw(1);
    CHECK(priorityOf(one) == v1::PRIORITY_SERIES);

    v1::Event event;
    event.mutable_refused()->set_kind("heart-rate");
    CHECK(priorityOf(event) == v1::PRIORITY_SERIES);
    event.mutable_refused()->set_kind("blood-pressure");
    CHECK(priorityOf(event) == v1::PRIORITY_READING);
    event.mutable_connection();
    CHECK(priorityOf(event) == v1::PRIORITY_SERIES);
    event.set_severity(v1::SEVERITY_ALARM);
    CHECK(priorityOf(event) == v1::PRIORITY_ALARM);
    event.set_severity(v1::SEVERITY_INFO);
    event.mutable_loss();
    CHECK(priorityOf(event) == v1::PRIORITY_ALARM);
    event.mutable_security();
    CHECK(priorityOf(event) == v1::PRIORITY_ALARM);
}
