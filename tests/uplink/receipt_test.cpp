#include "gateway/uplink/receipt.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "gateway/runtime/random.hpp"
#include "vitalgate/v1/stream.pb.h"

namespace vitalgate::uplink {

using store::Range;
using store::RangeSet;

namespace {

void add(google::protobuf::RepeatedPtrField<v1::Range>& ranges, std::uint64_t first,
         std::uint64_t last) {
    auto& range = *ranges.Add();
    range.set_first(first);
    range.set_last(last);
}

v1::Receipt receipt() {
    v1::Receipt made;
    made.set_hub("hub-1");
    made.set_stream("aaaabbbbcccc2");
    made.set_up_to(10);
    return made;
}

Result<ReceiptClaim> read(const v1::Receipt& receipt) {
    return readReceipt(receipt.SerializeAsString(), "hub-1", "aaaabbbbcccc2", 100);
}

}  // namespace

TEST_CASE("a receipt names what is stored and what is missing") {
    auto made = receipt();
    add(*made.mutable_stored(), 12, 14);
    add(*made.mutable_missing(), 90, 0);
    add(*made.mutable_missing(), 11, 11);
    add(*made.mutable_missing(), 15, 20);
    const auto claim = read(made);
    REQUIRE(claim);
    CHECK(claim->stored.ranges() == std::vector<Range>{{1, 10}, {12, 14}});
    CHECK(claim->missing.ranges() == std::vector<Range>{{11, 11}, {15, 20}, {90, 100}});
}

TEST_CASE("a receipt that says nothing is none the worse") {
    auto made = receipt();
    made.set_up_to(0);
    const auto claim = read(made);
    REQUIRE(claim);
    CHECK(claim->stored.empty());
    CHECK(claim->missing.empty());
}

TEST_CASE("what is not in order refuses the whole receipt") {
    struct Row {
        std::string why;
        std::function<void(v1::Receipt&)> spoil;
    };
    const std::vector<Row> rows{
        {"it is for another hub", [](auto& made) { made.set_hub("hub-2"); }},
        {"it names no stream", [](auto& made) { made.clear_stream(); }},
        {"it names 101, and 100 is the newest there is", [](auto& made) { made.set_up_to(101); }},
        {"it names 101, and 100 is the newest there is",
         [](auto& made) { add(*made.mutable_missing(), 20, 101); }},
        {"it names a range from 0 to 5", [](auto& made) { add(*made.mutable_stored(), 0, 5); }},
        {"it names a range from 30 to 20",
         [](auto& made) { add(*made.mutable_missing(), 30, 20); }},
        {"it names a range from 101 to 100",
         [](auto& made) { add(*made.mutable_missing(), 101, 0); }},
        {"it names a range from 20 to 0", [](auto& made) { add(*made.mutable_stored(), 20, 0); }},
        {"it names 10 as stored and as missing",
         [](auto& made) { add(*made.mutable_missing(), 10, 12); }},
        {"it names 30 as stored and as missing",
         [](auto& made) {
             add(*made.mutable_stored(), 20, 30);
             add(*made.mutable_missing(), 30, 40);
         }},
        {"it has more than 256 ranges",
         [](auto& made) {
             for (int i = 0; i < 257; ++i) add(*made.mutable_stored(), 5, 5);
         }},
    };
    for (const auto& row : rows) {
        CAPTURE(row.why);
        auto made = receipt();
        row.spoil(made);
        const auto claim = read(made);
        REQUIRE_FALSE(claim);
        CHECK(claim.error().kind == ErrorKind::refused);
        CHECK(claim.error().message == row.why);
    }
}

TEST_CASE("a receipt for another stream is told apart: its store is gone, nobody did wrong") {
    auto made = receipt();
    made.set_stream("zzzzyyyyxxxx2");
    made.set_up_to(1'000'000);
    const auto claim = read(made);
    REQUIRE_FALSE(claim);
    CHECK(claim.error().kind == ErrorKind::notFound);
    CHECK(claim.error().message.find("zzzz") == std::string::npos);
}

TEST_CASE("octets that are no receipt are refused, and never more than 64 KiB are looked at") {
    const auto tooLarge = readReceipt(std::string(64 * 1024 + 1, 'x'), "hub-1", "s", 1);
    REQUIRE_FALSE(tooLarge);
    CHECK(tooLarge.error().message == "it has more than 65536 octets");
    SeededRandom chance(3);
    for (int round = 0; round < 2000; ++round) {
        auto bytes = receipt().SerializeAsString();
        for (int i = 0; i < 4; ++i) {
            bytes[chance.next() % bytes.size()] = static_cast<char>(chance.next() % 128);
        }
        const auto claim = readReceipt(bytes, "hub-1", "aaaabbbbcccc2", 100);
        if (claim) CHECK(claim->stored.commonWith(claim->missing).empty());
    }
}

}  // namespace vitalgate::uplink
