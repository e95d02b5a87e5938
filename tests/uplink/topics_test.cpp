#include "gateway/uplink/topics.hpp"

#include <doctest/doctest.h>

namespace vitalgate::uplink {
namespace {

Topics topics() {
    return *Topics::make("vitalgate/v1/{hub}", "hub-1");
}

v1::Record reading(const std::string& device, const std::string& kind) {
    v1::Record record;
    record.mutable_reading()->set_device(device);
    record.mutable_reading()->set_kind(kind);
    return record;
}

}  // namespace

TEST_CASE("the root holds the hub once; wildcards, empty levels and strange hubs are refused") {
    CHECK(topics().root() == "vitalgate/v1/hub-1");
    CHECK(Topics::make("{hub}", "h").has_value());
    for (const auto* root : {"", "vitalgate/v1", "a/#/{hub}", "a/+/{hub}", "/{hub}", "{hub}/",
                             "a//{hub}", "$SYS/{hub}", "{hub}/{hub}", "a\n/{hub}"}) {
        CAPTURE(root);
        CHECK_FALSE(Topics::make(root, "hub-1").has_value());
    }
    CHECK_FALSE(Topics::make(std::string(250, 'a') + "/{hub}", "hub-1").has_value());
    for (const auto* hub : {"", "a/b", "+", "#", "a b", "\xC3\xA4"}) {
        CAPTURE(hub);
        CHECK_FALSE(Topics::make("v/{hub}", hub).has_value());
    }
}

TEST_CASE("a reading goes to its device and kind, an event to its kind, a result to results") {
    const auto all = topics();
    CHECK(all.live(reading("cuff", "blood-pressure"), "") ==
          "vitalgate/v1/hub-1/readings/cuff/blood-pressure");
    v1::Record event;
    event.mutable_event()->mutable_loss();
    CHECK(all.live(event, "") == "vitalgate/v1/hub-1/events/loss");
    event.mutable_event()->mutable_refused();
    CHECK(all.live(event, "") == "vitalgate/v1/hub-1/events/refused");
    v1::Record result;
    result.mutable_result();
    CHECK(all.live(result, "") == "vitalgate/v1/hub-1/results");
    CHECK(all.live(result, "desk/7") == "vitalgate/v1/hub-1/results/desk/7");
}

TEST_CASE("a record that no topic can name goes to batches, never to a made-up topic") {
    const auto all = topics();
    CHECK(all.live(reading("cuff/#", "weight"), "") == "vitalgate/v1/hub-1/batches");
    CHECK(all.live(reading("cuff", ""), "") == "vitalgate/v1/hub-1/batches");
    CHECK(all.live(v1::Record{}, "") == "vitalgate/v1/hub-1/batches");
    v1::Record event;
    event.mutable_event();
    CHECK(all.live(event, "") == "vitalgate/v1/hub-1/batches");
}

TEST_CASE("a response topic must lie below the hub's own results") {
    const auto all = topics();
    CHECK(*all.resultSuffix("") == "");
    CHECK(*all.resultSuffix("vitalgate/v1/hub-1/results/desk/7") == "desk/7");
    for (const auto* topic :
         {"vitalgate/v1/hub-2/results/x", "vitalgate/v1/hub-1/status", "results/x",
          "vitalgate/v1/hub-1/results", "vitalgate/v1/hub-1/results/",
          "vitalgate/v1/hub-1/results/+", "vitalgate/v1/hub-1/results/a//b",
          "vitalgate/v1/hub-1/resultsx", "#"}) {
        CAPTURE(topic);
        const auto suffix = all.resultSuffix(topic);
        REQUIRE_FALSE(suffix.has_value());
        CHECK(suffix.error().kind == ErrorKind::refused);
    }
    CHECK_FALSE(
        all.resultSuffix("vitalgate/v1/hub-1/results/" + std::string(300, 'a')).has_value());
}

TEST_CASE("the part below the root is found for this hub only") {
    const auto all = topics();
    CHECK(*all.below("vitalgate/v1/hub-1/devices/cuff") == "devices/cuff");
    CHECK_FALSE(all.below("vitalgate/v1/hub-10/status").has_value());
    CHECK_FALSE(all.below("vitalgate/v1/hub-1").has_value());
}

}  // namespace vitalgate::uplink
