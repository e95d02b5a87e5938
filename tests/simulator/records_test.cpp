#include "tests/simulator/device_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

// What a device with records does in a conversation; what its control point answers is in
// record_access_test.cpp.

namespace {

using Texts = std::vector<std::string>;

/// A meter that has measured three times.
std::unique_ptr<Bench> meter(std::string_view keys = "") {
    auto bench = std::make_unique<Bench>(
        joined({kUtc, keys,
                "    measure:\n      - {at: 1s, glucose: 95, meal: fasting}\n"
                "      - {at: 2s, glucose: 120}\n      - {at: 3s, glucose: 110}\n"}),
        "glucose");
    bench->clock.advance(3s);
    return bench;
}

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("a meter keeps its records until it is asked for them") {
    const auto bench = meter();
    CHECK(bench->wrote(R"("what":"measured","n":3,"deviceTime":"2026-11-23T08:00:03","record":2)"));
    bench->connect({0x2a18, 0x2a34, 0x2a52});
    bench->clock.advance(10s);
    CHECK(bench->sent().empty());
    REQUIRE(bench->write(0x2a52, "0101"));
    const auto sent = bench->sent();
    REQUIRE(sent.size() == 5);
    CHECK(sent[0] ==
          "2A18 12"
          "0000"
          "ea070b17080001"
          "5fb0"
          "11");
    CHECK(sent[1] ==
          "2A34 02"
          "0000"
          "03");
    CHECK(sent[4] == "2A52 06000101");
    CHECK(bench->wrote(R"("what":"effect","characteristic":"2A52","hex":"0101")"));
    CHECK(bench->wrote(R"("what":"offered","n":1,"characteristic":"2A34")"));
    CHECK(bench->wrote(R"("what":"sent","characteristic":"2A52","hex":"06000101")"));
    CHECK_FALSE(bench->wrote("missed"));
    // Asked again they go again, and the ledger says so.
    REQUIRE(bench->write(0x2a52, "0103010200"));
    CHECK(bench->sent().size() == 2);
    CHECK(count(bench->lines.str(), R"("what":"offered","n":3,)") == 2);
}

TEST_CASE("a record is offered and taken with the number of its measurement") {
    const auto bench = meter();
    bench->connect({0x2a18, 0x2a34, 0x2a52});
    REQUIRE(bench->write(0x2a52, "0106"));
    REQUIRE(bench->radio.sent.size() == 2);
    CHECK(bench->radio.sent[0].first == 3);
    CHECK(bench->radio.sent[1].first == 0);
    bench->device->taken(3, bench->characteristic(0x2a18));
    bench->device->taken(0, bench->characteristic(0x2a52));
    CHECK(count(bench->lines.str(), R"("what":"taken")") == 1);
    CHECK(bench->wrote(R"("what":"taken","n":3,"characteristic":"2A18")"));
}

TEST_CASE("a control point needs its own subscription, and one to what it would send") {
    const auto bench = meter();
    bench->connect({0x2a18});
    CHECK(bench->write(0x2a52, "0101").error() == AttError::cccImproperlyConfigured);
    REQUIRE(bench->device->subscribe(bench->characteristic(0x2a52), true));
    REQUIRE(bench->device->subscribe(bench->characteristic(0x2a18), false));
    CHECK(bench->write(0x2a52, "0101").error() == AttError::cccImproperlyConfigured);
    CHECK(bench->write(0x2a52, "0401"));
    CHECK(bench->sent() == Texts{"2A52 05000300"});
}

TEST_CASE("what nobody has subscribed to is left out of a run") {
    const auto bench = meter();
    bench->connect({0x2a18, 0x2a52});
    REQUIRE(bench->write(0x2a52, "0105"));
    CHECK(bench->sent() == Texts{"2A18 12"
                                 "0000"
                                 "ea070b17080001"
                                 "5fb0"
                                 "11",
                                 "2A52 06000101"});
}

TEST_CASE("a second request waits for the end of the first, which can be given up") {
    const auto bench = meter();
    bench->radio.confirms = false;
    bench->connect({0x2a18, 0x2a34, 0x2a52});
    REQUIRE(bench->write(0x2a52, "0101"));
    CHECK(bench->sent().size() == 1);
    CHECK(bench->write(0x2a52, "0401").error() == AttError::procedureInProgress);
    REQUIRE(bench->write(0x2a52, "0300"));
    CHECK(bench->sent().empty());
    bench->device->confirmed();
    CHECK(bench->sent() == Texts{"2A52 06000301"});
    bench->device->confirmed();
    REQUIRE(bench->write(0x2a52, "0401"));
    CHECK(bench->sent() == Texts{"2A52 05000300"});
}

TEST_CASE("a meter whose link ends in the middle of a run, once") {
    const auto bench = meter("    record-access: {disconnect-after: 2, times: 1}\n");
    bench->connect({0x2a18, 0x2a34, 0x2a52});
    REQUIRE(bench->write(0x2a52, "0101"));
    CHECK(bench->sent().size() == 3);
    CHECK(bench->radio.closings == 1);
    CHECK_FALSE(bench->device->isConnected());
    bench->clock.advance(2s);
    bench->connect({0x2a18, 0x2a34, 0x2a52});
    REQUIRE(bench->write(0x2a52, "0101"));
    CHECK(bench->sent().size() == 5);
}

TEST_CASE("after a reset there are no records, and numbers begin again") {
    const auto bench = meter("    record-access: {reset-at: 2500ms}\n");
    CHECK(bench->wrote(R"("what":"reset")"));
    CHECK(bench->wrote(R"("what":"missed","n":1,"why":"reset")"));
    CHECK(bench->wrote(R"("what":"measured","n":3,"deviceTime":"2026-11-23T08:00:03","record":0)"));
    bench->connect({0x2a18, 0x2a34, 0x2a52});
    REQUIRE(bench->write(0x2a52, "0101"));
    CHECK(bench->sent().size() == 2);
}

TEST_CASE("a full store gives up its oldest record, which is missed unless somebody had it") {
    const auto bench = meter("    memory: 2\n");
    CHECK(bench->wrote(R"("what":"missed","n":1,"why":"memory full")"));
    bench->connect({0x2a18, 0x2a34, 0x2a52});
    REQUIRE(bench->write(0x2a52, "0201"));
    CHECK(bench->wrote(R"("what":"missed","n":2,"why":"deleted")"));
    CHECK(bench->sent() == Texts{"2A52 06000201"});
}

TEST_CASE("a device with records advertises while it has some that nobody fetched") {
    Bench bench(joined({kAfterMeasurement,
                        "    disconnect: {when-done: 2s}\n"
                        "    measure: [{at: 1s, glucose: 95}]\n"}),
                "glucose");
    CHECK_FALSE(bench.device->isAdvertising());
    bench.clock.advance(1s);
    CHECK(bench.device->isAdvertising());
    bench.connect({0x2a18, 0x2a52});
    bench.clock.advance(10s);
    CHECK(bench.device->isConnected());  // it has something left to give
    bench.device->disconnect("link-lost");
    CHECK(bench.device->isAdvertising());
    bench.connect({0x2a18, 0x2a52});
    REQUIRE(bench.write(0x2a52, "0101"));
    bench.clock.advance(1900ms);
    CHECK(bench.device->isConnected());
    bench.clock.advance(200ms);
    CHECK_FALSE(bench.device->isConnected());
    CHECK_FALSE(bench.device->isAdvertising());
}

TEST_CASE("with live: true a record is sent by itself too, to whoever listens then") {
    Bench bench(joined({kUtc,
                        "    live: true\n"
                        "    measure: [{at: 1s, glucose: 95}, {at: 20s, glucose: 96}]\n"}),
                "glucose");
    bench.clock.advance(2s);
    bench.connect({0x2a18, 0x2a52});
    CHECK(bench.sent().empty());
    bench.clock.advance(20s);
    CHECK(bench.sent().size() == 1);
    CHECK_FALSE(bench.wrote("missed"));
    REQUIRE(bench.write(0x2a52, "0401"));
    CHECK(bench.sent() == Texts{"2A52 05000200"});
}

TEST_CASE("a device has records of the time before the start, and goes on") {
    Bench bench(joined({kUtc, "    measure: [{at: -2h, every: 1h, times: 4, glucose: 95}]\n"}),
                "glucose");
    CHECK(bench.wrote(R"("n":1,"deviceTime":"2026-11-23T06:00:00","record":0)"));
    CHECK(bench.wrote(R"("n":2,"deviceTime":"2026-11-23T07:00:00","record":1)"));
    bench.clock.advance(1s);
    CHECK(bench.wrote(R"("n":3,"deviceTime":"2026-11-23T08:00:00","record":2)"));
    bench.clock.advance(3h);
    CHECK(bench.wrote(R"("n":4,"deviceTime":"2026-11-23T09:00:00","record":3)"));
    CHECK_FALSE(bench.wrote(R"("n":5)"));
    Bench sensor("    session-age: 1h\n    measure: [{at: -30m, every: 10m, glucose: 95}]\n",
                 "continuous-glucose");
    CHECK(sensor.wrote(R"("n":1,"record":30)"));
    CHECK(sensor.wrote(R"("n":3,"record":50)"));
    sensor.clock.advance(10min);
    CHECK(sensor.wrote(R"("n":5,"record":70)"));
}

TEST_CASE("several records in one value are each offered and taken") {
    Bench bench(joined({kUtc,
                        "    live: false\n    together: 3\n"
                        "    measure: [{at: 1m, every: 1m, times: 3, glucose: 100}]\n"}),
                "continuous-glucose");
    bench.clock.advance(5min);
    bench.connect({0x2aa7, 0x2a52});
    REQUIRE(bench.write(0x2a52, "0101"));
    REQUIRE(bench.radio.sent.size() == 2);
    CHECK(bench.radio.sent[0].second == "2AA7 060064000100060064000200060064000300");
    bench.device->taken(bench.radio.sent[0].first, bench.characteristic(0x2aa7));
    CHECK(count(bench.lines.str(), R"("what":"offered")") == 3);
    CHECK(count(bench.lines.str(), R"("what":"taken")") == 3);
    CHECK(bench.wrote(R"("what":"taken","n":3)"));
}
