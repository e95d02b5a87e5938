#pragma once

#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "tests/uplink/hub_fixture.hpp"

namespace vitalgate::uplink {

using std::chrono::minutes;
using std::chrono::seconds;
using store::Range;
using store::RangeSet;

inline const std::string kRoot = "vitalgate/v1/hub-1/";

inline std::vector<std::uint64_t> upTo(std::uint64_t last, std::uint64_t first = 1) {
    std::vector<std::uint64_t> list(last - first + 1);
    std::iota(list.begin(), list.end(), first);
    return list;
}

inline UplinkOptions byReceipt() {
    auto options = careOptions();
    options.receiptLimit = minutes{15};
    return options;
}

inline v1::Receipt receipt(std::uint64_t storedUpTo, std::initializer_list<Range> stored = {},
                           std::initializer_list<Range> missing = {}) {
    v1::Receipt made;
    made.set_hub("hub-1");
    made.set_stream("aaaabbbbcccc2");
    made.set_up_to(storedUpTo);
    for (const auto& range : stored) {
        auto& entry = *made.add_stored();
        entry.set_first(range.first);
        entry.set_last(range.last);
    }
    for (const auto& range : missing) {
        auto& entry = *made.add_missing();
        entry.set_first(range.first);
        entry.set_last(range.last);
    }
    return made;
}

/// A hub and a service that writes receipts.
struct Desk : Hub {
    explicit Desk(UplinkOptions with = byReceipt()) : Hub(std::move(with)) { listen(); }

    void listen() {
        uplink->onEvent([this](v1::Event event) { events.push_back(std::move(event)); });
    }
    void restart() {
        uplink->stop(seconds{2}, [] {});
        clock.run();
        boot();
        listen();
        broker.published.clear();
        start();
    }
    void give(const std::string& payload, bool retained = false) {
        MqttMessage message;
        message.topic = kRoot + "receipts";
        message.payload = payload;
        message.retained = retained;
        broker.deliver(message);
        clock.run();
    }
    void give(const v1::Receipt& receipt) { give(receipt.SerializeAsString()); }
    /// As they are in the store.
    const store::DeliverySets& saved() {
        clock.advance(seconds{1});
        return store.sets("care");
    }
    [[nodiscard]] std::vector<v1::Batch> replayed() const {
        std::vector<v1::Batch> list;
        for (const auto& entry : broker.below("/batches")) {
            v1::Batch batch;
            batch.ParseFromString(entry.message.payload);
            if (batch.lane() == v1::LANE_REPLAY) list.push_back(std::move(batch));
        }
        return list;
    }

    std::vector<v1::Event> events;
};

inline UplinkOptions withWindow(std::size_t messages) {
    auto options = byReceipt();
    options.window = messages;
    return options;
}

inline std::vector<std::uint64_t> sequences(const v1::Batch& batch) {
    std::vector<std::uint64_t> list;
    for (const auto& record : batch.records()) list.push_back(record.sequence());
    return list;
}

}  // namespace vitalgate::uplink
