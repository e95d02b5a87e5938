#include "adapters/simulator/ledger.hpp"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <fstream>
#include <sstream>

#include "tests/support/virtual_clock.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;

TEST_CASE("a line is one JSON object, whatever stands in it") {
    asio::io_context loop;
    vitalgate::testing::VirtualClock clock(loop);
    std::ostringstream out;
    Ledger ledger(&out, clock);
    ledger.write("cuff", "missed", {{"n", 4U}, {"why", "a \"b\" \\ c\n"}});
    CHECK(out.str() ==
          "{\"t\":\"2026-11-23T08:00:00.000Z\",\"device\":\"cuff\",\"what\":\"missed\",\"n\":4,"
          "\"why\":\"a \\\"b\\\" \\\\ c\\u000a\"}\n");
    CHECK(ledger.isComplete());
}

TEST_CASE("a ledger that cannot be written knows it") {
    asio::io_context loop;
    vitalgate::testing::VirtualClock clock(loop);
    std::ofstream full("/dev/full");
    Ledger ledger(&full, clock);
    ledger.write("cuff", "connected");
    CHECK_FALSE(ledger.isComplete());
    Ledger none(nullptr, clock);
    none.write("cuff", "connected");
    CHECK(none.isComplete());
}
