#include "adapters/session/series.hpp"

#include <doctest/doctest.h>

#include "adapters/session/waiting_values.hpp"

using namespace vitalgate;
using namespace vitalgate::session;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kStart{1h};

/// One second of an oximeter: what was measured, nothing that was, or a refusal.
struct Second {
    Duration at;
    std::optional<double> saturation;
    std::optional<v1::MeasurementRefusal> refused = std::nullopt;
    bool isImplausible = false;
};

Piece pieceOf(const Second& second) {
    Piece piece;
    auto& measurement = piece.measurement;
    measurement.continuous = true;
    measurement.refused = second.refused;
    measurement.reading.set_kind("pulse-oximetry");
    if (!second.refused) {
        auto& observation = *measurement.reading.add_observations();
        observation.set_code("spo2");
        observation.set_unit("%");
        observation.set_decimals(1);
        if (second.saturation) observation.set_value(*second.saturation);
        if (!second.saturation)
            observation.set_absent(second.isImplausible ? v1::ABSENT_UNSPECIFIED
                                                        : v1::ABSENT_NOT_A_NUMBER);
        if (second.isImplausible) observation.add_status("implausible");
    }
    Value value;
    value.received.uptime = kStart + second.at;
    value.bytes = {static_cast<std::uint8_t>(second.at / 1s)};
    piece.values.push_back(std::move(value));
    return piece;
}

v1::Reading readingOf(const std::vector<Second>& seconds) {
    Series series(60s);
    for (const auto& each : seconds) CHECK_FALSE(series.take(pieceOf(each)));
    auto piece = series.flush();
    REQUIRE(piece);
    REQUIRE_FALSE(piece->measurement.refused);
    return piece->measurement.reading;
}

/// "1000-2000 not-a-number; 5000-6000 not-recorded"
std::string spansOf(const v1::Samples& samples) {
    std::string all;
    for (const auto& span : samples.spans()) {
        all += fmt::format("{}{}-{} {}{}", all.empty() ? "" : "; ", span.from_ms(), span.to_ms(),
                           v1::Absent_Name(span.absent()).substr(7),
                           span.status_size() > 0 ? " " + span.status(0) : "");
    }
    return all;
}

/// A series, and what its samples are then.
struct SpanRow {
    const char* what;
    std::vector<Second> seconds;
    std::vector<int> raw;
    std::vector<std::uint32_t> at;
    std::uint32_t period;
    std::string spans;
};

const std::vector<SpanRow>& spanRows() {
    static constexpr auto kFault = v1::REFUSED_SENSOR_FAULT;
    static const std::vector<SpanRow> kRows{
        {"nothing", {{0s, 97.0}, {1s, 98.0}, {2s, 97.5}}, {970, 980, 975}, {}, 1000, ""},
        {"radio's delays",
         {{0s, 97.0}, {1200ms, 98.0}, {2s, 97.0}, {3s, 97.0}},
         {970, 980, 970, 970},
         {},
         1000,
         ""},
        {"a gap",
         {{0s, 97.0}, {1s, 98.0}, {2s, 97.0}, {6s, 96.0}},
         {970, 980, 970, 960},
         {0, 1000, 2000, 6000},
         0,
         "3000-6000 NOT_RECORDED"},
        {"an absent value",
         {{0s, 97.0}, {1s, std::nullopt}, {2s, 97.0}},
         {970, 970},
         {0, 2000},
         0,
         "1000-2000 NOT_A_NUMBER"},
        {"two absent values",
         {{0s, 97.0}, {1s, std::nullopt}, {2s, std::nullopt}},
         {970},
         {0},
         0,
         "1000-3000 NOT_A_NUMBER"},
        {"a refused value",
         {{0s, 97.0}, {1s, {}, kFault}, {2s, 97.0}},
         {970, 970},
         {0, 2000},
         0,
         "1000-2000 UNSPECIFIED sensor-fault"},
        {"refused first",
         {{0s, {}, kFault}, {1s, 97.0}, {2s, 97.0}},
         {970, 970},
         {1000, 2000},
         0,
         "0-1000 UNSPECIFIED sensor-fault"},
        {"two reasons",
         {{0s, 97.0}, {1s, {}, kFault}, {2s, {}, v1::REFUSED_NO_CONTACT}},
         {970},
         {0},
         0,
         "1000-2000 UNSPECIFIED sensor-fault; 2000-3000 UNSPECIFIED no-contact"},
        {"an implausible value",
         {{0s, 97.0}, {1s, {}, {}, true}, {2s, 97.0}},
         {970, 970},
         {0, 2000},
         0,
         "1000-2000 UNSPECIFIED implausible"},
        {"one value", {{0s, 97.0}}, {970}, {0}, 0, ""},
    };
    return kRows;
}

}  // namespace

TEST_CASE("values of an interval become one reading with samples") {
    Series series(60s);
    std::optional<Piece> complete;
    for (int second = 0; second < 60; ++second) {
        CHECK_FALSE(series.take(pieceOf({second * 1s, 97 + second % 2})));
        CHECK(series.due() == kStart + 60s);
    }
    const auto piece = series.take(pieceOf({60s, 90}));
    REQUIRE(piece);
    CHECK(piece->measurement.continuous);
    CHECK(piece->values.size() == 1);
    CHECK(piece->values[0].bytes == Bytes{0});
    const auto& reading = piece->measurement.reading;
    CHECK(reading.kind() == "pulse-oximetry");
    CHECK(reading.duration_ms() == 60000);
    REQUIRE(reading.observations_size() == 1);
    const auto& observation = reading.observations(0);
    CHECK(observation.unit() == "%");
    REQUIRE(observation.has_samples());
    const auto& samples = observation.samples();
    CHECK(samples.period_ms() == 1000);
    CHECK(samples.scale() == 0.1);
    CHECK(samples.raw_size() == 60);
    CHECK(samples.raw(1) == 980);
    CHECK(samples.at_ms_size() == 0);
    CHECK(samples.spans_size() == 0);
    // The sixty-first begins the next one.
    CHECK(series.due() == kStart + 120s);
    CHECK(series.flush()->measurement.reading.observations(0).samples().raw(0) == 900);
    CHECK_FALSE(series.flush());
    CHECK_FALSE(series.due());
}

TEST_CASE("what is missing, absent or refused is a span without samples") {
    for (const auto& row : spanRows()) {
        CAPTURE(std::string(row.what));
        const auto reading = readingOf(row.seconds);
        CHECK(reading.observations_size() == 1);
        const auto& samples = reading.observations(0).samples();
        CHECK(std::vector<int>(samples.raw().begin(), samples.raw().end()) == row.raw);
        CHECK(std::vector<std::uint32_t>(samples.at_ms().begin(), samples.at_ms().end()) == row.at);
        CHECK(samples.period_ms() == row.period);
        CHECK(spansOf(samples) == row.spans);
    }
}

TEST_CASE("a series in which no value can be trusted is refused as its first value is") {
    Series series(60s);
    CHECK_FALSE(series.take(pieceOf({0s, {}, v1::REFUSED_NO_CONTACT})));
    CHECK_FALSE(series.take(pieceOf({1s, {}, v1::REFUSED_SENSOR_FAULT})));
    const auto piece = series.flush();
    REQUIRE(piece);
    CHECK(piece->measurement.refused == v1::REFUSED_NO_CONTACT);
    CHECK_FALSE(series.flush());
}

TEST_CASE("a series in which no value has a number says so") {
    const auto reading = readingOf({{0s, std::nullopt}, {1s, std::nullopt}});
    CHECK(reading.observations(0).absent() == v1::ABSENT_NOT_RECORDED);
}

TEST_CASE("a series has no more values than a bookmark holds; the next one begins another") {
    for (const std::size_t octets : {1U, 20U, 512U}) {
        CAPTURE(octets);
        Series series(15min);
        auto piece = pieceOf({0s, 97});
        piece.values.front().bytes.assign(octets, 0xFF);
        piece.values.front().received = {WallTime(Duration(INT64_MAX)), ClockTrust::synchronised,
                                         UINT32_MAX, kStart};
        const auto line = toText(piece.values).size();
        std::size_t taken = 0;
        std::optional<Piece> full;
        for (; !full && taken <= Series::kMostOctets; ++taken) {
            REQUIRE(series.values().size() * line <= Series::kMostOctets);
            full = series.take(piece);
        }
        REQUIRE(full);
        CHECK(taken == Series::kMostOctets / line + 1);
        CHECK(full->measurement.reading.observations(0).samples().raw_size() ==
              static_cast<int>(taken) - 1);
        CHECK(series.values().size() == 1);
        CHECK(series.flush());
    }
}

TEST_CASE("a series of implausible values alone says so") {
    const auto reading = readingOf({{0s, {}, {}, true}, {1s, {}, {}, true}});
    REQUIRE(reading.observations_size() == 1);
    CHECK(reading.observations(0).absent() == v1::ABSENT_UNSPECIFIED);
    REQUIRE(reading.observations(0).status_size() == 1);
    CHECK(reading.observations(0).status(0) == "implausible");
}

TEST_CASE("observations of the same code with other words are series of their own") {
    Series series(60s);
    for (int second = 0; second < 3; ++second) {
        auto piece = pieceOf({second * 1s, 97});
        auto& fast = *piece.measurement.reading.add_observations();
        fast = piece.measurement.reading.observations(0);
        fast.add_status("fast");
        fast.set_value(90);
        piece.measurement.reading.add_status(second == 1 ? "signal-poor" : "validated");
        CHECK_FALSE(series.take(piece));
    }
    const auto reading = series.flush()->measurement.reading;
    REQUIRE(reading.observations_size() == 2);
    CHECK(reading.observations(0).samples().raw(0) == 970);
    CHECK(reading.observations(1).samples().raw(0) == 900);
    CHECK(reading.observations(1).status(0) == "fast");
    CHECK(reading.status_size() == 2);
}
