#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

TEST_CASE("a strap sends narrow and wide rates, contact and intervals") {
    const auto strap = make("heart-rate");
    Sample sample;
    sample.values = {{"rate", {72, 0}}, {"interval", {833, 0}}};
    sample.status = 0x06;
    CHECK(sent(*strap, sample) == Texts{"2A37 16485503"});
    sample.values = {{"rate", {300, 0}}, {"energy", {1024, 0}}};
    sample.status = 0;
    CHECK(sent(*strap, sample) == Texts{"2A37 092c010004"});
    sample.values = {{"rate", {72, 0}}};
    sample.failed = true;
    CHECK(sent(*strap, sample) == Texts{"2A37 0400"});
}

TEST_CASE("a strap sends all intervals since its last value, the oldest first") {
    Sample sample;
    sample.values = {{"rate", {72, 0}}};
    sample.lists = {{"interval", {{1000, 0}, {833, 0}, {500, 0}}}};
    CHECK(sent(*make("heart-rate"), sample) == Texts{"2A37 1048"
                                                     "0004"
                                                     "5503"
                                                     "0002"});
}

TEST_CASE("the energy counts from its last reset on") {
    const auto strap = make("heart-rate");
    Sample sample;
    sample.values = {{"rate", {72, 0}}, {"energy", {100, 0}}};
    CHECK(sent(*strap, sample) == Texts{"2A37 08486400"});
    CHECK(ask(*strap, 0x2a39, "01").empty());
    sample.values["energy"] = {110, 0};
    CHECK(sent(*strap, sample) == Texts{"2A37 08480a00"});
}

TEST_CASE("the control point of a strap takes only what it knows") {
    const auto strap = make("heart-rate");
    CHECK(ask(*strap, 0x2a39, "02") == Texts{"error 80"});
    CHECK(ask(*strap, 0x2a39, "") == Texts{"error 0d"});
    CHECK(ask(*strap, 0x2a38, "01") == Texts{"error 03"});
}
