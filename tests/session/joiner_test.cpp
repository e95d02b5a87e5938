#include "adapters/session/joiner.hpp"

#include <doctest/doctest.h>

using namespace vitalgate;
using namespace vitalgate::session;
using namespace std::chrono_literals;

namespace {

using Kind = profiles::Part::Kind;

constexpr SteadyTime kStart{1h};

/// A piece whose octets are `octets`; its one observation is the name of its kind with `value`.
Piece piece(Kind kind, const std::string& event, Bytes octets, bool announced = false,
            double value = 1) {
    static constexpr std::array<std::string_view, 4> kCodes{"weight", "fat", "glucose", "meal"};
    Piece made;
    made.measurement.part = profiles::Part{kind, event, announced};
    made.measurement.reading.set_kind(std::string(kCodes[static_cast<std::size_t>(kind)]));
    auto& observation = *made.measurement.reading.add_observations();
    observation.set_code(std::string(kCodes[static_cast<std::size_t>(kind)]));
    observation.set_value(value);
    Value arrived;
    arrived.characteristic = Uuid(static_cast<std::uint16_t>(static_cast<int>(kind) + 1));
    arrived.bytes = std::move(octets);
    made.values.push_back(std::move(arrived));
    made.hasIdentity = !event.empty();
    return made;
}

/// "glucose[01+02] partial amends[01]": kind, values and what else there is to say.
std::string text(const Piece& piece) {
    const auto octets = [](const Piece& of) {
        std::string all;
        for (const auto& value : of.values) all += (all.empty() ? "" : "+") + toHex(value.bytes);
        return "[" + all + "]";
    };
    return piece.measurement.reading.kind() + octets(piece) + (piece.partial ? " partial" : "") +
           (piece.amends ? " amends" + octets(*piece.amends) : "");
}

std::string text(const std::vector<Piece>& pieces) {
    std::string all;
    for (const auto& each : pieces) all += (all.empty() ? "" : ", ") + text(each);
    return all;
}

/// One value after the other, at one time, and what is given out then and at the end.
struct Row {
    const char* what;
    bool both;  ///< the scale sends weight and composition
    std::vector<Piece> pieces;
    std::string given;
    std::string rest;
};

Piece record(Bytes octets, const std::string& number = "7", bool announced = true) {
    return piece(Kind::glucose, number, std::move(octets), announced);
}
Piece meal(Bytes octets, const std::string& number = "7") {
    return piece(Kind::glucoseContext, number, std::move(octets));
}
Piece weight(Bytes octets, const std::string& event = "t/1", double value = 1) {
    return piece(Kind::weight, event, std::move(octets), false, value);
}
Piece fat(Bytes octets, bool announced = false, const std::string& event = "t/1") {
    return piece(Kind::composition, event, std::move(octets), announced);
}

const std::vector<Row>& meterRows() {
    static const std::vector<Row> kRows{
        {"a record that announces nothing", false, {record({1}, "7", false)}, "glucose[01]", ""},
        {"record and context", false, {record({1}), meal({2})}, "glucose[01+02]", ""},
        {"context and record", false, {meal({2}), record({1})}, "glucose[01+02]", ""},
        {"record alone", false, {record({1})}, "", "glucose[01] partial"},
        {"context alone", false, {meal({2})}, "", "meal[02] partial"},
        {"of other records",
         false,
         {record({1}), meal({2}, "8")},
         "",
         "glucose[01] partial, meal[02] partial"},
        {"two records with theirs",
         false,
         {record({1}), record({3}, "8"), meal({4}, "8"), meal({2})},
         "glucose[03+04], glucose[01+02]",
         ""},
        {"record doubled", false, {record({1}), record({1}), meal({2})}, "glucose[01+02]", ""},
        {"context doubled", false, {record({1}), meal({2}), meal({2})}, "glucose[01+02]", ""},
        {"context doubled before",
         false,
         {meal({2}), meal({2}), record({1})},
         "glucose[01+02]",
         ""},
        {"another record of that number",
         false,
         {record({1}), record({3})},
         "glucose[01] partial",
         "glucose[03] partial"},
    };
    return kRows;
}

const std::vector<Row>& scaleRows() {
    static const std::vector<Row> kRows{
        {"a scale with weight alone", false, {weight({1})}, "weight[01]", ""},
        {"weight, then composition", true, {weight({1}), fat({2})}, "weight[01+02]", ""},
        {"composition, then weight", true, {fat({2}), weight({1})}, "weight[01+02]", ""},
        {"weight of two people",
         true,
         {weight({1}), weight({3}, "t/2"), fat({4}, false, "t/2"), fat({2})},
         "weight[03+04], weight[01+02]",
         ""},
        {"no composition", true, {weight({1})}, "", "weight[01] partial"},
        {"no weight", true, {fat({2})}, "", "fat[02] partial"},
        {"two packets", false, {fat({2}, true), fat({3}, true)}, "fat[02+03]", ""},
        {"two packets and the weight",
         true,
         {fat({2}, true), weight({1}), fat({3}, true)},
         "weight[01+02+03]",
         ""},
        {"second packet missing", true, {weight({1}), fat({2}, true)}, "", "weight[01+02] partial"},
        {"first packet doubled",
         false,
         {fat({2}, true), fat({2}, true), fat({3}, true)},
         "fat[02+03]",
         ""},
        {"composition doubled", true, {weight({1}), fat({2}), fat({2})}, "weight[01+02]", ""},
        {"weight and composition doubled",
         true,
         {weight({1}), fat({2}), weight({1}), fat({2})},
         "weight[01+02], weight[01+02]",
         ""},
        {"without time or user", true, {weight({1}, ""), fat({2}, false, "")}, "weight[01+02]", ""},
        {"another weight without time",
         true,
         {weight({1}, ""), weight({3}, "")},
         "weight[01] partial",
         "weight[03] partial"},
        {"the same weight twice without time",
         true,
         {weight({1}, ""), weight({1}, "")},
         "weight[01] partial",
         "weight[01] partial"},
        {"a composition too many without time",
         true,
         {fat({2}, false, ""), fat({2}, false, "")},
         "fat[02] partial",
         "fat[02] partial"},
    };
    return kRows;
}

}  // namespace

TEST_CASE("what belongs together is given out once it is whole, the rest as partial at the end") {
    auto rows = meterRows();
    rows.insert(rows.end(), scaleRows().begin(), scaleRows().end());
    for (const auto& row : rows) {
        CAPTURE(std::string(row.what));
        Joiner joiner;
        joiner.expectComposition(row.both);
        std::vector<Piece> given;
        for (const auto& each : row.pieces) {
            for (auto& out : joiner.take(each, kStart)) given.push_back(std::move(out));
        }
        CHECK(text(given) == row.given);
        CHECK(joiner.waiting().empty() == row.rest.empty());
        CHECK(text(joiner.flush()) == row.rest);
        CHECK(joiner.waiting().empty());
        CHECK_FALSE(joiner.nextExpiry());
    }
}

TEST_CASE("a whole reading has the observations and words of all its pieces, each once") {
    Joiner joiner;
    auto context = meal({2});
    context.measurement.reading.add_status("device-fault");
    context.measurement.reading.set_user_slot(3);
    auto main = record({1});
    main.measurement.reading.add_status("device-fault");
    main.measurement.reading.set_device_time("2026-11-23T06:00:00");
    main.measurement.deviceTime = LocalDateTime{2026, 11, 23, 6, 0, 0};
    CHECK(joiner.take(context, kStart).empty());
    const auto given = joiner.take(main, kStart);
    REQUIRE(given.size() == 1);
    const auto& reading = given[0].measurement.reading;
    REQUIRE(reading.observations_size() == 2);
    CHECK(reading.observations(0).code() == "glucose");
    CHECK(reading.status_size() == 1);
    CHECK(reading.user_slot() == 3);
    CHECK(reading.device_time() == "2026-11-23T06:00:00");
    CHECK(given[0].measurement.deviceTime);
}

TEST_CASE("pieces that give different numbers for one thing are not one event") {
    Joiner joiner;
    joiner.expectComposition(true);
    auto other = fat({2});
    auto& observation = *other.measurement.reading.add_observations();
    observation.set_code("weight");
    observation.set_value(2);
    CHECK(joiner.take(weight({1}), kStart).empty());
    CHECK(text(joiner.take(other, kStart)) == "weight[01] partial");
    CHECK(text(joiner.flush()) == "fat[02] partial");
}

TEST_CASE("what waits is given out after thirty seconds, counted from its first piece") {
    Joiner joiner;
    joiner.expectComposition(true);
    CHECK(joiner.take(fat({2}, true), kStart).empty());
    CHECK(joiner.take(weight({1}), kStart + 20s).empty());
    CHECK(joiner.take(record({3}), kStart + 25s).empty());
    CHECK(joiner.nextExpiry() == kStart + 30s);
    CHECK(joiner.expire(kStart + 30s - 1ms).empty());
    CHECK(text(joiner.expire(kStart + 30s)) == "weight[01+02] partial");
    CHECK(joiner.nextExpiry() == kStart + 55s);
    CHECK(text(joiner.expire(kStart + 1h)) == "glucose[03] partial");
}

TEST_CASE("a piece that comes too late completes what was given out without it") {
    struct Late {
        const char* what;
        Piece first;
        Piece late;
        std::string given;
    };
    const std::vector<Late> late{
        {"context", record({1}), meal({2}), "glucose[01+02] amends[01]"},
        {"record", meal({2}), record({1}), "glucose[01+02] amends[02]"},
        {"composition", weight({1}), fat({2}), "weight[01+02] amends[01]"},
        {"weight", fat({2}), weight({1}), "weight[01+02] amends[02]"},
        {"second packet", fat({2}, true), fat({3}, true), "fat[02+03] amends[02]"},
        {"of another event", record({1}), meal({2}, "8"), ""},
        {"without time or user", weight({1}, ""), fat({2}, false, ""), ""},
    };
    for (const auto& row : late) {
        CAPTURE(std::string(row.what));
        Joiner joiner;
        joiner.expectComposition(true);
        CHECK(joiner.take(row.first, kStart).empty());
        CHECK(joiner.expire(kStart + 30s).size() == 1);
        CHECK(text(joiner.take(row.late, kStart + 31s)) == row.given);
        CHECK(joiner.waiting().empty() == !row.given.empty());
        // Once: the same again changes nothing more.
        if (!row.given.empty() && row.late.measurement.part->kind != Kind::weight &&
            row.late.measurement.part->kind != Kind::glucose) {
            CHECK(joiner.take(row.late, kStart + 32s).empty());
            CHECK(joiner.waiting().empty());
        }
    }
}

TEST_CASE("what has no name is completed by nothing that comes too late") {
    for (const auto& late : {fat({2}, false, ""), fat({2}, false, "t/1")}) {
        for (const std::string event : {"", "t/2"}) {
            CAPTURE(event);
            Joiner joiner;
            joiner.expectComposition(true);
            CHECK(joiner.take(weight({1}, event), kStart).empty());
            CHECK(text(joiner.expire(kStart + 30s)) == "weight[01] partial");
            CHECK(joiner.take(late, kStart + 31s).empty());
            CHECK(text(joiner.flush()) == "fat[02] partial");
        }
    }
}

TEST_CASE("only what has no name is given out when nobody can tell any more whose it is") {
    Joiner joiner;
    joiner.expectComposition(true);
    CHECK(joiner.take(weight({1}), kStart).empty());
    CHECK(joiner.take(record({3}), kStart).empty());
    CHECK(joiner.flushUnnamed().empty());
    CHECK(joiner.waiting().size() == 2);

    Joiner unnamed;
    unnamed.expectComposition(true);
    CHECK(unnamed.take(record({3}), kStart).empty());
    CHECK(unnamed.take(weight({1}, ""), kStart).empty());
    CHECK(text(unnamed.flushUnnamed()) == "weight[01] partial");
    CHECK(text(unnamed.flush()) == "glucose[03] partial");
}

TEST_CASE("a composition without a name joins one weight that waits, of several none") {
    Joiner joiner;
    joiner.expectComposition(true);
    CHECK(joiner.take(weight({1}, "t/1"), kStart).empty());
    SUBCASE("one") {
        CHECK(text(joiner.take(fat({2}, false, ""), kStart)) == "weight[01+02]");
    }
    SUBCASE("two") {
        CHECK(joiner.take(weight({3}, "t/2"), kStart).empty());
        CHECK(text(joiner.take(fat({2}, false, ""), kStart)) == "fat[02] partial");
        CHECK(text(joiner.flush()) == "weight[01] partial, weight[03] partial");
    }
    SUBCASE("two, of which one is named") {
        CHECK(joiner.take(weight({3}, ""), kStart).empty());
        CHECK(text(joiner.take(fat({2}), kStart)) == "weight[01+02]");
        CHECK(text(joiner.flush()) == "weight[03] partial");
    }
}

TEST_CASE("a weight waits no longer for a composition that was refused") {
    for (const std::string event : {"t/1", ""}) {
        CAPTURE(event);
        Joiner joiner;
        joiner.expectComposition(true);
        CHECK(joiner.take(weight({1}), kStart).empty());
        const auto refused = *fat({2}, false, event).measurement.part;
        CHECK(text(joiner.refuse(refused, v1::REFUSED_FAILED)) == "weight[01] partial");
        CHECK(joiner.take(weight({3}, "t/2"), kStart).empty());
        CHECK(text(joiner.take(fat({4}, false, ""), kStart)) == "weight[03+04]");
    }
    Joiner joiner;
    joiner.expectComposition(true);
    CHECK(joiner.take(weight({1}, "t/1"), kStart).empty());
    CHECK(joiner.take(weight({3}, "t/2"), kStart).empty());
    CHECK(joiner.refuse(*fat({2}, false, "").measurement.part, v1::REFUSED_FAILED).empty());
    CHECK(joiner.waiting().size() == 2);
}

TEST_CASE("a record whose context tells that it is none of glucose is refused with it") {
    const auto context = *meal({2}).measurement.part;
    Joiner joiner;
    CHECK(joiner.take(record({1}), kStart).empty());
    auto given = joiner.refuse(context, v1::REFUSED_UNKNOWN_FORMAT);
    REQUIRE(given.size() == 1);
    CHECK(given[0].measurement.refused == v1::REFUSED_UNKNOWN_FORMAT);
    CHECK(given[0].values.front().bytes == Bytes{1});
    CHECK(joiner.waiting().empty());
    // The context came first.
    given = joiner.take(record({1}), kStart);
    REQUIRE(given.size() == 1);
    CHECK(given[0].measurement.refused == v1::REFUSED_UNKNOWN_FORMAT);
    // Any other reason concerns the context alone.
    CHECK(joiner.take(record({3}, "8"), kStart).empty());
    CHECK(joiner.refuse(*meal({4}, "8").measurement.part, v1::REFUSED_IMPLAUSIBLE).empty());
    CHECK(text(joiner.flush()) == "glucose[03] partial");
}

TEST_CASE("the context of a record that is none of a patient is none either") {
    Joiner joiner;
    CHECK(joiner.refuse(*record({1}).measurement.part, v1::REFUSED_CONTROL_SOLUTION).empty());
    const auto given = joiner.take(meal({2}), kStart);
    REQUIRE(given.size() == 1);
    CHECK(given[0].measurement.refused == v1::REFUSED_CONTROL_SOLUTION);
    CHECK(joiner.take(meal({3}, "8"), kStart).empty());
    CHECK(text(joiner.flush()) == "meal[03] partial");
}

TEST_CASE("a record that is read again, now with its context, completes the one without") {
    Joiner joiner;
    CHECK(joiner.take(record({1}), kStart).empty());
    CHECK(text(joiner.flush()) == "glucose[01] partial");
    CHECK(joiner.take(record({1}), kStart + 1min).empty());
    CHECK(text(joiner.take(meal({2}), kStart + 1min)) == "glucose[01+02] amends[01]");
    // And once more: it is the same reading as the first to whoever knows it.
    CHECK(joiner.take(record({1}), kStart + 2min).empty());
    CHECK(text(joiner.take(meal({2}), kStart + 2min)) == "glucose[01+02]");
}

TEST_CASE("what was given out as partial is known in the next connection") {
    Joiner before;
    before.expectComposition(true);
    for (const auto& each : {record({1}), fat({2}, true), weight({3}), record({4}, "8")}) {
        CHECK(before.take(each, kStart).empty());
    }
    CHECK(before.flush().size() == 3);
    CHECK(before.flush().empty());
    REQUIRE(before.incomplete().size() == 4);

    Joiner next;
    next.expectComposition(true);
    for (const auto& each : {record({1}), weight({3}), fat({2}, true), record({4}, "8")}) {
        next.recall(each);
    }
    CHECK(next.incomplete().size() == 4);
    CHECK(next.waiting().empty());
    CHECK(text(next.take(meal({5}), kStart)) == "glucose[01+05] amends[01]");
    CHECK(text(next.take(fat({6}, true), kStart)) == "weight[03+02+06] amends[03+02]");
    CHECK(next.incomplete().size() == 1);
}

TEST_CASE("above sixty-four pieces that wait the oldest is given out as it is") {
    Joiner joiner;
    for (int number = 0; number < 64; ++number) {
        const auto octet = static_cast<std::uint8_t>(number);
        CHECK(joiner.take(record({octet}, std::to_string(number)), kStart).empty());
    }
    CHECK(text(joiner.take(record({64}, "64"), kStart)) == "glucose[00] partial");
    CHECK(joiner.waiting().size() == 64);
    CHECK(joiner.waiting().front().bytes == Bytes{1});
    CHECK(joiner.waiting().back().bytes == Bytes{64});
    CHECK(joiner.flush().size() == 64);
    // As many are remembered to be completed: the first is forgotten.
    CHECK(joiner.incomplete().size() == 64);
    CHECK(joiner.take(meal({200}, "0"), kStart).empty());
    CHECK(text(joiner.take(meal({201}, "1"), kStart)) == "glucose[01+c9] amends[01]");
}
