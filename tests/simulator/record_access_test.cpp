#include "adapters/simulator/record_access.hpp"

#include <doctest/doctest.h>

#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;
using namespace vitalgate::simulator::testing;

namespace {

/// Four records with the numbers 0 to 3, each with one octet.
struct Bench {
    RecordStore store;
    RecordAccess access;

    explicit Bench(RecordAccessFaults faults = {})
        : access(store, faults, RecordAccess::Operators::every) {
        for (std::uint8_t i = 0; i < 4; ++i) {
            const Output value{Uuid{0x2a18}, {i}};
            store.add({std::uint64_t{i} + 1, store.nextSequence(), {value}});
        }
    }
    Texts ask(std::string_view hex, bool isAnswering = false) {
        const auto answer = access.write(*fromHex(hex), isAnswering);
        if (answer) return texts(answer->outputs);
        return {fmt::format("error {:02x}", static_cast<unsigned>(answer.error()))};
    }
};

const std::string kSuccess = "2A52 06000101";

}  // namespace

TEST_CASE("records are chosen by all operators") {
    Bench bench;
    CHECK(bench.ask("0101") == Texts{"2A18 00", "2A18 01", "2A18 02", "2A18 03", kSuccess});
    CHECK(bench.ask("0102010100") == Texts{"2A18 00", "2A18 01", kSuccess});
    CHECK(bench.ask("0103010200") == Texts{"2A18 02", "2A18 03", kSuccess});
    CHECK(bench.ask("01040101000200") == Texts{"2A18 01", "2A18 02", kSuccess});
    CHECK(bench.ask("0105") == Texts{"2A18 00", kSuccess});
    CHECK(bench.ask("0106") == Texts{"2A18 03", kSuccess});
    CHECK(bench.ask("0103010400") == Texts{"2A52 06000106"});
    CHECK(bench.ask("0403010100") == Texts{"2A52 05000300"});
}

TEST_CASE("what makes no sense is answered with its reason") {
    Bench bench;
    CHECK(bench.ask("0100") == Texts{"2A52 06000103"});
    CHECK(bench.ask("0107") == Texts{"2A52 06000104"});
    CHECK(bench.ask("01040102000100") == Texts{"2A52 06000105"});
    CHECK(bench.ask("010301") == Texts{"2A52 06000105"});
    CHECK(bench.ask("010101") == Texts{"2A52 06000105"});
    CHECK(bench.ask("010302ea07") == Texts{"2A52 06000109"});
    CHECK(bench.ask("0701") == Texts{"2A52 06000702"});
    CHECK(bench.ask("01") == Texts{"error 0d"});
}

TEST_CASE("deleted records are gone, and lost if nobody had them") {
    Bench bench;
    bench.store.delivered(2);
    CHECK(bench.ask("0202010100") == Texts{"2A52 06000201"});
    CHECK(bench.ask("0401") == Texts{"2A52 05000200"});
    CHECK(bench.store.takeLost() == RecordStore::Lost{{1, "deleted"}});
    CHECK(bench.ask("0201") == Texts{"2A52 06000201"});
    CHECK(bench.ask("0201") == Texts{"2A52 06000206"});
    CHECK(bench.ask("0401") == Texts{"2A52 05000000"});
    CHECK_FALSE(bench.store.hasUndelivered());
}

TEST_CASE("one procedure at a time, but it can be given up") {
    Bench bench;
    CHECK(bench.ask("0101", true) == Texts{"error fe"});
    const auto abort = bench.access.write(*fromHex("0300"), true);
    REQUIRE(abort);
    CHECK(abort->abandons);
    CHECK(texts(abort->outputs) == Texts{"2A52 06000301"});
    CHECK(bench.ask("0301") == Texts{"2A52 06000303"});
}

TEST_CASE("each fault happens as often as it is asked for") {
    CHECK(Bench({.ignore = 1}).ask("0106").empty());
    Bench silent({.unanswered = 1});
    CHECK(silent.ask("0106") == Texts{"2A18 03"});
    CHECK(silent.ask("0106") == Texts{"2A18 03", kSuccess});
    Bench busy({.busy = 1});
    CHECK(busy.ask("0106") == Texts{"error fe"});
    CHECK(busy.ask("0106") == Texts{"2A18 03", kSuccess});
    Bench wrong({.wrongRequest = 1});
    CHECK(wrong.ask("0106") == Texts{"2A18 03", "2A52 06000401"});
    CHECK(wrong.ask("0106") == Texts{"2A18 03", kSuccess});
    Bench twice({.doubled = 1});
    CHECK(twice.ask("0106") == Texts{"2A18 03", kSuccess, kSuccess});
    CHECK(twice.ask("0106") == Texts{"2A18 03", kSuccess});
    Bench backwards({.reverse = true});
    CHECK(backwards.ask("0103010200") == Texts{"2A18 03", "2A18 02", kSuccess});
    Bench poor({.noAtLeast = true});
    CHECK(poor.ask("0103010200") == Texts{"2A52 06000104"});
    CHECK(poor.ask("0102010000") == Texts{"2A18 00", kSuccess});
}

TEST_CASE("the link ends after some records, as often as it is asked for") {
    Bench bench({.disconnectAfter = 2, .disconnectTimes = 1});
    const auto first = bench.access.write(*fromHex("0101"), false);
    REQUIRE(first);
    CHECK_FALSE(first->outputs[0].endsLink);
    CHECK(first->outputs[1].endsLink);
    const auto second = bench.access.write(*fromHex("0101"), false);
    REQUIRE(second);
    CHECK(std::ranges::none_of(second->outputs, &Output::endsLink));
}

TEST_CASE("a store gives up its oldest, and counts anew when it was reset") {
    Bench bench;
    bench.store.delivered(1);
    bench.store.trim(2);
    CHECK(bench.store.takeLost() == RecordStore::Lost{{2, "memory full"}});
    CHECK(bench.ask("0105") == Texts{"2A18 02", kSuccess});
    bench.store.clear("reset");
    CHECK(bench.store.takeLost() == RecordStore::Lost{{3, "reset"}, {4, "reset"}});
    CHECK(bench.store.nextSequence() == 0);
}
