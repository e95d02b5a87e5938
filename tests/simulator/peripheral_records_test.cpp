#include "tests/simulator/peripheral_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace std::chrono_literals;
using vitalgate::simulator::testing::PeripheralBench;

// Control points and several characteristics through a real BlueZ.

namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kMeter =
    "    clock: {as: none}\n    measure: [{at: 500ms, glucose: 95, meal: fasting}]\n";

}  // namespace

TEST_CASE("a control point is written through BlueZ, and answers with records and an indication") {
    PeripheralBench bench(kMeter, "glucose");
    bench.connect();
    CHECK(bench.bluez.flagsOf("2A52") == std::vector<std::string>{"write", "indicate"});
    CHECK(bench.bluez.flagsOf("2A18") == std::vector<std::string>{"notify"});
    for (const auto* uuid : {"2A18", "2A34", "2A52"}) {
        REQUIRE(bench.bluez.ask(uuid, "StartNotify"));
    }
    bench.bluez.settle();
    REQUIRE(bench.bluez.write("2A52", *fromHex("0101")));
    bench.advance(10ms);
    CHECK(bench.bluez.values == Values{{"2A18",
                                        "12"
                                        "0000"
                                        "00000000000000"
                                        "5fb0"
                                        "11"},
                                       {"2A34",
                                        "02"
                                        "0000"
                                        "03"},
                                       {"2A52", "06000101"}});
    CHECK(bench.wrote(R"("what":"taken","n":1,"characteristic":"2A34")"));
    REQUIRE(bench.bluez.ask("2A52", "Confirm"));
    bench.bluez.settle();
    REQUIRE(bench.bluez.write("2A52", *fromHex("0401")));
    bench.advance(10ms);
    CHECK(bench.bluez.values.back() == std::pair<std::string, std::string>{"2A52", "05000100"});
}

TEST_CASE(
    "a control point refuses while its answer waits for the confirmation, or nobody listens") {
    PeripheralBench bench(kMeter, "glucose");
    bench.connect();
    CHECK_FALSE(bench.bluez.write("2A52", *fromHex("0101")));
    for (const auto* uuid : {"2A18", "2A52"}) REQUIRE(bench.bluez.ask(uuid, "StartNotify"));
    bench.bluez.settle();
    REQUIRE(bench.bluez.write("2A52", *fromHex("0401")));
    bench.advance(10ms);
    CHECK_FALSE(bench.bluez.write("2A52", *fromHex("0401")));
    REQUIRE(bench.bluez.ask("2A52", "Confirm"));
    bench.bluez.settle();
    CHECK(bench.bluez.write("2A52", *fromHex("0401")));
}

TEST_CASE("each characteristic has its own subscription, and indications wait for each other") {
    PeripheralBench bench(
        "    clock: {as: none}\n    composition: true\n"
        "    measure: [{at: 3s, weight: 80, fat: 20}]\n",
        "weight-scale");
    bench.connect();
    REQUIRE(bench.bluez.ask("2A9D", "StartNotify"));
    bench.advance(3s);
    CHECK(bench.bluez.values == Values{{"2A9D", "00803e"}});
    REQUIRE(bench.bluez.ask("2A9D", "Confirm"));
    bench.bluez.settle();
    CHECK(bench.bluez.values.size() == 1);
    REQUIRE(bench.bluez.ask("2A9C", "StartNotify"));
    bench.bluez.settle();
    CHECK(bench.bluez.values.back() == std::pair<std::string, std::string>{"2A9C", "0000c800"});
    REQUIRE(bench.bluez.ask("2A9C", "Confirm"));
    bench.bluez.settle();
    CHECK(bench.wrote(R"("what":"taken","n":1,"characteristic":"2A9C")"));
}
